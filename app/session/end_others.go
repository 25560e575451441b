package session

import (
	"context"
	"errors"

	"github.com/signet-auth/signet/app/access"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
	"github.com/signet-auth/signet/ports/sys"
)

// EndOthersInput is who asks; the session of their token is the one that stays.
type EndOthersInput struct {
	Actor domain.Actor
	From  domain.Origin
}

// EndOthers ends all sessions of the caller's but the one that asks.
type EndOthers struct {
	Store  store.Store
	System sys.System
	Ender  Ender
	Policy domain.SessionPolicy
}

// Handle says how many live sessions it ended. It takes the turn of the principal, as logins do: of sessions that end each other
// at the same moment the first stays, and the rest are domain.ErrTokenInvalid by then and end nothing.
func (u *EndOthers) Handle(ctx context.Context, in EndOthersInput) (revoked int, err error) {
	if err := access.RequirePlatformUser(in.Actor); err != nil {
		return 0, err
	}
	user, now := domain.UserID(in.Actor.ID), u.System.Now()
	err = u.Store.WithinTx(context.WithoutCancel(ctx), func(ctx context.Context, tx *store.Tx) error {
		if _, err := tx.Principals.Lock(ctx, in.Actor.ID); err != nil {
			return tokenInvalidWhenGone(err)
		}
		own, err := tx.Sessions.ByID(ctx, in.Actor.SessionID)
		if err != nil || !own.EndedAt.IsZero() {
			return tokenInvalidWhenGone(err)
		}
		live, err := tx.Sessions.LiveByUser(ctx, user, u.Policy, now)
		if err != nil {
			return err
		}
		others := make([]domain.SessionID, 0, len(live))
		for _, s := range live {
			if s.ID != own.ID {
				others = append(others, s.ID)
			}
		}
		ended, err := u.Ender.End(ctx, tx, in.Actor, in.From, domain.EndedByUser, others...)
		revoked = len(ended)
		return err
	})
	return revoked, err
}

// tokenInvalidWhenGone is the error of a token whose session or user ended since it was looked at.
func tokenInvalidWhenGone(err error) error {
	if err == nil || errors.Is(err, domain.ErrNotFound) {
		return domain.ErrTokenInvalid
	}
	return err
}
