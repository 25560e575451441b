package password

import (
	"context"
	"errors"

	"github.com/signet-auth/signet/app/base"
	"github.com/signet-auth/signet/app/proof"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/mailer"
	"github.com/signet-auth/signet/ports/store"
)

// recovery is the door for secrets that replace a forgotten password.
var recovery = proof.Door{
	Purposes: []domain.Purpose{domain.PurposeResetPassword, domain.PurposeResetRegistration},
	Refusal:  domain.ErrInvalidToken.Saying("Invalid or expired reset token"),
}

// ResetInput is the secret of a link, and a password.
type ResetInput struct {
	From     domain.Origin
	Token    domain.Secret
	Field    string // the name of the password's input member
	Password domain.Secret
}

// Reset sets a new password for a person who reads the account's mail. It logs nobody in, and a disabled account stays disabled (Gitea
// CVE-2026-58422). Only the secret counts: there is no earlier step whose outcome could be skipped or forged (Keycloak CVE-2026-18963,
// authentik CVE-2026-49443).
//
// It checks in this order: budget, secret, password, hash, and then everything again in the transaction that uses the secret up. A refused
// password does not use up the secret. Of any number of parallel uses one succeeds.
func (s *Service) Reset(ctx context.Context, in ResetInput) error {
	if err := checkReset(in); err != nil {
		return err
	}
	now := s.System.Now()
	flow, err := s.proofs.Find(ctx, recovery, in.From, in.Token, now)
	if err != nil {
		return err
	}
	words, err := s.wordsOf(ctx, flow)
	if err != nil {
		return err
	}
	if err := s.Policy().Check(in.Field, in.Password, words...); err != nil {
		return err
	}
	hash, err := s.passwords.Hash(ctx, in.Password)
	if err != nil {
		return err
	}
	err = s.proofs.Redeem(ctx, recovery, flow, now, func(ctx context.Context, tx *store.Tx, r proof.Redeemed) error {
		if flow.Purpose == domain.PurposeResetRegistration {
			return s.makeUser(ctx, tx, r, hash, in.From)
		}
		return s.resetUser(ctx, tx, r, hash, in.From)
	})
	if err == nil {
		s.guard.Forgive(ctx, domain.RestoreEmail(flow.Address, flow.Address))
	}
	return err
}

func checkReset(in ResetInput) error {
	var missing []domain.FieldError
	if in.Token.IsZero() {
		missing = append(missing, domain.Required("token"))
	}
	if in.Password.IsZero() {
		missing = append(missing, domain.Required(in.Field))
	}
	if len(missing) > 0 {
		return domain.ErrInvalidFields(missing...)
	}
	return nil
}

// wordsOf are the words that a flow's owner must not use as a password.
func (s *Service) wordsOf(ctx context.Context, flow domain.Flow) ([]string, error) {
	if flow.Purpose == domain.PurposeResetRegistration {
		return []string{flow.Address}, nil
	}
	user, err := s.Store.Read().Users.ByID(ctx, domain.UserID(flow.Subject))
	if errors.Is(err, domain.ErrNotFound) {
		return nil, recovery.Refusal
	}
	return []string{flow.Address, user.FirstName, user.LastName}, err
}

// resetUser is the reset of an account. It also proves the mailbox. If that was not proved before, somebody else may have made the account,
// so it keeps nothing that lets them in (USENIX Security '22, pre-hijacking).
func (s *Service) resetUser(ctx context.Context, tx *store.Tx, r proof.Redeemed, hash string, from domain.Origin) error {
	user := r.User
	if !user.IsActive(r.Now) || user.Email.Canonical() != r.Flow.Address {
		return recovery.Refusal
	}
	reason := domain.EndedByReset
	if !user.IsEmailVerified() {
		reason = domain.EndedByTakeover
		if err := s.takeOver(ctx, tx, user, from, r); err != nil {
			return err
		}
	}
	return s.replace(ctx, tx, user.Principal, user, replacement{
		hash: hash, by: domain.Anonymous(), from: from, reason: reason, event: domain.EventPasswordReset, told: from,
	}, r.Now)
}

// takeOver gives an account whose mailbox was never proved to the person who has just proved it. Names and metadata stay: they let nobody
// in, and this person, unlike one who comes through a provider, knows of the account and asked for it.
func (s *Service) takeOver(ctx context.Context, tx *store.Tx, user domain.User, from domain.Origin, r proof.Redeemed) error {
	user.VerifyEmail(r.Now)
	if err := tx.Users.Update(ctx, user); err != nil {
		return err
	}
	if err := tx.Identities.DeleteByUser(ctx, user.ID); err != nil {
		return err
	}
	if err := tx.Devices.DeleteByUser(ctx, user.ID); err != nil {
		return err
	}
	if err := s.proofs.Void(ctx, tx, domain.AccountTakenOver, user, r.Now); err != nil {
		return err
	}
	return s.Audit.Record(ctx, tx, r.Now, domain.UserEvent(domain.EventUserVerified, domain.Anonymous(), from, user.ID))
}

// makeUser makes an account from the newest pending registration of the address, with the new password, and drops the others: no matter who
// registered, the person who sets this password has proved the mailbox.
func (s *Service) makeUser(ctx context.Context, tx *store.Tx, r proof.Redeemed, hash string, from domain.Origin) error {
	email, now := domain.RestoreEmail(r.Flow.Address, r.Flow.Address), r.Now
	_, err := tx.Users.ByEmail(ctx, email)
	if err == nil {
		return recovery.Refusal // a registration was proved meanwhile: this link is not for that account
	}
	if !errors.Is(err, domain.ErrNotFound) {
		return err
	}
	live, err := tx.Registrations.LiveByEmail(ctx, email, now)
	if err != nil {
		return err
	}
	newest, ok := domain.Newest(live)
	if !ok {
		return recovery.Refusal
	}
	user := newest.User(now)
	user.PasswordHash = hash
	if err := s.InsertUser(ctx, tx, user, base.NewAccount{By: domain.Anonymous(), From: from}, now); err != nil {
		return err
	}
	if err := tx.Registrations.DeleteByEmail(ctx, email); err != nil {
		return err
	}
	if err := tx.Lockouts.Clear(ctx, s.guard.RunKey(email)); err != nil {
		return err
	}
	err = s.Audit.Record(ctx, tx, now,
		domain.UserEvent(domain.EventUserVerified, domain.Anonymous(), from, user.ID),
		domain.UserEvent(domain.EventPasswordReset, domain.Anonymous(), from, user.ID))
	if err != nil {
		return err
	}
	return s.tell(ctx, tx, user, mailer.PasswordChanged, from, now)
}
