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

// LogoutInput is whatever the caller still has: an access token, a refresh token, that of the browser's cookie, or several.
type LogoutInput struct {
	From         domain.Origin
	AccessToken  domain.Secret
	RefreshToken domain.Secret
	Cookie       domain.Secret
}

// Logout ends the session of a genuine token, also of one whose time or session is over: who wants out is let out.
type Logout struct {
	Store         store.Store
	System        sys.System
	Authenticator *access.Authenticator
	Ender         session.Ender
	Keys          domain.RefreshKeys
}

// departure is a session to end, and whose it is.
type departure struct {
	who domain.Actor
	id  domain.SessionID
}

// Handle is domain.ErrTokenMissing when nothing was sent, and domain.ErrTokenInvalid when nothing genuine was. Genuine
// tokens may be of several sessions, when a page kept the one and its browser the other: all end, or one would live on unseen.
func (u *Logout) Handle(ctx context.Context, in LogoutInput) error {
	refused := error(domain.ErrTokenMissing)
	genuine := false
	var over []departure
	for _, token := range []struct {
		text domain.Secret
		find func(context.Context, domain.Secret) (departure, error)
	}{{in.AccessToken, u.byAccess}, {in.RefreshToken, u.byRefresh}, {in.Cookie, u.byRefresh}} {
		if token.text.IsZero() {
			continue
		}
		d, err := token.find(ctx, token.text)
		switch {
		case errors.Is(err, domain.ErrTokenInvalid):
			refused = err
		case err != nil:
			return err
		default:
			genuine = true
			over = append(over, d)
		}
	}
	if !genuine {
		return refused
	}
	// Who closes the connection as they leave is logged out all the same.
	return u.Store.WithinTx(context.WithoutCancel(ctx), func(ctx context.Context, tx *store.Tx) error {
		for _, d := range over {
			if _, err := u.Ender.End(ctx, tx, d.who, in.From, domain.EndedByLogout, d.id); err != nil {
				return err
			}
		}
		return nil
	})
}

func (u *Logout) byAccess(ctx context.Context, token domain.Secret) (departure, error) {
	claims, err := u.Authenticator.Genuine(ctx, token)
	return departure{owner(claims.Subject, claims.SessionID), claims.SessionID}, err
}

func (u *Logout) byRefresh(ctx context.Context, text domain.Secret) (departure, error) {
	forged := domain.ErrTokenInvalid.Because(domain.ErrForged)
	token, ok := domain.ParseRefreshToken(text)
	if !ok {
		return departure{}, forged
	}
	family, s, err := u.Store.Read().Sessions.Family(ctx, token.Family)
	if errors.Is(err, domain.ErrNotFound) {
		if token.Genuine(u.Keys) {
			return departure{}, nil // of a session so long over that its row is gone
		}
		return departure{}, forged
	}
	if err != nil {
		return departure{}, err
	}
	if !family.Knows(token, u.Keys) {
		return departure{}, forged
	}
	if !family.EndedAt.IsZero() && s.EndedAt.IsZero() {
		return departure{}, domain.ErrTokenInvalid // of a line that another has replaced: it may be a thief's, and ends nothing
	}
	return departure{owner(s.UserID.Principal(), s.ID), s.ID}, nil
}

func owner(id domain.PrincipalID, s domain.SessionID) domain.Actor {
	return domain.Actor{Kind: domain.ActorUser, ID: id, SessionID: s}
}
