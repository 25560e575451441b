package auth

import (
	"context"
	"errors"
	"time"

	"github.com/signet-auth/signet/app/outbox"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/mailer"
	"github.com/signet-auth/signet/ports/secure"
	"github.com/signet-auth/signet/ports/store"
	"github.com/signet-auth/signet/ports/sys"
)

// Verification sends the mails that prove a mailbox. Requests only leave a message that looks the same for known and unknown
// addresses; here, behind the outbox, the account is looked up, and the secret and its mail are made in one transaction.
type Verification struct {
	System  sys.System
	Sealer  secure.Sealer
	Postbox outbox.Postbox
	// Link makes the URL that a mail carries.
	Link            func(token domain.Secret) string
	TTL             time.Duration
	Code            domain.CodePolicy
	RegistrationTTL time.Duration
}

// registrationAsked is the payload of domain.TopicRegistration.
type registrationAsked struct {
	outbox.Asker

	ID domain.RegistrationID
}

// resendAsked is the payload of domain.TopicResend.
type resendAsked struct {
	outbox.Asker

	Mailbox, Address string
	AskedAt          time.Time
}

// Registered answers a registration: with the mail that proves the mailbox or, where the address has an account, with a word
// to its owner.
func (v *Verification) Registered(ctx context.Context, tx *store.Tx, m domain.Message) error {
	var asked registrationAsked
	if err := v.Postbox.Open(m, &asked); err != nil {
		return err
	}
	r, err := tx.Registrations.ByID(ctx, asked.ID)
	if errors.Is(err, domain.ErrNotFound) {
		return nil // dropped by newer ones, or the address was proved meanwhile
	}
	if err != nil {
		return err
	}
	if err := tx.Registrations.LockAddress(ctx, r.Email); err != nil {
		return err
	}
	owner, err := tx.Users.ByEmail(ctx, r.Email)
	switch {
	case err == nil:
		if err := v.alreadyRegistered(ctx, tx, owner, r.CreatedAt, asked.Asker); err != nil {
			return err
		}
		return tx.Registrations.Delete(ctx, r.ID)
	case errors.Is(err, domain.ErrNotFound):
		return v.send(ctx, tx, domain.PurposeVerifyRegistration, string(r.ID), r.Email, r.Name, r.CreatedAt, asked.Asker)
	}
	return err
}

// Resend answers a request for another mail: the newest registration's, or that of a user whose mailbox is not proved. Nobody
// else gets one: nobody who has left is to be reminded of it by whoever knows their address.
func (v *Verification) Resend(ctx context.Context, tx *store.Tx, m domain.Message) error {
	var asked resendAsked
	if err := v.Postbox.Open(m, &asked); err != nil {
		return err
	}
	email := domain.RestoreEmail(asked.Mailbox, asked.Address)
	if err := tx.Registrations.LockAddress(ctx, email); err != nil {
		return err
	}
	now := v.System.Now()
	user, err := tx.Users.ByEmail(ctx, email)
	if err == nil {
		if user.IsEmailVerified() || !user.IsActive(now) {
			return nil
		}
		name := domain.PersonName{First: user.FirstName, Last: user.LastName, Locale: user.Locale}
		return v.send(ctx, tx, domain.PurposeVerifyUser, string(user.ID), user.Email, name, asked.AskedAt, asked.Asker)
	}
	if !errors.Is(err, domain.ErrNotFound) {
		return err
	}
	live, err := tx.Registrations.LiveByEmail(ctx, email, now)
	if err != nil {
		return err
	}
	r, ok := domain.Newest(live)
	if !ok {
		return nil
	}
	if err := tx.Registrations.Extend(ctx, r.ID, now.Add(v.RegistrationTTL)); err != nil {
		return err
	}
	return v.send(ctx, tx, domain.PurposeVerifyRegistration, string(r.ID), r.Email, r.Name, asked.AskedAt, asked.Asker)
}

func (v *Verification) send(ctx context.Context, tx *store.Tx, purpose domain.Purpose, subject string, email domain.Email, name domain.PersonName, asked time.Time, by outbox.Asker) error {
	now := v.System.Now()
	flow, secret, err := domain.NewFlow(domain.FlowID(v.System.NewOrderedID()), purpose, subject, email,
		v.codeKeys()[0], v.System.Entropy, now, v.TTL, v.Code)
	if err != nil {
		return err
	}
	if err := tx.Flows.Supersede(ctx, purpose, subject, now); err != nil {
		return err
	}
	if err := tx.Flows.Insert(ctx, flow); err != nil {
		return err
	}
	letter := outbox.Letter{Kind: mailer.Verify, Locale: name.Locale, Data: mailer.Data{
		Name: name.First, Link: v.Link(secret.Link), Code: secret.Code.Reveal(), AskedAt: asked, LinkTTL: v.TTL, CodeTTL: v.Code.TTL,
	}}
	return v.Postbox.Mail(ctx, tx, letter.AskedBy(by).To(email), flow.ExpiresAt)
}

func (v *Verification) alreadyRegistered(ctx context.Context, tx *store.Tx, owner domain.User, asked time.Time, by outbox.Asker) error {
	letter := outbox.Letter{Kind: mailer.AlreadyRegistered, Locale: owner.Locale, Data: mailer.Data{Name: owner.FirstName, AskedAt: asked}}
	return v.Postbox.Mail(ctx, tx, letter.AskedBy(by).To(owner.Email), v.System.Now().Add(v.TTL))
}

// codeKeys bind codes to SECRET_KEY, the current one first.
func (v *Verification) codeKeys() [][]byte { return v.Sealer.Derive("codes") }
