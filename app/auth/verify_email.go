package auth

import (
	"context"
	"errors"

	"github.com/signet-auth/signet/app/base"
	"github.com/signet-auth/signet/app/proof"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

// verification is the door for secrets that prove a mailbox.
var verification = proof.Door{
	Purposes: []domain.Purpose{domain.PurposeVerifyRegistration, domain.PurposeVerifyUser},
	Refusal:  domain.ErrInvalidToken.Saying("Invalid verification token"),
}

// VerifyEmailInput is the proof of a mailbox: the token of the link, or the address and the code.
type VerifyEmailInput struct {
	From  domain.Origin
	Token domain.Secret
	Email string
	Code  domain.Secret
}

// VerifyEmail turns a pending registration into a user, or proves the mailbox of a user who was created without proof. Of any number of
// parallel uses of a secret one succeeds; of several registrations of one address the proved one becomes the user and the others are
// deleted.
func (s *Service) VerifyEmail(ctx context.Context, in VerifyEmailInput) error {
	if !in.Token.IsZero() {
		now := s.System.Now()
		flow, err := s.proofs.Find(ctx, verification, in.From, in.Token, now)
		if err != nil {
			return err
		}
		return s.proofs.Redeem(ctx, verification, flow, now, s.verified(in.From))
	}
	if in.Email == "" && in.Code.IsZero() {
		return domain.ErrInvalidFields(domain.FieldError{Field: "token", Code: "required", Text: "token is required, or email and code"})
	}
	email, err := domain.ParseEmail(in.Email)
	if in.Code.IsZero() {
		err = domain.MergeFields(err, domain.ErrInvalidFields(domain.Required("code")))
	}
	if err != nil {
		return err
	}
	return s.proofs.RedeemCode(ctx, verification, in.From, email, in.Code, s.verified(in.From))
}

// verified is the result of a proof.
func (s *Service) verified(from domain.Origin) proof.Use {
	return func(ctx context.Context, tx *store.Tx, r proof.Redeemed) error {
		verify := s.verifyUser
		if r.Flow.Purpose == domain.PurposeVerifyRegistration {
			verify = s.makeUser
		}
		id, err := verify(ctx, tx, r, from)
		if err != nil {
			return err
		}
		return s.Audit.Record(ctx, tx, r.Now, domain.UserEvent(domain.EventUserVerified, domain.Anonymous(), from, id))
	}
}

func (s *Service) makeUser(ctx context.Context, tx *store.Tx, proof proof.Redeemed, from domain.Origin) (domain.UserID, error) {
	now := proof.Now
	r, err := tx.Registrations.ByID(ctx, domain.RegistrationID(proof.Flow.Subject))
	if errors.Is(err, domain.ErrNotFound) || err == nil && !r.IsLive(now) {
		return "", verification.Refusal
	}
	if err != nil {
		return "", err
	}
	user := r.User(now)
	err = s.InsertUser(ctx, tx, user, base.NewAccount{By: domain.Anonymous(), From: from}, now)
	if errors.Is(err, domain.ErrEmailTaken) {
		return "", verification.Refusal // another registration of the address was proved first
	}
	if err != nil {
		return "", err
	}
	return user.ID, tx.Registrations.DeleteByEmail(ctx, r.Email)
}

func (s *Service) verifyUser(ctx context.Context, tx *store.Tx, r proof.Redeemed, _ domain.Origin) (domain.UserID, error) {
	user := r.User
	if user.Email.Canonical() != r.Flow.Address {
		return "", verification.Refusal // the proof is for a former address of the user
	}
	user.VerifyEmail(r.Now)
	if err := tx.Users.Update(ctx, user); err != nil {
		return "", err
	}
	tx.Changed(domain.ChangePrincipal, string(user.ID), domain.TokensStale)
	return user.ID, nil
}
