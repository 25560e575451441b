package password

import (
	"context"
	"errors"
	"time"

	"github.com/signet-auth/signet/app/auth"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

// makeUser makes the account of the newest registration that waits under the address, with the new password, and drops the
// rest: whoever registered, the mailbox was proved by who sets this password.
func (u *Reset) makeUser(ctx context.Context, tx *store.Tx, flow domain.Flow, hash string, from domain.Origin, now time.Time) error {
	email := domain.RestoreEmail(flow.Address, flow.Address)
	_, err := tx.Users.ByEmail(ctx, email)
	if err == nil {
		return errReset // a registration was proved meanwhile: this link is not of that account
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
		return errReset
	}
	if err := consume(ctx, tx, flow, now); err != nil {
		return err
	}
	user := newest.User(now)
	user.PasswordHash = hash
	if err := auth.InsertUser(ctx, tx, u.System, user, domain.Anonymous(), from, now); err != nil {
		return err
	}
	if err := tx.Registrations.DeleteByEmail(ctx, email); err != nil {
		return err
	}
	if err := tx.Lockouts.Clear(ctx, u.Guard.RunKey(email)); err != nil {
		return err
	}
	err = tx.Audit.Add(ctx,
		u.event(domain.EventUserVerified, domain.Anonymous(), from, user.ID, now),
		u.event(domain.EventPasswordReset, domain.Anonymous(), from, user.ID, now))
	if err != nil {
		return err
	}
	return u.tell(ctx, tx, user, from, now)
}
