package apptoken

import (
	"context"

	"github.com/signet-auth/signet/app/base"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

// ListInput is a service, and which part of the list of its tokens to show.
type ListInput struct {
	base.Paging

	Actor   domain.Actor
	Service string // id or key
}

// ListOutput is tokens, newest first, and the cursor of what follows; empty when nothing does.
type ListOutput struct {
	Tokens []Shown
	Next   string
}

// List lists the tokens of a service, ended ones too for as long as they are kept.
func (s *Service) List(ctx context.Context, in ListInput) (ListOutput, error) {
	if err := s.directory.RequireEver(ctx, in.Actor, domain.ReadTokens); err != nil {
		return ListOutput{}, err
	}
	service, err := s.loadService(ctx, in.Actor, domain.ReadTokens, in.Service)
	if err != nil {
		return ListOutput{}, err
	}
	place := func(t domain.ListedAppToken) domain.Cursor { return t.Place() }
	rows, next, err := base.Page(ctx, s.cursors, "tokens "+string(service.ID)+" "+string(in.Actor.ID), in.Paging, place,
		func(ctx context.Context, p store.Page) ([]domain.ListedAppToken, error) {
			return s.Store.Read().AppTokens.List(ctx, service.ID, p)
		})
	out := ListOutput{Tokens: make([]Shown, len(rows)), Next: next}
	for i, t := range rows {
		out.Tokens[i] = s.shown(t, service)
	}
	return out, err
}

// Get shows one token.
func (s *Service) Get(ctx context.Context, t Target) (Shown, error) {
	if err := s.directory.RequireEver(ctx, t.Actor, domain.ReadTokens); err != nil {
		return Shown{}, err
	}
	token, service, err := s.load(ctx, t.Actor, domain.ReadTokens, t.ID)
	return s.shown(token, service), err
}

// shown is a token as clients see it now.
func (s *Service) shown(t domain.ListedAppToken, service domain.Service) Shown {
	now := s.System.Now()
	t.Creator = t.Creator.AsOf(now)
	return Shown{ListedAppToken: t, LiveSecrets: t.LiveSecrets(now), Active: service.IsActive() && t.IsLive(now)}
}
