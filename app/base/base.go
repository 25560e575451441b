// Package base is what every feature gets: the store, the system, the log, the audit log and the mail queue. It also has a few steps about
// accounts that features share. It imports no feature.
package base

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/signet-auth/signet/app/audit"
	"github.com/signet-auth/signet/app/outbox"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
	"github.com/signet-auth/signet/ports/sys"
)

// Base is made once, by app.New.
type Base struct {
	Store  store.Store
	System sys.System
	Log    *slog.Logger
	Audit  *audit.Recorder
	Mail   *outbox.MailQueue
}

// NewAccount is how an account comes about.
type NewAccount struct {
	By       domain.Actor
	From     domain.Origin
	Provider string          // that proved the address, for the audit log; empty: none
	Roles    []domain.RoleID // in addition to those that every user gets
}

// InsertUser writes a user with the roles that every user gets, and further ones.
func (b *Base) InsertUser(ctx context.Context, tx *store.Tx, user domain.User, n NewAccount, now time.Time) error {
	if err := tx.Users.Insert(ctx, user); err != nil {
		return err
	}
	roles, err := tx.Roles.Defaults(ctx, domain.PlatformID)
	if err != nil {
		return err
	}
	for _, role := range append(roles, n.Roles...) {
		a := domain.Assignment{ID: domain.AssignmentID(b.System.NewOrderedID()), PrincipalID: user.ID.Principal(), RoleID: role, ServiceID: domain.PlatformID, CreatedAt: now}
		if _, err := tx.Assignments.Assign(ctx, a); err != nil {
			return err
		}
	}
	tx.Changed(domain.ChangePrincipal, string(user.ID), domain.TokensUnaffected)
	event := domain.UserEvent(domain.EventUserRegistered, n.By, n.From, user.ID)
	if n.Provider != "" {
		event = event.With("provider", n.Provider)
	}
	return b.Audit.Record(ctx, tx, now, event)
}

// LockActive locks the principal of a token that was accepted before the transaction. domain.ErrTokenInvalid when it was disabled or
// deleted meanwhile.
func LockActive(ctx context.Context, tx *store.Tx, id domain.PrincipalID, now time.Time) (domain.Principal, error) {
	p, err := tx.Principals.Lock(ctx, id)
	if errors.Is(err, domain.ErrNotFound) || err == nil && !p.IsActive(now) {
		return domain.Principal{}, domain.ErrTokenInvalid
	}
	return p, err
}

// LockActor is LockActive for a change that outlives the session that makes it, such as another way to log in. It also returns
// domain.ErrTokenInvalid when the session ended after its token was accepted: a new password or a takeover must leave nothing of an ended
// session behind.
func LockActor(ctx context.Context, tx *store.Tx, actor domain.Actor, now time.Time) (domain.Principal, error) {
	p, err := LockActive(ctx, tx, actor.ID, now)
	if err != nil {
		return domain.Principal{}, err
	}
	session, err := tx.Sessions.ByID(ctx, actor.SessionID)
	if errors.Is(err, domain.ErrNotFound) || err == nil && !session.EndedAt.IsZero() {
		return domain.Principal{}, domain.ErrTokenInvalid
	}
	return p, err
}

// LockUnchanged is LockActive for a decision about a principal's credentials that was made before the transaction, such as during a hash of
// 300 ms. It returns domain.ErrInvalidCredentials when they were replaced meanwhile.
func LockUnchanged(ctx context.Context, tx *store.Tx, judged domain.Principal, now time.Time) (domain.Principal, error) {
	p, err := LockActive(ctx, tx, judged.ID, now)
	if err == nil && p.CredentialEpoch != judged.CredentialEpoch {
		return domain.Principal{}, domain.ErrInvalidCredentials
	}
	return p, err
}
