package apptoken

import (
	"cmp"
	"context"
	"errors"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

// CreateInput is a new token of a service.
type CreateInput struct {
	Actor   domain.Actor
	From    domain.Origin
	Service string // id or key
	Name    string
	End     End
	Scopes  Scoping
	ID      domain.AppTokenID // the id to keep in an import; empty: a new one
}

// Create makes a token; its text is in the output and nowhere else.
//
// domain.ErrTargetOutranks when the actor lacks a platform permission that the service's account has, domain.ErrForbidden for an end or
// scopes beyond the actor's own, domain.ErrLimitReached for one too many, domain.ErrPlatformService.
func (s *Service) Create(ctx context.Context, in CreateInput) (Shown, error) {
	if err := s.directory.RequireEver(ctx, in.Actor, domain.WriteTokens); err != nil {
		return Shown{}, err
	}
	now := s.System.Now()
	secret, text, err := domain.NewAppTokenSecret(domain.AppTokenSecretID(s.System.NewID()), s.System.Entropy, now)
	if err != nil {
		return Shown{}, err
	}
	scopes, scopesErr := in.Scopes.scopes()
	end, given, endErr := in.End.at(now)
	token, err := domain.NewAppToken(cmp.Or(in.ID, domain.AppTokenID(s.System.NewID())), "", domain.Line(in.Name), scopes, in.Actor.ID, end, secret, now)
	if err := domain.MergeFields(err, scopesErr, endErr); err != nil {
		return Shown{}, err
	}
	service, err := s.loadService(ctx, in.Actor, domain.WriteTokens, in.Service)
	if errors.Is(err, domain.ErrNotFound) {
		err = errNoService.In("service_id", errNoService.Code, errNoService.Text)
	}
	if err != nil {
		return Shown{}, err
	}
	if service.IsPlatform() {
		return Shown{}, domain.ErrPlatformService.Saying("The platform itself has no application tokens")
	}
	token.ServiceID = service.ID
	unheld, err := s.find(ctx, in.Scopes, service.ID.Principal())
	if err != nil {
		return Shown{}, err
	}
	var isCapped bool
	err = s.Store.WithinTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		c, err := s.begin(ctx, tx, in.Actor, in.From, domain.WriteTokens, service.ID, now)
		if err != nil {
			return err
		}
		until, err := c.checkRank(ctx)
		if err != nil {
			return err
		}
		if err := c.checkScopes(scopes); err != nil {
			return err
		}
		n, err := tx.AppTokens.CountLive(ctx, service.ID, now)
		if err != nil {
			return err
		}
		if n >= maxLive {
			return ErrLimitReached
		}
		if token.ExpiresAt, isCapped, err = capped(end, given, until); err != nil {
			return err
		}
		if err := tx.AppTokens.Insert(ctx, token); err != nil {
			return err
		}
		tx.Changed(domain.ChangeAppToken, string(token.ID), domain.TokensUnaffected)
		return s.Audit.Record(ctx, tx, now, c.event(domain.EventAppTokenCreated, token))
	})
	if err != nil {
		refused := domain.NewEvent(domain.EventAppTokenCreated, in.Actor, in.From, "app_token", "").In(service.ID)
		return Shown{}, s.NoteRefusal(err, refused)
	}
	out := s.shown(domain.ListedAppToken{AppToken: token, Creator: domain.Principal{ID: in.Actor.ID, State: domain.Active}}, service)
	out.Text, out.Unheld, out.Capped = text, unheld, isCapped
	return out, nil
}
