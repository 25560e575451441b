package user

import (
	"context"
	"time"

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

// Disable keeps a user out. Their sessions end now.
type Disable struct{ Account }

// Handle is domain.ErrLastAdmin for the last administrator. A closed account stays closed: that keeps its owner out as well.
func (u *Disable) Handle(ctx context.Context, in DisableInput) error {
	now := u.System.Now()
	return u.change(ctx, in.Actor, domain.UserWrite, in.User, now, func(ctx context.Context, tx *store.Tx, user domain.User) error {
		if err := checkDisable(in, now); err != nil || user.IsClosed() {
			return err
		}
		out := suspension{by: in.Actor, from: in.From, reason: in.Reason, until: in.Until, ends: domain.EndedByDisable}
		if err := suspend(ctx, tx, u.Ender, user, out, now); err != nil {
			return err
		}
		disabled := event(u.System, domain.EventUserDisabled, in.Actor, in.From, user.ID, now) // the reason may name people: it is not for the log
		if !in.Until.IsZero() {
			disabled = disabled.With("until", in.Until.UTC().Format(time.RFC3339))
		}
		return tx.Audit.Add(ctx, disabled)
	})
}

func checkDisable(in DisableInput, now time.Time) error {
	err := domain.CheckLine("reason", in.Reason, maxReason)
	if !in.Until.IsZero() && !in.Until.After(now) {
		err = domain.MergeFields(err, domain.ErrInvalidFields(domain.FieldError{Field: "until", Code: "invalid", Text: "until must be in the future"}))
	}
	return err
}
