package user

import (
	"context"
	"errors"
	"time"

	"github.com/signet-auth/signet/app/access"
	"github.com/signet-auth/signet/app/base"
	"github.com/signet-auth/signet/app/outbox"
	"github.com/signet-auth/signet/app/reauth"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/mailer"
	"github.com/signet-auth/signet/ports/store"
)

// CloseInput is the caller and their password. An account without a password needs a recent login.
type CloseInput struct {
	Actor    domain.Actor
	From     domain.Origin
	Password domain.Secret
}

// CloseOutput says when the data is erased.
type CloseOutput struct{ EraseAt time.Time }

// Close closes the caller's account. From then on a login fails as for an unknown account; until it is erased, an administrator can open it
// again. domain.ErrLastAdmin for the last administrator.
func (s *Service) Close(ctx context.Context, in CloseInput) (CloseOutput, error) {
	if err := access.RequirePlatformUser(in.Actor); err != nil {
		return CloseOutput{}, err
	}
	confirmed, err := s.reauth.Require(ctx, in.Actor, in.From, reauth.Proof{Field: "password", Password: in.Password})
	if err != nil {
		return CloseOutput{}, err
	}
	now := s.System.Now()
	out := CloseOutput{EraseAt: now.Add(s.settings.Grace)}
	// The account is closed even if the client hangs up after the right password.
	err = s.Store.WithinTx(context.WithoutCancel(ctx), func(ctx context.Context, tx *store.Tx) error {
		if _, err := base.LockUnchanged(ctx, tx, confirmed.Principal, now); err != nil {
			return err
		}
		user, err := tx.Users.ByID(ctx, confirmed.ID)
		if errors.Is(err, domain.ErrNotFound) {
			return domain.ErrTokenInvalid
		}
		if err != nil {
			return err
		}
		return s.close(ctx, tx, user, in, out.EraseAt, now)
	})
	if err != nil {
		return CloseOutput{}, s.NoteRefusal(err, domain.UserEvent(domain.EventUserDisabled, in.Actor, in.From, confirmed.ID))
	}
	return out, nil
}

func (s *Service) close(ctx context.Context, tx *store.Tx, user domain.User, in CloseInput, erase, now time.Time) error {
	sessions := base.Ending{By: in.Actor, From: in.From, Reason: domain.EndedByClose}
	if err := s.suspend(ctx, tx, &user, domain.ReasonClosed, time.Time{}, sessions, now); err != nil {
		return err
	}
	if err := tx.Erasure.Schedule(ctx, user.ID, erase); err != nil {
		return err
	}
	closed := domain.UserEvent(domain.EventUserDisabled, in.Actor, in.From, user.ID).With("reason", domain.ReasonClosed)
	if err := s.Audit.Record(ctx, tx, now, closed); err != nil {
		return err
	}
	return s.Mail.Notice(ctx, tx, outbox.MailTo(user, mailer.AccountClosed, in.From, mailer.Data{AskedAt: now, EraseAt: erase}), now)
}
