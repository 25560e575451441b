package apptoken

import (
	"context"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

// Revoke ends a token for good, and the access tokens that were issued for it: durably before it returns, and everywhere within a second. A
// token that has already ended is no error.
func (s *Service) Revoke(ctx context.Context, t Target) error {
	if err := s.directory.RequireEver(ctx, t.Actor, domain.WriteTokens); err != nil {
		return err
	}
	return s.end(ctx, t, domain.WriteTokens, func(ctx context.Context, c change, token domain.AppToken) error {
		return s.revoke(ctx, c, token)
	})
}

// Delete is Revoke, and the token is gone.
func (s *Service) Delete(ctx context.Context, t Target) error {
	if err := s.directory.RequireEver(ctx, t.Actor, domain.DeleteTokens); err != nil {
		return err
	}
	return s.end(ctx, t, domain.DeleteTokens, func(ctx context.Context, c change, token domain.AppToken) error {
		c.tx.Changed(domain.ChangeAppToken, string(token.ID), domain.TokensEnded)
		if err := c.tx.AppTokens.Delete(ctx, token.ID); err != nil {
			return err
		}
		return s.Audit.Record(ctx, c.tx, c.now, c.event(domain.EventAppTokenDeleted, token))
	})
}

func (s *Service) end(ctx context.Context, t Target, right domain.Right, end func(context.Context, change, domain.AppToken) error) error {
	token, service, err := s.load(ctx, t.Actor, right, t.ID)
	if err != nil {
		return err
	}
	now := s.System.Now()
	return s.Store.WithinTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		c, err := s.begin(ctx, tx, t.Actor, t.From, right, service.ID, now)
		if err != nil {
			return err
		}
		current, err := c.token(ctx, token.ID)
		if err != nil {
			return err
		}
		return end(ctx, c, current)
	})
}

func (s *Service) revoke(ctx context.Context, c change, token domain.AppToken) error {
	if !token.Revoke(c.now) {
		return nil
	}
	if err := c.write(ctx, token, domain.TokensEnded); err != nil {
		return err
	}
	return s.Audit.Record(ctx, c.tx, c.now, c.event(domain.EventAppTokenRevoked, token))
}
