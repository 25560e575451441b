package oauth

import (
	"context"
	"errors"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

// RevokeInput is a token that a client wants to be over.
type RevokeInput struct {
	Client Client
	Token  domain.Secret
}

// Revoke ends an application token of the client's own for good (RFC 7009), also the one that it authenticated with: to have it is
// enough to end it. domain.ErrUnsupportedToken for a live access token that was issued to the client. Of any other token it says nothing and does nothing.
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

// end revokes a token under the lock of its service's account, as every change of a token does. A client that hangs up has asked all the
// same.
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
			return nil // it is over
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
