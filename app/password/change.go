package password

import (
	"context"
	"errors"

	"github.com/signet-auth/signet/app/access"
	"github.com/signet-auth/signet/app/base"
	"github.com/signet-auth/signet/app/reauth"
	"github.com/signet-auth/signet/app/signin"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

// ChangeInput is the old and the new password.
type ChangeInput struct {
	Actor   domain.Actor
	From    domain.Origin
	Current domain.Secret // may be empty for an account without a password, soon after a login
	New     domain.Secret
}

// ChangeOutput is the tokens with which the session continues.
type ChangeOutput = signin.Tokens

// Change sets a new password for a person who knows the old one (ASVS 6.2.3). The session that asked continues with tokens of a new family;
// a thief with a copy of the old ones is logged out, and all other sessions end (ASVS 7.4.3).
func (s *Service) Change(ctx context.Context, in ChangeInput) (ChangeOutput, error) {
	if err := access.RequirePlatformUser(in.Actor); err != nil {
		return ChangeOutput{}, err
	}
	if err := s.checkChange(ctx, in); err != nil {
		return ChangeOutput{}, err
	}
	asOf := s.directory.Applied()
	user, err := s.reauth.Require(ctx, in.Actor, in.From, reauth.Proof{Field: "current_password", Password: in.Current})
	if err != nil {
		return ChangeOutput{}, err
	}
	hash, err := s.passwords.Hash(ctx, in.New)
	if err != nil {
		return ChangeOutput{}, err
	}
	now := s.System.Now()
	out, family, err := s.signin.Renew(ctx, user, in.Actor.SessionID, asOf, now)
	if err != nil {
		return ChangeOutput{}, err
	}
	// Of parallel changes one wins, and a login with the old password either ends with the others or is refused.
	err = s.Store.WithinTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		principal, err := base.LockUnchanged(ctx, tx, user.Principal, now)
		if err != nil {
			return err
		}
		renewed, err := tx.Sessions.Renew(ctx, family)
		if err == nil && !renewed {
			err = domain.ErrTokenInvalid
		}
		if err != nil {
			return err
		}
		return s.replace(ctx, tx, principal, user, replacement{
			hash: hash, by: in.Actor, from: in.From, reason: domain.EndedByPassword, event: domain.EventPasswordChanged,
			except: []domain.SessionID{out.Session.ID}, told: in.From,
		}, now)
	})
	if err != nil {
		return ChangeOutput{}, err
	}
	return out, nil
}

// checkChange validates the new password before the old one is compared, so that a mistake in it costs no guess.
func (s *Service) checkChange(ctx context.Context, in ChangeInput) error {
	user, err := s.directory.User(ctx, domain.UserID(in.Actor.ID))
	if errors.Is(err, domain.ErrNotFound) {
		return domain.ErrTokenInvalid
	}
	if err != nil {
		return err
	}
	err = s.Policy().Check("new_password", in.New, user.Email.Canonical(), user.FirstName, user.LastName)
	if in.Current.IsZero() && user.PasswordHash != "" {
		err = domain.MergeFields(domain.ErrInvalidFields(domain.Required("current_password")), err)
	}
	return err
}
