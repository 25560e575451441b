package profile

import (
	"context"
	"errors"
	"time"

	"github.com/signet-auth/signet/app/auth"
	"github.com/signet-auth/signet/app/outbox"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/mailer"
	"github.com/signet-auth/signet/ports/store"
	"github.com/signet-auth/signet/ports/sys"
)

// ConfirmEmailInput is the secret of the link that went to the new address.
type ConfirmEmailInput struct {
	From  domain.Origin
	Token domain.Secret
}

// ConfirmEmail makes the new address that of the account, for whoever reads its mail.
//
// Sessions go on: an address lets nobody in, and whoever asked knew the password. To end them would throw the owner out of every
// device when a thief of the password confirms, and would not stop the thief (ASVS 7.4.3 is about authenticators).
type ConfirmEmail struct {
	Store       store.Store
	System      sys.System
	Guard       *auth.Guard
	EmailChange *EmailChange
	// NoticeTTL is how long the word to both addresses is worth sending.
	NoticeTTL time.Duration
}

// Handle uses the secret up. Of any number of parallel uses, and of several accounts that want one address, one succeeds; all
// others, and a secret that is no good for whatever reason, get one answer.
func (u *ConfirmEmail) Handle(ctx context.Context, in ConfirmEmailInput) error {
	budget, err := u.Guard.AttemptToken(ctx, in.From)
	if err != nil {
		return err
	}
	now := u.System.Now()
	flow, err := u.find(ctx, in.Token, now)
	if errors.Is(err, domain.ErrInvalidToken) {
		return err // a guess: its budget is spent
	}
	budget.Return()
	if err != nil {
		return err
	}
	to, epoch, err := u.EmailChange.open(flow)
	if err != nil {
		return domain.ErrInvalidToken.Because(err) // sealed under a SECRET_KEY that is gone
	}
	taken := false
	err = u.Store.WithinTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		if taken, err = u.claim(ctx, tx, flow, to); err != nil {
			return err
		}
		principal, err := tx.Principals.Lock(ctx, domain.PrincipalID(flow.Subject))
		if err != nil {
			return gone(err)
		}
		if !principal.IsActive(now) || principal.CredentialEpoch != epoch {
			return domain.ErrInvalidToken
		}
		consumed, err := tx.Flows.Consume(ctx, flow.ID, now)
		if err == nil && !consumed {
			err = domain.ErrInvalidToken
		}
		if err != nil || taken { // a value, not an error: that the secret is used up must be committed
			return err
		}
		return u.change(ctx, tx, principal, to, in.From, now)
	})
	if err == nil && taken {
		err = domain.ErrInvalidToken
	}
	return err
}

func (u *ConfirmEmail) find(ctx context.Context, token domain.Secret, now time.Time) (domain.Flow, error) {
	hash, ok := domain.HashOneTimeSecret(token)
	if !ok {
		return domain.Flow{}, domain.ErrInvalidToken
	}
	flow, err := u.Store.Read().Flows.BySecret(ctx, hash)
	if errors.Is(err, domain.ErrNotFound) || err == nil && (!flow.IsLive(now) || flow.Purpose != domain.PurposeChangeEmail) {
		return domain.Flow{}, domain.ErrInvalidToken
	}
	return flow, err
}

// claim holds the address, first of all locks as everywhere, and tells whether another account has it.
func (u *ConfirmEmail) claim(ctx context.Context, tx *store.Tx, flow domain.Flow, to domain.Email) (taken bool, err error) {
	if err := tx.Registrations.LockAddress(ctx, to); err != nil {
		return false, err
	}
	owner, err := tx.Users.ByEmail(ctx, to)
	if errors.Is(err, domain.ErrNotFound) {
		return false, nil
	}
	return err == nil && string(owner.ID) != flow.Subject, err
}

// change writes the address. An address is half of what lets people in: work that began with the old one finds the epoch risen,
// and links that went to the old mailbox open nothing any more.
func (u *ConfirmEmail) change(ctx context.Context, tx *store.Tx, principal domain.Principal, to domain.Email, from domain.Origin, now time.Time) error {
	user, err := tx.Users.ByID(ctx, domain.UserID(principal.ID))
	if err != nil {
		return gone(err)
	}
	old := user.Email
	user.ChangeEmail(to, now)
	if err := tx.Users.Update(ctx, user); errors.Is(err, domain.ErrEmailTaken) { // by a registration that locks no address
		return domain.ErrInvalidToken
	} else if err != nil {
		return err
	}
	principal.ReplaceCredentials(now)
	if err := tx.Principals.Update(ctx, principal); err != nil {
		return err
	}
	if err := u.void(ctx, tx, user, old, now); err != nil {
		return err
	}
	tx.Changed(domain.ChangePrincipal, string(user.ID))
	event := domain.NewEvent(domain.EventID(u.System.NewOrderedID()), now, domain.EventUserEmailChanged, domain.Anonymous(), from, "user", string(user.ID))
	event.Trace.Identifier = old.Canonical()
	if err := tx.Audit.Add(ctx, event); err != nil {
		return err
	}
	return u.tell(ctx, tx, user, old, from, now)
}

// void ends what hung on either address: links, accounts in waiting, and the runs of failed logins. The run of the old address
// is its next owner's otherwise, and with that of the new one a stranger could have locked the account before it moved in; to
// lift a lock this way takes the password and a mailbox.
func (u *ConfirmEmail) void(ctx context.Context, tx *store.Tx, user domain.User, old domain.Email, now time.Time) error {
	for purpose, subject := range map[domain.Purpose]string{
		domain.PurposeResetPassword: string(user.ID), domain.PurposeVerifyUser: string(user.ID), domain.PurposeChangeEmail: string(user.ID),
		domain.PurposeResetRegistration: user.Email.Canonical(),
	} {
		if err := tx.Flows.Supersede(ctx, purpose, subject, now); err != nil {
			return err
		}
	}
	if err := tx.Registrations.DeleteByEmail(ctx, user.Email); err != nil {
		return err
	}
	if err := tx.Lockouts.Clear(ctx, u.Guard.RunKey(old)); err != nil {
		return err
	}
	return tx.Lockouts.Clear(ctx, u.Guard.RunKey(user.Email))
}

// tell promises a word to both mailboxes, or to the one that both are.
func (u *ConfirmEmail) tell(ctx context.Context, tx *store.Tx, user domain.User, old domain.Email, from domain.Origin, now time.Time) error {
	data := mailer.Data{AskedAt: now, NewAddress: user.Email.String()}
	for _, to := range []domain.Email{old, user.Email} {
		if to == user.Email && old.Canonical() == to.Canonical() {
			continue
		}
		if err := u.EmailChange.mail(ctx, tx, mailer.EmailChanged, user, to, data, outbox.By(from), now.Add(u.NoticeTTL)); err != nil {
			return err
		}
	}
	return nil
}

func gone(err error) error {
	if errors.Is(err, domain.ErrNotFound) {
		return domain.ErrInvalidToken
	}
	return err
}
