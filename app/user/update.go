package user

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/signet-auth/signet/app/outbox"
	"github.com/signet-auth/signet/app/proof"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/mailer"
	"github.com/signet-auth/signet/ports/store"
)

// UpdateInput is what to change of a user: nil members stay, empty ones are cleared, except the address. Metadata is JSON whose syntax was
// checked; it replaces the old metadata as a whole.
type UpdateInput struct {
	ChangeInput

	FirstName *string
	LastName  *string
	Locale    *string
	Metadata  *string
	Email     *string
}

// rights are the rights that the change needs: an address is a part of the credentials.
func (in UpdateInput) rights() []domain.Right {
	switch {
	case in.Email == nil:
		return []domain.Right{domain.WriteUsers}
	case in.FirstName == nil && in.LastName == nil && in.Locale == nil && in.Metadata == nil:
		return []domain.Right{domain.ManageCredentials}
	}
	return []domain.Right{domain.WriteUsers, domain.ManageCredentials}
}

// Update changes a user's profile. A new address applies at once and is not verified: it gets the mail that verifies it, the old address gets a
// notice, and links that were sent before become void. Sessions continue. domain.ErrEmailTaken.
func (s *Service) Update(ctx context.Context, in UpdateInput) (Account, error) {
	if err := s.require(ctx, in.Actor, in.rights()...); err != nil {
		return Account{}, err
	}
	change, err := domain.NewProfileChange(in.FirstName, in.LastName, in.Locale, in.Metadata)
	updating := act{ChangeInput: in.ChangeInput, rights: in.rights(), event: domain.EventUserUpdated}
	if in.Email != nil {
		email, emailErr := domain.ParseEmail(*in.Email)
		updating.address, updating.event = email, domain.EventUserEmailChanged
		err = domain.MergeFields(err, emailErr)
	}
	if err != nil {
		return Account{}, err
	}
	now := s.System.Now()
	return s.change(ctx, updating, now, func(ctx context.Context, tx *store.Tx, user *domain.User) error {
		if changed := user.Revise(change, now); len(changed) > 0 {
			if err := tx.Users.Update(ctx, *user); err != nil {
				return err
			}
			tx.Changed(domain.ChangePrincipal, string(user.ID), domain.TokensUnaffected)
			event := domain.UserEvent(domain.EventUserUpdated, in.Actor, in.From, user.ID)
			if err := s.Audit.Record(ctx, tx, now, event.With("changed", strings.Join(changed, " "))); err != nil { // the names, not the values
				return err
			}
		}
		if in.Email == nil || updating.address.Mailbox() == user.Email.Mailbox() {
			return nil
		}
		return s.assignEmail(ctx, tx, user, updating.address, in.ChangeInput, now)
	})
}

// assignEmail gives a locked account a new address, under the lock of that address.
func (s *Service) assignEmail(ctx context.Context, tx *store.Tx, user *domain.User, to domain.Email, in ChangeInput, now time.Time) error {
	owner, err := tx.Users.ByEmail(ctx, to)
	if err == nil && owner.ID != user.ID {
		return domain.ErrEmailTaken
	}
	if err != nil && !errors.Is(err, domain.ErrNotFound) {
		return err
	}
	old := user.Email
	user.AssignEmail(to, now)
	if err := s.proofs.ReplaceAddress(ctx, tx, user, old, now); err != nil {
		return err
	}
	event := domain.UserEvent(domain.EventUserEmailChanged, in.Actor, in.From, user.ID)
	event.Trace.Identifier = old.Canonical()
	if err := s.Audit.Record(ctx, tx, now, event); err != nil {
		return err
	}
	// Neither mailbox is told the administrator's address.
	told := outbox.MailTo(*user, mailer.EmailChanged, domain.Origin{}, mailer.Data{AskedAt: now, NewAddress: to.String()})
	told.To = old
	if err := s.Mail.Notice(ctx, tx, told, now); err != nil {
		return err
	}
	return s.proofs.Send(ctx, tx, proof.Request{
		Purpose: domain.PurposeVerifyUser, Subject: string(user.ID), To: to, Name: user.Name(), AskedAt: now, Mail: mailer.VerifyNewAddress,
	}, now)
}
