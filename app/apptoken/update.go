package apptoken

import (
	"context"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

// UpdateInput is what to change of a token. Missing members stay.
type UpdateInput struct {
	Target

	Name   *string
	Scopes Scoping
	End    End
}

// Update changes a token; its secrets stay, so that scopes can be corrected without a new deployment. The rules for creating a token apply.
// It returns domain.ErrTokenEnded for an ended token, which can't be revived.
func (s *Service) Update(ctx context.Context, in UpdateInput) (Shown, error) {
	if err := s.directory.RequireEver(ctx, in.Actor, domain.WriteTokens); err != nil {
		return Shown{}, err
	}
	now := s.System.Now()
	scopes, err := in.Scopes.scopes()
	end, given, endErr := in.End.at(now)
	var named domain.AppToken
	if in.Name != nil {
		endErr = domain.MergeFields(named.Rename(domain.Line(*in.Name)), endErr)
	}
	if err := domain.MergeFields(err, endErr); err != nil {
		return Shown{}, err
	}
	token, service, err := s.load(ctx, in.Actor, domain.WriteTokens, in.ID)
	if err != nil {
		return Shown{}, err
	}
	unheld, err := s.find(ctx, in.Scopes, service.ID.Principal())
	if err != nil {
		return Shown{}, err
	}
	out := Shown{}
	err = s.Store.WithinTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		c, err := s.begin(ctx, tx, in.Actor, in.From, domain.WriteTokens, service.ID, now)
		if err != nil {
			return err
		}
		until, err := c.checkRank(ctx)
		if err != nil {
			return err
		}
		was, err := c.token(ctx, token.ID)
		if err != nil {
			return err
		}
		if !was.IsLive(now) {
			return domain.ErrTokenEnded
		}
		t := was
		if in.Name != nil {
			t.Name = named.Name
		}
		if in.Scopes.Given {
			t.Scopes = scopes
		}
		if err := c.checkScopes(t.Scopes); err != nil {
			return err
		}
		if given {
			t.ExpiresAt = end
		}
		var isCapped bool
		if given || !t.Scopes.Within(was.Scopes) { // a change that adds no rights needs no limit
			if t.ExpiresAt, isCapped, err = capped(t.ExpiresAt, given, until); err != nil {
				return err
			}
		}
		token.AppToken = t
		out = s.shown(token, service)
		out.Unheld, out.Capped = unheld, isCapped
		if err := c.write(ctx, t, domain.TokensStale); err != nil {
			return err
		}
		return s.Audit.Record(ctx, tx, now, c.event(domain.EventAppTokenUpdated, t))
	})
	if err != nil {
		return Shown{}, s.NoteRefusal(err, token.Event(domain.EventAppTokenUpdated, in.Actor, in.From))
	}
	return out, nil
}
