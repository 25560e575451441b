package password

import (
	"context"
	"time"

	"github.com/signet-auth/signet/app/auth"
	"github.com/signet-auth/signet/app/outbox"
	"github.com/signet-auth/signet/app/session"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/mailer"
	"github.com/signet-auth/signet/ports/secure"
	"github.com/signet-auth/signet/ports/store"
	"github.com/signet-auth/signet/ports/sys"
)

// Replacement is what a new password brings with it, whoever set it.
type Replacement struct {
	Store    store.Store
	System   sys.System
	Hasher   secure.PasswordHasher
	Guard    *auth.Guard
	Password domain.PasswordPolicy
	Ender    session.Ender
	Postbox  outbox.Postbox
	// NoticeTTL is how long the word to the owner is worth sending.
	NoticeTTL time.Duration
}

// hash hashes a password that the policy has accepted.
func (r *Replacement) hash(ctx context.Context, password domain.Secret) (string, error) {
	place, err := r.Hasher.Reserve(ctx)
	if err != nil {
		return "", err
	}
	defer place.Release()
	return place.Hash(password)
}

// write gives a user another password under the lock of their principal. Work that began with the old one finds the epoch
// risen; links that were sent under it open nothing any more (ASVS 6.4.3); failures to guess it say nothing about the new one.
func (r *Replacement) write(ctx context.Context, tx *store.Tx, locked domain.Principal, user domain.User, hash string, now time.Time) error {
	locked.ReplaceCredentials(now)
	if err := tx.Principals.Update(ctx, locked); err != nil {
		return err
	}
	if err := tx.Users.SetPassword(ctx, user.ID, hash, now); err != nil {
		return err
	}
	for _, purpose := range []domain.Purpose{domain.PurposeResetPassword, domain.PurposeChangeEmail} {
		if err := tx.Flows.Supersede(ctx, purpose, string(user.ID), now); err != nil {
			return err
		}
	}
	tx.Changed(domain.ChangePrincipal, string(user.ID))
	return tx.Lockouts.Clear(ctx, r.Guard.RunKey(user.Email))
}

// tell promises the owner a word, so that a change that was not theirs does not stay unnoticed (ASVS 6.3.7).
func (r *Replacement) tell(ctx context.Context, tx *store.Tx, user domain.User, from domain.Origin, now time.Time) error {
	letter := outbox.Letter{Kind: mailer.PasswordChanged, Locale: user.Locale, Data: mailer.Data{
		Name: user.FirstName, AskedAt: now,
	}}.AskedBy(outbox.By(from))
	return r.Postbox.Mail(ctx, tx, letter.To(user.Email), now.Add(r.NoticeTTL))
}

func (r *Replacement) event(kind domain.EventType, by domain.Actor, from domain.Origin, user domain.UserID, now time.Time) domain.Event {
	return domain.NewEvent(domain.EventID(r.System.NewOrderedID()), now, kind, by, from, "user", string(user))
}
