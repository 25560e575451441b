package auth

import (
	"context"
	"errors"
	"time"

	"github.com/signet-auth/signet/app/outbox"
	"github.com/signet-auth/signet/app/proof"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/mailer"
	"github.com/signet-auth/signet/ports/store"
)

// The mails that prove a mailbox. Requests only leave a message that looks the same for known and unknown addresses; here the dispatcher
// looks up the account, and makes the secret and its mail in one transaction.

// registrationAsked is the payload of domain.TopicRegistration.
type registrationAsked struct {
	From domain.Origin
	ID   domain.RegistrationID
}

// resendAsked is the payload of domain.TopicResend.
type resendAsked struct {
	From             domain.Origin
	Mailbox, Address string
	AskedAt          time.Time
}

// ResendVerificationInput names the mailbox.
type ResendVerificationInput struct {
	From  domain.Origin
	Email string
}

// ResendVerification asks for the mail that proves a mailbox once more, with a fresh link and code. It leaves the same row for every
// address; the dispatcher finds out whether there is anything to send.
func (s *Service) ResendVerification(ctx context.Context, in ResendVerificationInput) error {
	email, err := domain.ParseEmail(in.Email)
	if err != nil {
		return err
	}
	budget, ok := s.guard.AllowMail(ctx, mailer.Verify, email, in.From)
	if !ok {
		return nil
	}
	err = s.Store.WithinTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		return s.askForVerification(ctx, tx, email, in.From, s.System.Now())
	})
	if err != nil {
		budget.Return()
	}
	return err
}

func (s *Service) askForVerification(ctx context.Context, tx *store.Tx, email domain.Email, from domain.Origin, now time.Time) error {
	asked := resendAsked{From: from, Mailbox: email.Mailbox(), Address: email.Canonical(), AskedAt: now}
	return s.Mail.Put(ctx, tx, domain.TopicResend, asked, now, now.Add(s.proofs.TTL(domain.PurposeVerifyUser)))
}

// PrepareRegistration prepares the mail for a registration: the one that proves the mailbox or, if the address has an account, a notice to
// its owner.
func (s *Service) PrepareRegistration(ctx context.Context, tx *store.Tx, m domain.Message) error {
	var asked registrationAsked
	if err := s.Mail.Open(m, &asked); err != nil {
		return err
	}
	r, err := tx.Registrations.ByID(ctx, asked.ID)
	if errors.Is(err, domain.ErrNotFound) {
		return nil // replaced by newer ones, or the address was proved meanwhile
	}
	if err != nil {
		return err
	}
	if err := tx.Registrations.LockAddress(ctx, r.Email); err != nil {
		return err
	}
	now := s.System.Now()
	owner, err := tx.Users.ByEmail(ctx, r.Email)
	switch {
	case err == nil:
		kind := mailer.AlreadyRegistered
		if owner.IsClosed() { // "just sign in" would be no help
			kind = mailer.StillClosed
		}
		mail := outbox.MailTo(owner, kind, asked.From, mailer.Data{AskedAt: r.CreatedAt, EraseAt: owner.EraseAt})
		if err := s.Mail.Notice(ctx, tx, mail, now); err != nil {
			return err
		}
		return tx.Registrations.Delete(ctx, r.ID)
	case errors.Is(err, domain.ErrNotFound):
		return s.sendVerification(ctx, tx, r, asked.From, r.CreatedAt, now)
	}
	return err
}

// PrepareResend prepares another mail for the newest registration, or for a user whose mailbox is not proved. Nobody else gets one: a
// stranger must not be able to cause mails to a person who has closed their account.
func (s *Service) PrepareResend(ctx context.Context, tx *store.Tx, m domain.Message) error {
	var asked resendAsked
	if err := s.Mail.Open(m, &asked); err != nil {
		return err
	}
	email := domain.RestoreEmail(asked.Mailbox, asked.Address)
	if err := tx.Registrations.LockAddress(ctx, email); err != nil {
		return err
	}
	now := s.System.Now()
	user, err := tx.Users.ByEmail(ctx, email)
	if err == nil {
		if user.IsEmailVerified() || !user.IsActive(now) {
			return nil
		}
		return s.proofs.Send(ctx, tx, proof.Request{
			Purpose: domain.PurposeVerifyUser, Subject: string(user.ID), To: user.Email, Name: user.Name(), From: asked.From, AskedAt: asked.AskedAt,
		}, now)
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
	if err := tx.Registrations.Extend(ctx, r.ID, now.Add(s.settings.Registration.TTL)); err != nil {
		return err
	}
	return s.sendVerification(ctx, tx, r, asked.From, asked.AskedAt, now)
}

func (s *Service) sendVerification(ctx context.Context, tx *store.Tx, r domain.Registration, from domain.Origin, askedAt, now time.Time) error {
	return s.proofs.Send(ctx, tx, proof.Request{
		Purpose: domain.PurposeVerifyRegistration, Subject: string(r.ID), To: r.Email, Name: r.Name, From: from, AskedAt: askedAt,
	}, now)
}
