package password

import (
	"context"
	"errors"
	"time"

	"github.com/signet-auth/signet/app/outbox"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/mailer"
	"github.com/signet-auth/signet/ports/store"
	"github.com/signet-auth/signet/ports/sys"
)

// Recovery sends the mails by which a forgotten password is replaced. Requests only leave a message that looks the same for
// known and unknown addresses; here, behind the outbox, the account is looked up, and the secret and its mail are made in one
// transaction.
type Recovery struct {
	System  sys.System
	Postbox outbox.Postbox
	// Link makes the URL that a mail carries.
	Link func(token domain.Secret) string
	TTL  time.Duration
}

// Asked answers a request: with a mail to the owner of the account, or of the registrations that wait under the address. Nobody
// else gets one.
func (r *Recovery) Asked(ctx context.Context, tx *store.Tx, m domain.Message) error {
	var asked forgotAsked
	if err := r.Postbox.Open(m, &asked); err != nil {
		return err
	}
	email := domain.RestoreEmail(asked.Mailbox, asked.Address)
	if err := tx.Registrations.LockAddress(ctx, email); err != nil {
		return err
	}
	user, err := tx.Users.ByEmail(ctx, email)
	if err == nil {
		return r.forUser(ctx, tx, user, asked)
	}
	if !errors.Is(err, domain.ErrNotFound) {
		return err
	}
	return r.forRegistration(ctx, tx, email, asked)
}

// forUser locks the principal, as whoever changes a password does: a link is either voided by the change or made after it.
func (r *Recovery) forUser(ctx context.Context, tx *store.Tx, user domain.User, asked forgotAsked) error {
	now := r.System.Now()
	principal, err := tx.Principals.Lock(ctx, user.ID.Principal())
	if errors.Is(err, domain.ErrNotFound) || err == nil && !principal.IsActive(now) {
		return nil
	}
	if err != nil {
		return err
	}
	name := domain.PersonName{First: user.FirstName, Last: user.LastName, Locale: user.Locale}
	if err := r.send(ctx, tx, domain.PurposeResetPassword, string(user.ID), user.Email, name, asked, now); err != nil {
		return err
	}
	return r.audit(ctx, tx, "user", string(user.ID), asked.From, now)
}

// forRegistration gives a way in to whoever forgot the password before the mailbox was proved. The link does not name one of
// the registrations: by the time it is used, others may have come.
func (r *Recovery) forRegistration(ctx context.Context, tx *store.Tx, email domain.Email, asked forgotAsked) error {
	now := r.System.Now()
	live, err := tx.Registrations.LiveByEmail(ctx, email, now)
	if err != nil {
		return err
	}
	newest, ok := domain.Newest(live)
	if !ok {
		return nil
	}
	if until := now.Add(r.TTL); newest.ExpiresAt.Before(until) { // or the link would lead nowhere in its last minutes
		if err := tx.Registrations.Extend(ctx, newest.ID, until); err != nil {
			return err
		}
	}
	if err := r.send(ctx, tx, domain.PurposeResetRegistration, email.Canonical(), newest.Email, newest.Name, asked, now); err != nil {
		return err
	}
	return r.audit(ctx, tx, "registration", string(newest.ID), asked.From, now)
}

// send makes the secret, which voids older ones, and its mail.
func (r *Recovery) send(ctx context.Context, tx *store.Tx, purpose domain.Purpose, subject string, to domain.Email, name domain.PersonName, asked forgotAsked, now time.Time) error {
	flow, secret, err := domain.NewFlow(domain.FlowID(r.System.NewOrderedID()), purpose, subject, to, nil, r.System.Entropy, now, r.TTL, domain.CodePolicy{})
	if err != nil {
		return err
	}
	if err := tx.Flows.Supersede(ctx, purpose, subject, now); err != nil {
		return err
	}
	if err := tx.Flows.Insert(ctx, flow); err != nil {
		return err
	}
	letter := outbox.Letter{Kind: mailer.Reset, Locale: name.Locale, Data: mailer.Data{
		Name: name.First, Link: r.Link(secret.Link), AskedAt: asked.AskedAt, LinkTTL: r.TTL,
	}}.AskedBy(outbox.By(asked.From))
	return r.Postbox.Mail(ctx, tx, letter.To(to), flow.ExpiresAt)
}

func (r *Recovery) audit(ctx context.Context, tx *store.Tx, kind, subject string, from domain.Origin, now time.Time) error {
	return tx.Audit.Add(ctx, domain.NewEvent(domain.EventID(r.System.NewOrderedID()), now, domain.EventResetRequested, domain.Anonymous(), from, kind, subject))
}
