package oauth

import (
	"context"
	"errors"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

// RevokeInput is a token that a client wants to end.
type RevokeInput struct {
	Client Client
	Token  domain.Secret
}

// Revoke ends one of the client's own application tokens for good (RFC 7009), even the one that it authenticated with: possession is enough
// to end it. It returns domain.ErrUnsupportedToken for a live access token that was issued to the client. For any other token it does nothing and
// returns no error.
func (s *Service) Revoke(ctx context.Context, in RevokeInput) error {
	client, err := s.require(ctx, in.Client)
	if err != nil {
		return err
	}
	if !domain.IsAppToken(in.Token) {
		_, claims, err := s.authenticator.AccessToken(ctx, in.Token)
		switch {
		case errors.Is(err, domain.ErrTokenInvalid):
			return nil
		case err == nil && claims.Subject == client.ID.Principal():
			return domain.ErrUnsupportedToken
		}
		return err
	}
	_, token, err := s.authenticator.AppToken(ctx, in.Token)
	if errors.Is(err, domain.ErrTokenInvalid) || err == nil && token.ServiceID != client.ID {
		return nil
	}
	if err != nil {
		return err
	}
	return s.end(ctx, in.Client, token)
}

// end revokes a token under the lock of its service's account, as every change of a token does. It completes even if the client hangs up.
func (s *Service) end(ctx context.Context, c Client, token domain.AppToken) error {
	now := s.System.Now()
	return s.Store.WithinTx(context.WithoutCancel(ctx), func(ctx context.Context, tx *store.Tx) error {
		if _, err := tx.Services.Lock(ctx, token.ServiceID, store.Shared); err != nil {
			return err
		}
		if _, err := tx.Principals.Lock(ctx, token.ServiceID.Principal()); err != nil {
			return err
		}
		t, err := tx.AppTokens.ByID(ctx, token.ID)
		if errors.Is(err, domain.ErrNotFound) || err == nil && !t.Revoke(now) {
			return nil // it has ended
		}
		if err != nil {
			return err
		}
		tx.Changed(domain.ChangeAppToken, string(t.ID), domain.TokensEnded)
		if err := tx.AppTokens.Update(ctx, t); err != nil {
			return err
		}
		return s.Audit.Record(ctx, tx, now, t.Event(domain.EventAppTokenRevoked, c.Actor, c.From))
	})
}
