package profile

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/signet-auth/signet/app/access"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
	"github.com/signet-auth/signet/ports/sys"
)

// UpdateInput is what to change: what is nil stays as it is, what is empty is cleared. Metadata is JSON whose syntax was
// checked; it replaces what was there as a whole.
type UpdateInput struct {
	Actor     domain.Actor
	From      domain.Origin
	FirstName *string
	LastName  *string
	Locale    *string
	Metadata  *string
}

// Update changes what a person says about themselves.
type Update struct {
	Store  store.Store
	System sys.System
}

// Handle returns the user as they are now. The user is read under the lock of their principal, so parallel changes of different
// members all survive.
func (u *Update) Handle(ctx context.Context, in UpdateInput) (domain.User, error) {
	if err := access.RequirePlatformUser(in.Actor); err != nil {
		return domain.User{}, err
	}
	change, err := domain.NewProfileChange(in.FirstName, in.LastName, in.Locale, in.Metadata)
	if err != nil {
		return domain.User{}, err
	}
	now := u.System.Now()
	id := domain.UserID(in.Actor.ID)
	var user domain.User
	err = u.Store.WithinTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		if _, err := lock(ctx, tx, id, now); err != nil {
			return err
		}
		if user, err = tx.Users.ByID(ctx, id); err != nil {
			return err
		}
		changed := user.Revise(change, now)
		if len(changed) == 0 {
			return nil
		}
		if err := tx.Users.Update(ctx, user); err != nil {
			return err
		}
		tx.Changed(domain.ChangePrincipal, string(id))
		event := domain.NewEvent(domain.EventID(u.System.NewOrderedID()), now, domain.EventUserUpdated, in.Actor, in.From, "user", string(id))
		return tx.Audit.Add(ctx, event.With("changed", strings.Join(changed, " "))) // the names, not the values
	})
	user.Principal = user.AsOf(now)
	return user, err
}

// lock holds the principal of a user. Whoever was disabled or deleted meanwhile has an account no more, and a token that is none.
func lock(ctx context.Context, tx *store.Tx, id domain.UserID, now time.Time) (domain.Principal, error) {
	p, err := tx.Principals.Lock(ctx, id.Principal())
	if errors.Is(err, domain.ErrNotFound) || err == nil && !p.IsActive(now) {
		return domain.Principal{}, domain.ErrTokenInvalid
	}
	return p, err
}
