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

// ChangeInput names the user.
type ChangeInput struct {
	Actor domain.Actor
	From  domain.Origin
	User  domain.UserID
}

// DisableInput is the user to keep out, the reason, and the end.
type DisableInput struct {
	ChangeInput

	Reason string    // an operator at the terminal may leave it out
	Until  time.Time // zero: until somebody enables them
}

// Disable keeps a user out. Their sessions end now. A repeated call replaces the end, and the reason if one is given. domain.ErrLastAdmin
// for the last administrator. A closed account stays closed: that keeps its owner out as well.
func (s *Service) Disable(ctx context.Context, in DisableInput) (Account, error) {
	if err := s.require(ctx, in.Actor, domain.WriteUsers); err != nil {
		return Account{}, err
	}
	now := s.System.Now()
	in, err := in.checked(now)
	if err != nil {
		return Account{}, err
	}
	disabling := act{ChangeInput: in.ChangeInput, rights: []domain.Right{domain.WriteUsers}, event: domain.EventUserDisabled}
	return s.change(ctx, disabling, now, func(ctx context.Context, tx *store.Tx, user *domain.User) error {
		if user.IsClosed() {
			return nil
		}
		reason := in.Reason
		if reason == "" && user.AsOf(now).State == domain.Disabled {
			reason = user.DisabledReason
		}
		sessions := base.Ending{By: in.Actor, From: in.From, Reason: domain.EndedByDisable}
		if err := s.suspend(ctx, tx, user, reason, in.Until, sessions, now); err != nil {
			return err
		}
		disabled := domain.UserEvent(domain.EventUserDisabled, in.Actor, in.From, user.ID) // the reason may name people, so it is not logged
		if !in.Until.IsZero() {
			disabled = disabled.With("until", in.Until.Format(time.RFC3339))
		}
		return s.Audit.Record(ctx, tx, now, disabled)
	})
}

// checked is the validated input.
func (in DisableInput) checked(now time.Time) (DisableInput, error) {
	in.Reason = domain.Line(in.Reason)
	err := domain.CheckLine("reason", in.Reason, maxReason)
	if in.Reason == "" && in.Actor.Kind != domain.ActorSystem {
		err = domain.ErrInvalidFields(domain.Required("reason"))
	}
	until, untilErr := domain.CheckEnd("until", in.Until, now)
	in.Until = until
	return in, domain.MergeFields(err, untilErr)
}

// Enable lets a user in again, and reopens a closed account as it was. Ended sessions stay ended. It changes nothing for an active user.
func (s *Service) Enable(ctx context.Context, in ChangeInput) (Account, error) {
	if err := s.require(ctx, in.Actor, domain.WriteUsers); err != nil {
		return Account{}, err
	}
	now := s.System.Now()
	enabling := act{ChangeInput: in, rights: []domain.Right{domain.WriteUsers}, event: domain.EventUserEnabled}
	return s.change(ctx, enabling, now, func(ctx context.Context, tx *store.Tx, user *domain.User) error {
		if user.State == domain.Active {
			return nil
		}
		user.Enable(now)
		if err := tx.Principals.Update(ctx, user.Principal); err != nil {
			return err
		}
		user.EraseAt = time.Time{}
		if err := tx.Erasure.Schedule(ctx, user.ID, user.EraseAt); err != nil {
			return err
		}
		tx.Changed(domain.ChangePrincipal, string(user.ID), domain.TokensStale)
		return s.Audit.Record(ctx, tx, now, domain.UserEvent(domain.EventUserEnabled, in.Actor, in.From, user.ID))
	})
}
