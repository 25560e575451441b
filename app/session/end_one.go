package session

import (
	"context"

	"github.com/signet-auth/signet/app/access"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
	"github.com/signet-auth/signet/ports/sys"
)

// EndOneInput names one of the caller's sessions; it may be the one that asks.
type EndOneInput struct {
	Actor domain.Actor
	From  domain.Origin
	ID    string
}

// EndOne ends a session of the caller's.
type EndOne struct {
	Store  store.Store
	System sys.System
	Ender  Ender
	Policy domain.SessionPolicy
}

// Handle is domain.ErrNotFound for a session that is unknown, another user's (whose owner is looked up, never believed:
// Mattermost CVE-2017-18878) or over: what is on the list can be ended, once.
func (u *EndOne) Handle(ctx context.Context, in EndOneInput) error {
	if err := access.RequirePlatformUser(in.Actor); err != nil {
		return err
	}
	id, ok := domain.ParseID[domain.SessionID](in.ID)
	if !ok {
		return domain.ErrNotFound
	}
	now := u.System.Now()
	// Whoever closes the window at once has ended it all the same.
	return u.Store.WithinTx(context.WithoutCancel(ctx), func(ctx context.Context, tx *store.Tx) error {
		s, err := tx.Sessions.ByID(ctx, id)
		if err != nil {
			return err
		}
		if s.UserID.Principal() != in.Actor.ID || !s.IsLive(u.Policy, now) {
			return domain.ErrNotFound
		}
		ended, err := u.Ender.End(ctx, tx, in.Actor, in.From, domain.EndedByUser, id)
		if err == nil && len(ended) == 0 { // another request was faster
			err = domain.ErrNotFound
		}
		return err
	})
}
