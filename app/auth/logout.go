package auth

import (
	"context"
	"errors"

	"github.com/signet-auth/signet/app/access"
	"github.com/signet-auth/signet/app/base"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

// LogoutInput is what the caller still has: an access token, a refresh token, that of the browser's cookie, or several.
type LogoutInput struct {
	From         domain.Origin
	AccessToken  domain.Secret
	RefreshToken domain.Secret
	Cookie       domain.Secret
}

// ownSession is a session to end, and its owner.
type ownSession struct {
	owner domain.Actor
	id    domain.SessionID
}

// Logout ends the session of a genuine token, even if the token has expired or the session has ended: a logout is never refused for being
// late.
//
// domain.ErrTokenMissing when nothing was sent, and domain.ErrTokenInvalid when nothing genuine was. Genuine tokens may belong to several
// sessions, when a page kept one and its browser another: all of them end, otherwise one would live on unnoticed.
func (s *Service) Logout(ctx context.Context, in LogoutInput) error {
	refused := error(domain.ErrTokenMissing)
	genuine := false
	var over []ownSession
	for _, token := range []struct {
		text domain.Secret
		find func(context.Context, domain.Secret) (ownSession, error)
	}{{in.AccessToken, s.sessionOfAccess}, {in.RefreshToken, s.sessionOfRefresh}, {in.Cookie, s.sessionOfRefresh}} {
		if token.text.IsZero() {
			continue
		}
		session, err := token.find(ctx, token.text)
		switch {
		case errors.Is(err, domain.ErrTokenInvalid):
			refused = err
		case err != nil:
			return err
		default:
			genuine = true
			over = append(over, session)
		}
	}
	if !genuine {
		return refused
	}
	now := s.System.Now()
	// A client that closes the connection is logged out all the same.
	return s.Store.WithinTx(context.WithoutCancel(ctx), func(ctx context.Context, tx *store.Tx) error {
		for _, session := range over {
			ending := base.Ending{By: session.owner, From: in.From, Reason: domain.EndedByLogout}
			if _, err := s.EndSessions(ctx, tx, ending, now, session.id); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *Service) sessionOfAccess(ctx context.Context, token domain.Secret) (ownSession, error) {
	claims, err := s.authenticator.Genuine(ctx, token)
	if err == nil && claims.Kind != "" {
		err = access.ErrPersonOnly // a service has no session
	}
	return sessionOf(claims.Subject, claims.SessionID), err
}

func (s *Service) sessionOfRefresh(ctx context.Context, text domain.Secret) (ownSession, error) {
	forged := domain.ErrTokenInvalid.Because(domain.ErrForged)
	token, ok := domain.ParseRefreshToken(text)
	if !ok {
		return ownSession{}, forged
	}
	family, session, err := s.Store.Read().Sessions.Family(ctx, token.Family)
	if errors.Is(err, domain.ErrNotFound) {
		if token.Genuine(s.keys) {
			return ownSession{}, nil // its session ended so long ago that its row is gone
		}
		return ownSession{}, forged
	}
	if err != nil {
		return ownSession{}, err
	}
	if !family.Knows(token, s.keys) {
		return ownSession{}, forged
	}
	if !family.EndedAt.IsZero() && session.EndedAt.IsZero() {
		return ownSession{}, domain.ErrTokenInvalid // its family has been replaced: it may be a thief's token, so it ends nothing
	}
	return sessionOf(session.UserID.Principal(), session.ID), nil
}

func sessionOf(owner domain.PrincipalID, id domain.SessionID) ownSession {
	return ownSession{domain.Actor{Kind: domain.ActorUser, ID: owner, SessionID: id}, id}
}
