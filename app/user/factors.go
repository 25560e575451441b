package user

import (
	"context"

	"github.com/signet-auth/signet/app/access"
	"github.com/signet-auth/signet/app/base"
	"github.com/signet-auth/signet/app/outbox"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/mailer"
	"github.com/signet-auth/signet/ports/store"
)

// Factors shows a user's second factors that count, and their recovery codes.
func (s *Service) Factors(ctx context.Context, by domain.Actor, id domain.UserID) ([]domain.Factor, domain.RecoveryCodes, error) {
	if err := s.require(ctx, by, domain.ReadUsers); err != nil {
		return nil, domain.RecoveryCodes{}, err
	}
	if _, err := s.Store.Read().Users.ByID(ctx, id); err != nil {
		return nil, domain.RecoveryCodes{}, unknown(err)
	}
	all, err := s.Store.Read().Factors.ByUser(ctx, id)
	if err != nil {
		return nil, domain.RecoveryCodes{}, err
	}
	codes, err := s.Store.Read().Factors.Codes(ctx, id)
	return domain.Confirmed(all), codes, err
}

// ResetFactorsInput names a user who lost their factors, and says why they are removed.
type ResetFactorsInput struct {
	ChangeInput

	Reason string
}

var errOwnFactors = domain.ErrForbidden.Saying("Nobody resets their own factors: sign in with a recovery code and remove the factor, or ask another administrator")

// ResetFactors removes all second factors and recovery codes of a user, and ends their sessions. It returns how many factors there were.
// Nobody does it to themselves, so that a stolen account of an administrator can't strip its own. It takes a person who has logged in just
// now: a service can't, and a leaked secret of one would be enough to strip and take over every account below it.
func (s *Service) ResetFactors(ctx context.Context, in ResetFactorsInput) (removed int, err error) {
	if err := s.require(ctx, in.Actor, domain.ManageCredentials); err != nil {
		return 0, err
	}
	reason := domain.Line(in.Reason)
	err = domain.CheckLine("reason", reason, maxReason)
	if reason == "" {
		err = domain.ErrInvalidFields(domain.Required("reason"))
	}
	if err != nil {
		return 0, err
	}
	now := s.System.Now()
	if in.Actor.Kind != domain.ActorSystem {
		if err := access.RequirePlatformUser(in.Actor); err != nil {
			return 0, err
		}
		if err := s.reauth.RequireRecent(ctx, in.Actor, now); err != nil {
			return 0, err
		}
	}
	if in.Actor.ID == in.User.Principal() {
		return 0, errOwnFactors
	}
	resetting := act{ChangeInput: in.ChangeInput, rights: []domain.Right{domain.ManageCredentials}, event: domain.EventFactorsReset}
	_, err = s.change(ctx, resetting, now, func(ctx context.Context, tx *store.Tx, user *domain.User) error {
		all, err := tx.Factors.ByUser(ctx, user.ID)
		if err != nil {
			return err
		}
		if removed = len(domain.Confirmed(all)); removed == 0 {
			return nil
		}
		if err := tx.Factors.DeleteAll(ctx, user.ID); err != nil {
			return err
		}
		user.ReplaceCredentials(now)
		if err := tx.Principals.Update(ctx, user.Principal); err != nil {
			return err
		}
		tx.Changed(domain.ChangePrincipal, string(user.ID), domain.TokensUnaffected)
		if err := s.proofs.Void(ctx, tx, domain.FactorsChanged, *user, now); err != nil {
			return err
		}
		ending := base.Ending{By: in.Actor, From: in.From, Reason: domain.EndedByFactor}
		if _, err := s.EndAllSessions(ctx, tx, user.ID, ending, now); err != nil {
			return err
		}
		if err := s.Audit.Record(ctx, tx, now, domain.UserEvent(domain.EventFactorsReset, in.Actor, in.From, user.ID).With("reason", reason)); err != nil {
			return err
		}
		told := mailer.Data{AskedAt: now} // without the administrator's address
		return s.Mail.Notice(ctx, tx, outbox.MailTo(*user, mailer.FactorsReset, domain.Origin{}, told), now)
	})
	return removed, err
}
