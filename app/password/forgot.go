package password

import (
	"context"
	"errors"
	"time"

	"github.com/signet-auth/signet/app/proof"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

// ForgotInput names the account.
type ForgotInput struct {
	From  domain.Origin
	Email string
}

// forgotAsked is the payload of domain.TopicForgot.
type forgotAsked struct {
	Mailbox, Address string
	AskedAt          time.Time
	From             domain.Origin
}

// Forgot asks for a mail with a link to set a new password. It leaves the same row for every address; the dispatcher finds out whether
// there is an account. It never locks or changes an account, because anybody can ask for any address (ASVS 6.3.8).
func (s *Service) Forgot(ctx context.Context, in ForgotInput) error {
	email, err := domain.ParseEmail(in.Email)
	if err != nil {
		return err
	}
	budget, ok := s.guard.AllowRecovery(ctx, email, in.From)
	if !ok {
		return nil
	}
	now := s.System.Now()
	err = s.Store.WithinTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		asked := forgotAsked{Mailbox: email.Mailbox(), Address: email.Canonical(), AskedAt: now, From: in.From}
		return s.Mail.Put(ctx, tx, domain.TopicForgot, asked, now, now.Add(s.proofs.TTL(domain.PurposeResetPassword)))
	})
	if err != nil {
		budget.Return() // nothing is sent
	}
	return err
}

// PrepareForgot prepares a mail to the owner of the account, or of the pending registrations of the address. Nobody else gets one. It also
// writes the event, about the account or the newest registration: an unknown or disabled address leaves none.
func (s *Service) PrepareForgot(ctx context.Context, tx *store.Tx, m domain.Message) error {
	var asked forgotAsked
	if err := s.Mail.Open(m, &asked); err != nil {
		return err
	}
	email, now := domain.RestoreEmail(asked.Mailbox, asked.Address), s.System.Now()
	if err := tx.Registrations.LockAddress(ctx, email); err != nil {
		return err
	}
	user, err := tx.Users.ByEmail(ctx, email)
	if err == nil {
		return s.sendToUser(ctx, tx, user, asked, now)
	}
	if !errors.Is(err, domain.ErrNotFound) {
		return err
	}
	return s.sendToRegistrant(ctx, tx, email, asked, now)
}

// sendToUser locks the principal, as every change of a password does: a link is either voided by the change or made after it.
func (s *Service) sendToUser(ctx context.Context, tx *store.Tx, user domain.User, asked forgotAsked, now time.Time) error {
	principal, err := tx.Principals.Lock(ctx, user.ID.Principal())
	if errors.Is(err, domain.ErrNotFound) || err == nil && !principal.IsActive(now) {
		return nil
	}
	if err != nil {
		return err
	}
	err = s.proofs.Send(ctx, tx, proof.Request{
		Purpose: domain.PurposeResetPassword, Subject: string(user.ID), To: user.Email, Name: user.Name(), From: asked.From, AskedAt: asked.AskedAt,
	}, now)
	if err != nil {
		return err
	}
	return s.Audit.Record(ctx, tx, now, domain.UserEvent(domain.EventResetRequested, domain.Anonymous(), asked.From, user.ID))
}

// sendToRegistrant helps a person who forgot the password before the mailbox was proved. The link does not name one of the registrations,
// because there may be newer ones by the time it is used.
func (s *Service) sendToRegistrant(ctx context.Context, tx *store.Tx, email domain.Email, asked forgotAsked, now time.Time) error {
	live, err := tx.Registrations.LiveByEmail(ctx, email, now)
	if err != nil {
		return err
	}
	newest, ok := domain.Newest(live)
	if !ok {
		return nil
	}
	until := now.Add(s.proofs.TTL(domain.PurposeResetRegistration))
	if newest.ExpiresAt.Before(until) { // otherwise the link could outlive the registration
		if err := tx.Registrations.Extend(ctx, newest.ID, until); err != nil {
			return err
		}
	}
	err = s.proofs.Send(ctx, tx, proof.Request{
		Purpose: domain.PurposeResetRegistration, Subject: email.Canonical(), To: newest.Email, Name: newest.Name, From: asked.From, AskedAt: asked.AskedAt,
	}, now)
	if err != nil {
		return err
	}
	event := domain.NewEvent(domain.EventResetRequested, domain.Anonymous(), asked.From, "registration", string(newest.ID))
	return s.Audit.Record(ctx, tx, now, event)
}
