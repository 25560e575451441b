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

// EndOne ends a session of the caller's. domain.ErrNotFound for one that is unknown, another user's (its owner is looked up, never
// believed: Mattermost CVE-2017-18878) or over: what is on the list can be ended, once.
func (s *Service) EndOne(ctx context.Context, in EndOneInput) error {
	if err := access.RequirePlatformUser(in.Actor); err != nil {
		return err
	}
	id, ok := domain.ParseID[domain.SessionID](in.ID)
	if !ok {
		return domain.ErrNotFound
	}
	now := s.System.Now()
	// Somebody who closes the window at once has ended it all the same.
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

// EndOthers ends all sessions of the caller's but the one that asks, and says how many live ones it ended. It takes the turn of the
// principal, as logins do: of sessions that end each other at the same moment the first stays, and the rest are
// domain.ErrTokenInvalid by then and end nothing.
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
