package profile

import (
	"context"
	"errors"

	"github.com/signet-auth/signet/app/outbox"
	"github.com/signet-auth/signet/app/proof"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/mailer"
	"github.com/signet-auth/signet/ports/store"
)

// emailChange is the door for secrets that prove a new address. All invalid secrets get the same answer.
var emailChange = proof.Door{Purposes: []domain.Purpose{domain.PurposeChangeEmail}, Refusal: domain.ErrInvalidToken}

// ConfirmEmailInput is the secret of the link that went to the new address.
type ConfirmEmailInput struct {
	From  domain.Origin
	Token domain.Secret
}

// ConfirmEmail makes the new address the account's address, for a person who reads its mail. Of any number of parallel uses of the secret,
// and of several accounts that want one address, one succeeds.
//
// Sessions continue: an address alone lets nobody in, and the request needed the password. Ending them would log the owner out of every
// device when a thief of the password confirms, and would not stop the thief (ASVS 7.4.3 is about authenticators).
func (s *Service) ConfirmEmail(ctx context.Context, in ConfirmEmailInput) error {
	now := s.System.Now()
	flow, err := s.proofs.Find(ctx, emailChange, in.From, in.Token, now)
	if err != nil {
		return err
	}
	var w wanted
	if err := s.proofs.OpenPayload(flow, &w); err != nil {
		return domain.ErrInvalidToken.Because(err) // sealed under an unknown SECRET_KEY
	}
	to := domain.RestoreEmail(w.Mailbox, flow.Address)
	taken := false
	err = s.proofs.Redeem(ctx, emailChange, flow, now, func(ctx context.Context, tx *store.Tx, r proof.Redeemed) error {
		if !r.User.IsActive(now) || r.User.CredentialEpoch != w.Epoch {
			return emailChange.Refusal
		}
		owner, err := tx.Users.ByEmail(ctx, to)
		if err != nil && !errors.Is(err, domain.ErrNotFound) {
			return err
		}
		if taken = err == nil && owner.ID != r.User.ID; taken {
			return nil // a value, not an error: the use of the secret must be committed
		}
		return s.changeEmail(ctx, tx, r, to, in.From)
	})
	if err == nil && taken {
		err = emailChange.Refusal
	}
	return err
}

// changeEmail writes the address. This also lifts a lock of the account, for which the password and a mailbox are needed.
func (s *Service) changeEmail(ctx context.Context, tx *store.Tx, r proof.Redeemed, to domain.Email, from domain.Origin) error {
	user, old := r.User, r.User.Email
	user.ChangeEmail(to, r.Now)
	if err := s.proofs.ReplaceAddress(ctx, tx, &user, old, r.Now); errors.Is(err, domain.ErrEmailTaken) {
		return emailChange.Refusal
	} else if err != nil {
		return err
	}
	event := domain.UserEvent(domain.EventUserEmailChanged, domain.Anonymous(), from, user.ID)
	event.Trace.Identifier = old.Canonical()
	if err := s.Audit.Record(ctx, tx, r.Now, event); err != nil {
		return err
	}
	return s.tellBoth(ctx, tx, user, old, from, r)
}

// tellBoth queues a notice to both mailboxes, or one if they are the same.
func (s *Service) tellBoth(ctx context.Context, tx *store.Tx, user domain.User, old domain.Email, from domain.Origin, r proof.Redeemed) error {
	mail := outbox.MailTo(user, mailer.EmailChanged, from, mailer.Data{AskedAt: r.Now, NewAddress: user.Email.String()})
	mailboxes := []domain.Email{old, user.Email}
	if old.Canonical() == user.Email.Canonical() {
		mailboxes = mailboxes[:1]
	}
	for _, mail.To = range mailboxes {
		if err := s.Mail.Notice(ctx, tx, mail, r.Now); err != nil {
			return err
		}
	}
	return nil
}
