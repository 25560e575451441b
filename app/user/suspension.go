package user

import (
	"context"
	"errors"
	"time"

	"github.com/signet-auth/signet/app/access"
	"github.com/signet-auth/signet/app/session"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
	"github.com/signet-auth/signet/ports/sys"
)

// Authority says who may do what on the platform.
type Authority interface {
	Require(ctx context.Context, a domain.Actor, permission string) error
}

// Account is what the use cases of an account's state are made of.
type Account struct {
	Store     store.Store
	System    sys.System
	Authority Authority
	Ender     session.Ender
}

// change runs a change of somebody else's account: may the actor do such things, and to this one? fn gets the account under the
// lock of its principal.
func (u *Account) change(ctx context.Context, by domain.Actor, permission string, id domain.UserID, now time.Time, fn func(context.Context, *store.Tx, domain.User) error) error {
	if err := u.Authority.Require(ctx, by, permission); err != nil {
		return err
	}
	return u.Store.WithinTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		user, err := lock(ctx, tx, id)
		if err != nil {
			return err
		}
		if err := access.RequireRank(ctx, tx, by, user.ID.Principal(), now); err != nil {
			return err
		}
		return fn(ctx, tx, user)
	})
}

// lock reads an account under the lock of its principal.
func lock(ctx context.Context, tx *store.Tx, id domain.UserID) (domain.User, error) {
	principal, err := tx.Principals.Lock(ctx, id.Principal())
	if err == nil && principal.Kind != domain.KindUser {
		err = domain.ErrNotFound
	}
	if err != nil {
		return domain.User{}, unknown(err)
	}
	user, err := tx.Users.ByID(ctx, id)
	return user, unknown(err)
}

func unknown(err error) error {
	if errors.Is(err, domain.ErrNotFound) {
		return domain.ErrNotFound.Saying("There is no such user")
	}
	return err
}

// suspension is how an account is taken out of use.
type suspension struct {
	by     domain.Actor
	from   domain.Origin
	reason string
	until  time.Time
	ends   domain.EndReason // of the sessions
}

// suspend disables a locked account, unless it is the last administrator's: its sessions end now, and secrets that were sent for it
// open nothing any more.
func suspend(ctx context.Context, tx *store.Tx, ender session.Ender, user domain.User, s suspension, now time.Time) error {
	last, err := tx.Roles.LastAdmin(ctx, user.ID, now)
	if err == nil && last {
		err = domain.ErrLastAdmin
	}
	if err != nil {
		return err
	}
	user.Principal.Disable(s.reason, s.until, now)
	user.ReplaceCredentials(now) // a login or a change that began before finds it risen
	if err := tx.Principals.Update(ctx, user.Principal); err != nil {
		return err
	}
	for _, purpose := range []domain.Purpose{domain.PurposeVerifyUser, domain.PurposeResetPassword, domain.PurposeChangeEmail} {
		if err := tx.Flows.Supersede(ctx, purpose, string(user.ID), now); err != nil {
			return err
		}
	}
	tx.Changed(domain.ChangePrincipal, string(user.ID))
	_, err = ender.EndAll(ctx, tx, user.ID, s.by, s.from, s.ends)
	return err
}

func event(system sys.System, kind domain.EventType, by domain.Actor, from domain.Origin, user domain.UserID, now time.Time) domain.Event {
	return domain.NewEvent(domain.EventID(system.NewOrderedID()), now, kind, by, from, "user", string(user))
}
