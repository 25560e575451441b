package session

import (
	"context"

	"github.com/signet-auth/signet/app/access"
	"github.com/signet-auth/signet/app/base"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

// EndOneInput names one of the caller's sessions; it may be the one that asks.
type EndOneInput struct {
	Actor domain.Actor
	From  domain.Origin
	ID    string
}

// EndOne ends one of the caller's sessions. It returns domain.ErrNotFound for a session that is unknown, has ended or belongs to another
// user. The owner is looked up and never taken from the request (Mattermost CVE-2017-18878).
func (s *Service) EndOne(ctx context.Context, in EndOneInput) error {
	if err := access.RequirePlatformUser(in.Actor); err != nil {
		return err
	}
	id, ok := domain.ParseID[domain.SessionID](in.ID)
	if !ok {
		return domain.ErrNotFound
	}
	now := s.System.Now()
	// The session ends even if the client closes the connection at once.
	return s.Store.WithinTx(context.WithoutCancel(ctx), func(ctx context.Context, tx *store.Tx) error {
		session, err := tx.Sessions.ByID(ctx, id)
		if err != nil {
			return err
		}
		if session.UserID.Principal() != in.Actor.ID || !session.IsLive(s.policy, now) {
			return domain.ErrNotFound
		}
		ended, err := s.EndSessions(ctx, tx, endedByUser(in.Actor, in.From), now, id)
		if err == nil && len(ended) == 0 { // another request was faster
			err = domain.ErrNotFound
		}
		return err
	})
}

// EndOthersInput is the caller; the session of their token is the one that stays.
type EndOthersInput struct {
	Actor domain.Actor
	From  domain.Origin
}

// EndOthers ends all of the caller's sessions except the one that asks, and returns how many live ones it ended. It locks the principal, as
// logins do: if sessions end each other at the same moment, the first stays, and the others then get domain.ErrTokenInvalid and end
// nothing.
func (s *Service) EndOthers(ctx context.Context, in EndOthersInput) (revoked int, err error) {
	if err := access.RequirePlatformUser(in.Actor); err != nil {
		return 0, err
	}
	user, now := domain.UserID(in.Actor.ID), s.System.Now()
	err = s.Store.WithinTx(context.WithoutCancel(ctx), func(ctx context.Context, tx *store.Tx) error {
		if _, err := tx.Principals.Lock(ctx, in.Actor.ID); err != nil {
			return tokenInvalidWhenGone(err)
		}
		own, err := tx.Sessions.ByID(ctx, in.Actor.SessionID)
		if err != nil || !own.EndedAt.IsZero() {
			return tokenInvalidWhenGone(err)
		}
		live, err := tx.Sessions.LiveIDs(ctx, user, s.policy, now)
		if err != nil {
			return err
		}
		others := make([]domain.SessionID, 0, len(live))
		for _, id := range live {
			if id != own.ID {
				others = append(others, id)
			}
		}
		ended, err := s.EndSessions(ctx, tx, endedByUser(in.Actor, in.From), now, others...)
		revoked = len(ended)
		return err
	})
	return revoked, err
}

func endedByUser(actor domain.Actor, from domain.Origin) base.Ending {
	return base.Ending{By: actor, From: from, Reason: domain.EndedByUser}
}
