// Package base is what every feature gets: the record, the machine, the log, the audit log and the queue of mails, and the few
// steps that features share because each of them begins or ends with an account. It imports no feature.
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
	Roles    []domain.RoleID // beside those that every user gets
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

// LockActive holds the principal of a token that was accepted before the transaction. domain.ErrTokenInvalid when it was disabled
// or deleted meanwhile.
func LockActive(ctx context.Context, tx *store.Tx, id domain.PrincipalID, now time.Time) (domain.Principal, error) {
	p, err := tx.Principals.Lock(ctx, id)
	if errors.Is(err, domain.ErrNotFound) || err == nil && !p.IsActive(now) {
		return domain.Principal{}, domain.ErrTokenInvalid
	}
	return p, err
}

// LockActor is LockActive for what a session gives an account that would outlive the session, another way in say. domain.ErrTokenInvalid
// also when the session ended after its token was accepted: what ended it, a new password or a takeover, must leave nothing of it behind.
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

// LockUnchanged is LockActive for what was decided on a principal's credentials before the transaction, during a hash of 300 ms
// say. domain.ErrInvalidCredentials when they were replaced meanwhile.
func LockUnchanged(ctx context.Context, tx *store.Tx, judged domain.Principal, now time.Time) (domain.Principal, error) {
	p, err := LockActive(ctx, tx, judged.ID, now)
	if err == nil && p.CredentialEpoch != judged.CredentialEpoch {
		return domain.Principal{}, domain.ErrInvalidCredentials
	}
	return p, err
}
