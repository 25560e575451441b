package user

import (
	"context"
	"time"

	"github.com/signet-auth/signet/app/base"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

// maxReason is how long a reason may be.
const maxReason = 200

// DisableInput is whom to keep out, why, and until when.
type DisableInput struct {
	Actor  domain.Actor
	From   domain.Origin
	User   domain.UserID
	Reason string
	Until  time.Time // zero: until somebody enables them
}

// Disable keeps a user out. Their sessions end now. domain.ErrLastAdmin for the last administrator. A closed account stays closed:
// that keeps its owner out as well.
func (s *Service) Disable(ctx context.Context, in DisableInput) error {
	now := s.System.Now()
	return s.change(ctx, in.Actor, domain.UserWrite, in.User, now, func(ctx context.Context, tx *store.Tx, user domain.User) error {
		if err := checkDisable(in, now); err != nil || user.IsClosed() {
			return err
		}
		sessions := base.Ending{By: in.Actor, From: in.From, Reason: domain.EndedByDisable}
		if err := s.suspend(ctx, tx, user, in.Reason, in.Until, sessions, now); err != nil {
			return err
		}
		disabled := domain.UserEvent(domain.EventUserDisabled, in.Actor, in.From, user.ID) // the reason may name people: it is not for the log
		if !in.Until.IsZero() {
			disabled = disabled.With("until", in.Until.UTC().Format(time.RFC3339))
		}
		return s.Audit.Record(ctx, tx, now, disabled)
	})
}

func checkDisable(in DisableInput, now time.Time) error {
	err := domain.CheckLine("reason", in.Reason, maxReason)
	if !in.Until.IsZero() && !in.Until.After(now) {
		err = domain.MergeFields(err, domain.ErrInvalidFields(domain.FieldError{Field: "until", Code: "invalid", Text: "until must be in the future"}))
	}
	return err
}

// ChangeInput is whom an operator means.
type ChangeInput struct {
	Actor domain.Actor
	From  domain.Origin
	User  domain.UserID
}

// Enable lets a user in again, and opens a closed account as it was. Sessions that ended stay so. It changes nothing for a user who
// may act already.
func (s *Service) Enable(ctx context.Context, in ChangeInput) error {
	now := s.System.Now()
	return s.change(ctx, in.Actor, domain.UserWrite, in.User, now, func(ctx context.Context, tx *store.Tx, user domain.User) error {
		if user.State == domain.Active {
			return nil
		}
		user.Enable(now)
		if err := tx.Principals.Update(ctx, user.Principal); err != nil {
			return err
		}
		if err := tx.Erasure.Schedule(ctx, user.ID, time.Time{}); err != nil {
			return err
		}
		tx.Changed(domain.ChangePrincipal, string(user.ID))
		return s.Audit.Record(ctx, tx, now, domain.UserEvent(domain.EventUserEnabled, in.Actor, in.From, user.ID))
	})
}

// EndAll logs a user out everywhere, and says how many sessions it ended.
func (s *Service) EndAll(ctx context.Context, in ChangeInput) (ended int, err error) {
	now := s.System.Now()
	err = s.change(ctx, in.Actor, domain.UserWrite, in.User, now, func(ctx context.Context, tx *store.Tx, user domain.User) error {
		ids, err := s.EndAllSessions(ctx, tx, user.ID, base.Ending{By: in.Actor, From: in.From, Reason: domain.EndedByAdmin}, now)
		ended = len(ids)
		return err
	})
	return ended, err
}
