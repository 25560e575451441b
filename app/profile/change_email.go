package profile

import (
	"context"
	"errors"
	"time"

	"github.com/signet-auth/signet/app/access"
	"github.com/signet-auth/signet/app/base"
	"github.com/signet-auth/signet/app/outbox"
	"github.com/signet-auth/signet/app/proof"
	"github.com/signet-auth/signet/app/reauth"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/mailer"
	"github.com/signet-auth/signet/ports/store"
)

// ChangeEmailInput is the address wanted, and the password as typed.
type ChangeEmailInput struct {
	Actor    domain.Actor
	From     domain.Origin
	NewEmail string
	Password domain.Secret // may be empty for an account without a password, soon after a login
}

// wanted is the sealed payload of the flow. The proof is bound to this request (RG-10): to the address as typed, and to the credentials at
// that time. Replacing the credentials voids it.
type wanted struct {
	Mailbox string
	Epoch   int64
}

// changeAsked is the payload of domain.TopicChangeEmail. It carries the secret: the flow is made with the request, so that a
// newer request voids an older one whatever order the dispatchers take them in.
type changeAsked struct {
	From             domain.Origin
	UserID           domain.UserID
	Mailbox, Address string
	Link             string // the secret
	AskedAt          time.Time
}

// ChangeEmail asks for another address. Until its mailbox is proved the account keeps the old address, which gets a notice at once. The
// same rows are written for a free address and a taken one; the dispatcher finds out which it is (ASVS 6.3.8). Over the limit of mails
// nothing happens and the answer is the same.
func (s *Service) ChangeEmail(ctx context.Context, in ChangeEmailInput) error {
	if err := access.RequirePlatformUser(in.Actor); err != nil {
		return err
	}
	email, err := domain.ParseEmailField("new_email", in.NewEmail)
	if err != nil {
		return err
	}
	user, err := s.reauth.Require(ctx, in.Actor, in.From, reauth.Proof{Field: "password", Password: in.Password})
	if err != nil {
		return err
	}
	if email.Mailbox() == user.Email.Mailbox() { // the local part in another case may be another mailbox
		return domain.ErrInvalidFields(domain.FieldError{Field: "new_email", Code: "unchanged", Text: "new_email must differ from the address that the account has"})
	}
	budget, mayMail := s.guard.AllowMail(ctx, mailer.ChangeEmail, email, in.From)
	if !mayMail {
		return nil
	}
	now := s.System.Now()
	err = s.Store.WithinTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		if _, err := base.LockUnchanged(ctx, tx, user.Principal, now); err != nil {
			return err
		}
		return s.askForChange(ctx, tx, user, email, in, now)
	})
	if err != nil {
		budget.Return() // nothing is sent
	}
	return err
}

func (s *Service) askForChange(ctx context.Context, tx *store.Tx, user domain.User, email domain.Email, in ChangeEmailInput, now time.Time) error {
	flow, secret, err := s.proofs.Issue(ctx, tx, proof.Request{
		Purpose: domain.PurposeChangeEmail, Subject: string(user.ID), To: email,
		Payload: wanted{Mailbox: email.Mailbox(), Epoch: user.CredentialEpoch},
	}, now)
	if err != nil {
		return err
	}
	asked := changeAsked{
		From: in.From, UserID: user.ID, Mailbox: email.Mailbox(), Address: email.Canonical(), Link: secret.Link.Reveal(), AskedAt: now,
	}
	if err := s.Mail.Put(ctx, tx, domain.TopicChangeEmail, asked, now, flow.ExpiresAt); err != nil {
		return err
	}
	// The new address is masked, because the owner may have lost the old mailbox.
	mail := outbox.MailTo(user, mailer.ChangeEmailAsked, in.From, mailer.Data{AskedAt: now, NewAddress: email.String()})
	if err := s.Mail.Mail(ctx, tx, mail, now, flow.ExpiresAt); err != nil {
		return err
	}
	// An event of its own: an attempt is on record although nobody ever proves the address.
	event := domain.UserEvent(domain.EventEmailChangeRequested, in.Actor, in.From, user.ID)
	event.Trace.Identifier = email.Canonical()
	return s.Audit.Record(ctx, tx, now, event)
}

// PrepareChangeEmail prepares the mail in the dispatcher: a link to the new address or, if another account has that address, a notice to
// its owner. In the second case nobody has the secret, but the request stays open until it expires: if it ended here, the user could see in
// their export that the address is taken.
func (s *Service) PrepareChangeEmail(ctx context.Context, tx *store.Tx, m domain.Message) error {
	var asked changeAsked
	if err := s.Mail.Open(m, &asked); err != nil {
		return err
	}
	email, secret, now := domain.RestoreEmail(asked.Mailbox, asked.Address), domain.NewSecret(asked.Link), s.System.Now()
	if err := tx.Registrations.LockAddress(ctx, email); err != nil {
		return err
	}
	hash, _ := domain.HashOneTimeSecret(secret)
	flow, err := tx.Flows.BySecret(ctx, hash)
	if errors.Is(err, domain.ErrNotFound) || err == nil && !flow.IsLive(now) {
		return nil // voided by a newer request or a new password
	}
	if err != nil {
		return err
	}
	user, err := tx.Users.ByID(ctx, asked.UserID)
	if errors.Is(err, domain.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	owner, err := tx.Users.ByEmail(ctx, email)
	switch {
	case err == nil && owner.ID != user.ID:
		return s.Mail.Mail(ctx, tx, outbox.MailTo(owner, mailer.EmailInUse, asked.From, mailer.Data{AskedAt: asked.AskedAt}), now, flow.ExpiresAt)
	case err == nil || errors.Is(err, domain.ErrNotFound):
		request := proof.Request{Purpose: flow.Purpose, To: email, Name: user.Name(), From: asked.From, AskedAt: asked.AskedAt}
		return s.proofs.Mail(ctx, tx, request, flow, domain.OneTimeSecret{Link: secret}, now)
	}
	return err
}
