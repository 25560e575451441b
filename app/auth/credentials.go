package auth

import (
	"context"
	"errors"
	"time"

	"github.com/signet-auth/signet/app/audit"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/secure"
	"github.com/signet-auth/signet/ports/store"
	"github.com/signet-auth/signet/ports/sys"
)

// Credentials compares passwords with what is stored, at one cost for every address, and counts what was wrong. Every door
// that takes a password goes through it.
type Credentials struct {
	Store    store.Store
	System   sys.System
	Hasher   secure.PasswordHasher
	Guard    *Guard
	Password domain.PasswordPolicy
	Failures *audit.Failures
}

// candidate is the one hash that a login is compared with: the user's, else that of the newest pending registration, else
// the decoy.
type candidate struct {
	user    domain.User
	hash    string
	pending bool
	run     domain.Lockout
}

// check reads the account and compares, on one place of the hash queue. A database that is away is noticed before: its
// callers must not fill the queue while they wait for it.
func (u *Credentials) check(ctx context.Context, email domain.Email, password domain.Secret) (candidate, secure.Match, error) {
	if err := u.Store.Ping(ctx); err != nil {
		return candidate{}, secure.Match{}, err
	}
	place, err := u.Hasher.Reserve(ctx)
	if err != nil {
		return candidate{}, secure.Match{}, err
	}
	defer place.Release()
	who, err := u.find(ctx, email)
	if err != nil {
		return candidate{}, secure.Match{}, err
	}
	hash := who.hash
	if !u.Password.Possible(password) {
		hash = "" // the decoy: never a prefix of what was typed
	}
	match := place.Verify(hash, password)
	place.Release()
	if match.Settle != nil {
		match.Settle(ctx)
	}
	return who, match, nil
}

// find makes the same three queries for every address.
func (u *Credentials) find(ctx context.Context, email domain.Email) (candidate, error) {
	read := u.Store.Read()
	user, err := read.Users.ByEmail(ctx, email)
	known := err == nil
	if err != nil && !errors.Is(err, domain.ErrNotFound) {
		return candidate{}, err
	}
	live, err := read.Registrations.LiveByEmail(ctx, email, u.System.Now())
	if err != nil {
		return candidate{}, err
	}
	run, err := read.Lockouts.ByKey(ctx, u.Guard.RunKey(email))
	if err != nil {
		return candidate{}, err
	}
	if known {
		return candidate{user: user, hash: user.PasswordHash, run: run}, nil
	}
	newest, pending := domain.Newest(live)
	return candidate{hash: newest.PasswordHash, pending: pending, run: run}, nil
}

// refuse counts the failure. A failure that can't be counted is not answered as one: a guess that left no trace would be free.
func (u *Credentials) refuse(ctx context.Context, who candidate, email domain.Email, from domain.Origin, now time.Time) error {
	var locked bool
	err := u.Store.WithinTx(ctx, func(ctx context.Context, tx *store.Tx) (err error) {
		if locked, err = u.Guard.Failed(ctx, tx, email, now); err != nil || !locked {
			return err
		}
		event := u.event(domain.EventUserLocked, from, who.user.ID, now)
		event.Trace.Identifier = email.Canonical()
		return tx.Audit.Add(ctx, event)
	})
	if err != nil {
		return err
	}
	failure := u.event(domain.EventLoginFailed, from, who.user.ID, now)
	failure.Outcome = domain.Failed
	failure.Trace.Identifier = email.Canonical()
	u.Failures.Note(failure, from.Block())
	return domain.ErrInvalidCredentials
}

func (u *Credentials) event(kind domain.EventType, from domain.Origin, subject domain.UserID, now time.Time) domain.Event {
	return domain.NewEvent(domain.EventID(u.System.NewOrderedID()), now, kind, domain.Anonymous(), from, "user", string(subject))
}
