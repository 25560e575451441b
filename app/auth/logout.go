package auth

import (
	"context"
	"errors"

	"github.com/signet-auth/signet/app/access"
	"github.com/signet-auth/signet/app/session"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
	"github.com/signet-auth/signet/ports/sys"
)

// LogoutInput is whatever the caller still has: an access token, a refresh token, or both.
type LogoutInput struct {
	From         domain.Origin
	AccessToken  domain.Secret
	RefreshToken domain.Secret
}

// Logout ends the session of a genuine token, also of one whose time or session is over: who wants out is let out.
type Logout struct {
	Store         store.Store
	System        sys.System
	Authenticator *access.Authenticator
	Ender         session.Ender
	Keys          domain.RefreshKeys
}

// Handle is domain.ErrTokenMissing when nothing was sent, and domain.ErrTokenInvalid when nothing genuine was.
func (u *Logout) Handle(ctx context.Context, in LogoutInput) error {
	if in.AccessToken.IsZero() && in.RefreshToken.IsZero() {
		return domain.ErrTokenMissing
	}
	who, id, err := u.session(ctx, in)
	if err != nil || id == "" {
		return err
	}
	// Who closes the connection as they leave is logged out all the same.
	return u.Store.WithinTx(context.WithoutCancel(ctx), func(ctx context.Context, tx *store.Tx) error {
		_, err := u.Ender.End(ctx, tx, who, in.From, domain.EndedByLogout, id)
		return err
	})
}

// session finds which session a genuine token belongs to.
func (u *Logout) session(ctx context.Context, in LogoutInput) (domain.Actor, domain.SessionID, error) {
	var refused error
	if !in.AccessToken.IsZero() {
		claims, err := u.Authenticator.Genuine(ctx, in.AccessToken)
		if err == nil {
			return owner(claims.Subject, claims.SessionID), claims.SessionID, nil
		}
		if !errors.Is(err, domain.ErrTokenInvalid) {
			return domain.Actor{}, "", err
		}
		refused = err
	}
	if !in.RefreshToken.IsZero() {
		return u.bySecret(ctx, in.RefreshToken)
	}
	return domain.Actor{}, "", refused
}

func (u *Logout) bySecret(ctx context.Context, text domain.Secret) (domain.Actor, domain.SessionID, error) {
	forged := domain.ErrTokenInvalid.Because(domain.ErrForged)
	token, ok := domain.ParseRefreshToken(text)
	if !ok {
		return domain.Actor{}, "", forged
	}
	family, s, err := u.Store.Read().Sessions.Family(ctx, token.Family)
	if errors.Is(err, domain.ErrNotFound) {
		if token.Genuine(u.Keys) {
			return domain.Actor{}, "", nil // of a session so long over that its row is gone
		}
		return domain.Actor{}, "", forged
	}
	if err != nil {
		return domain.Actor{}, "", err
	}
	if !family.Knows(token, u.Keys) {
		return domain.Actor{}, "", forged
	}
	return owner(s.UserID.Principal(), s.ID), s.ID, nil
}

func owner(id domain.PrincipalID, s domain.SessionID) domain.Actor {
	return domain.Actor{Kind: domain.ActorUser, ID: id, SessionID: s}
}
