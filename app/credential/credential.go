// Package credential compares credentials with what is stored: passwords, at the same cost for every address.
package credential

import (
	"context"
	"time"

	"github.com/signet-auth/signet/app/base"
	"github.com/signet-auth/signet/app/guard"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/secure"
	"github.com/signet-auth/signet/ports/store"
)

// Passwords compares passwords, counts failures, and hashes new passwords. Everything that takes a password goes through it.
type Passwords struct {
	*base.Base

	guard  *guard.Guard
	hasher secure.PasswordHasher
	policy domain.PasswordPolicy
	rehash rehash

	unreadable unreadable
}

// New makes the comparison of passwords.
func New(b *base.Base, g *guard.Guard, hasher secure.PasswordHasher, policy domain.PasswordPolicy) *Passwords {
	return &Passwords{Base: b, guard: g, hasher: hasher, policy: policy}
}

// Policy says which new passwords are accepted.
func (p *Passwords) Policy() domain.PasswordPolicy { return p.policy }

// Compare reads the candidate for the address and compares the password, with one place of the hash queue. It checks first that the
// database is up, so that callers don't fill the queue while they wait for it.
func (p *Passwords) Compare(ctx context.Context, email domain.Email, password domain.Secret) (domain.Candidate, secure.Match, error) {
	if err := p.Store.Ping(ctx); err != nil {
		return domain.Candidate{}, secure.Match{}, err
	}
	place, err := p.hasher.Reserve(ctx)
	if err != nil {
		return domain.Candidate{}, secure.Match{}, err
	}
	defer place.Release()
	candidate, err := p.Store.Read().Users.Candidate(ctx, email, p.guard.RunKey(email), p.System.Now())
	if err != nil {
		return domain.Candidate{}, secure.Match{}, err
	}
	hash := candidate.PasswordHash()
	if !p.policy.Possible(password) {
		hash = "" // the decoy: never a prefix of what was typed
	}
	match := place.Verify(hash, password)
	place.Release()
	p.unreadable.note(ctx, p.Log, match.Unreadable, p.System.Now())
	if match.Settle != nil {
		match.Settle(ctx)
	}
	return candidate, match, nil
}

// Refuse counts a failure and returns its error, domain.ErrInvalidCredentials. If the failure can't be counted, it returns that error
// instead: a guess without a trace would be free.
func (p *Passwords) Refuse(ctx context.Context, c domain.Candidate, email domain.Email, from domain.Origin, now time.Time) error {
	event := func(kind domain.EventType) domain.Event {
		e := domain.UserEvent(kind, domain.Anonymous(), from, c.User.ID)
		e.Trace.Identifier = email.Canonical()
		return e
	}
	err := p.Store.WithinTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		locked, err := p.guard.Failed(ctx, tx, p.guard.RunKey(email), now)
		if err != nil || !locked {
			return err
		}
		return p.Audit.Record(ctx, tx, now, event(domain.EventUserLocked))
	})
	if err != nil {
		return err
	}
	failure := event(domain.EventLoginFailed)
	failure.Outcome = domain.Failed
	p.Audit.RecordFailure(failure, from.Block(), now)
	return domain.ErrInvalidCredentials
}

// Hash hashes a password that the policy has accepted.
func (p *Passwords) Hash(ctx context.Context, password domain.Secret) (string, error) {
	place, err := p.hasher.Reserve(ctx)
	if err != nil {
		return "", err
	}
	defer place.Release()
	return place.Hash(password)
}

// HashAfter hashes the password of a registration. It takes a place first, then lets the caller look at the account, then hashes, so that a
// full queue reveals nothing about accounts. Like Compare, it checks first that the database is up.
func (p *Passwords) HashAfter(ctx context.Context, password domain.Secret, look func(context.Context) error) (string, error) {
	if err := p.Store.Ping(ctx); err != nil {
		return "", err
	}
	place, err := p.hasher.Reserve(ctx)
	if err != nil {
		return "", err
	}
	defer place.Release()
	if err := look(ctx); err != nil {
		return "", err
	}
	return place.Hash(password)
}
