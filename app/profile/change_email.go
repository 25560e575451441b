package profile

import (
	"context"
	"time"

	"github.com/signet-auth/signet/app/access"
	"github.com/signet-auth/signet/app/auth"
	"github.com/signet-auth/signet/app/outbox"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/mailer"
	"github.com/signet-auth/signet/ports/store"
	"github.com/signet-auth/signet/ports/sys"
)

// ChangeEmailInput is the address wanted, and the password as typed.
type ChangeEmailInput struct {
	Actor    domain.Actor
	From     domain.Origin
	NewEmail string
	Password domain.Secret // may be empty for an account without a password, soon after a login
}

// ChangeEmail asks for another address. Until its mailbox is proved the account keeps the old one, whose owner is told at once.
type ChangeEmail struct {
	Store       store.Store
	System      sys.System
	Confirm     *auth.Confirm
	Postbox     outbox.Postbox
	EmailChange *EmailChange
}

// changeAsked is the payload of domain.TopicChangeEmail. It carries the secret: the flow is made with the request, so that a
// newer request voids an older one whatever order the dispatchers take them in.
type changeAsked struct {
	outbox.Asker

	UserID           domain.UserID
	Mailbox, Address string
	Link             string // the secret
	AskedAt          time.Time
}

// Handle writes the same rows for a free address and for a taken one; which it is is found out behind the outbox (ASVS 6.3.8).
// Over the limit of mails nothing happens and the answer is the same.
func (u *ChangeEmail) Handle(ctx context.Context, in ChangeEmailInput) error {
	if err := access.RequirePlatformUser(in.Actor); err != nil {
		return err
	}
	email, err := domain.ParseEmailField("new_email", in.NewEmail)
	if err != nil {
		return err
	}
	user, err := u.Confirm.Handle(ctx, in.Actor, in.From, "password", in.Password)
	if err != nil {
		return err
	}
	if email.Mailbox() == user.Email.Mailbox() { // another case of the local part may be another mailbox
		return domain.ErrInvalidFields(domain.FieldError{Field: "new_email", Code: "unchanged", Text: "new_email must differ from the address that the account has"})
	}
	budget, mayMail := u.Confirm.Guard.AllowMail(ctx, email, in.From)
	if !mayMail {
		return nil
	}
	now := u.System.Now()
	flow, secret, err := u.EmailChange.begin(user, email, now)
	if err == nil {
		err = u.Store.WithinTx(ctx, func(ctx context.Context, tx *store.Tx) error {
			return u.ask(ctx, tx, user, email, flow, secret, in, now)
		})
	}
	if err != nil {
		budget.Return() // nothing is sent
	}
	return err
}

// ask compares once more what may have changed during the hash, under the lock of the principal.
func (u *ChangeEmail) ask(ctx context.Context, tx *store.Tx, user domain.User, email domain.Email, flow domain.Flow, secret domain.OneTimeSecret, in ChangeEmailInput, now time.Time) error {
	principal, err := lock(ctx, tx, user.ID, now)
	if err != nil {
		return err
	}
	if principal.CredentialEpoch != user.CredentialEpoch {
		return domain.ErrInvalidCredentials
	}
	if err := tx.Flows.Supersede(ctx, flow.Purpose, flow.Subject, now); err != nil {
		return err
	}
	if err := tx.Flows.Insert(ctx, flow); err != nil {
		return err
	}
	by := outbox.By(in.From)
	asked := changeAsked{
		Asker: by, UserID: user.ID, Mailbox: email.Mailbox(), Address: email.Canonical(), Link: secret.Link.Reveal(), AskedAt: now,
	}
	if err := u.Postbox.Put(ctx, tx, domain.TopicChangeEmail, asked, flow.ExpiresAt); err != nil {
		return err
	}
	// The new address is masked: the old mailbox may not be its owner's any more.
	letter := outbox.Letter{Kind: mailer.ChangeEmailAsked, Locale: user.Locale, Data: mailer.Data{
		Name: user.FirstName, AskedAt: now, NewAddress: email.String(),
	}}
	if err := u.Postbox.Mail(ctx, tx, letter.AskedBy(by).To(user.Email), flow.ExpiresAt); err != nil {
		return err
	}
	event := domain.NewEvent(domain.EventID(u.System.NewOrderedID()), now, domain.EventEmailChangeRequested, in.Actor, in.From, "user", string(user.ID))
	event.Trace.Identifier = email.Canonical()
	return tx.Audit.Add(ctx, event)
}
