package user

import (
	"context"
	"errors"
	"time"

	"github.com/signet-auth/signet/app/access"
	"github.com/signet-auth/signet/app/base"
	"github.com/signet-auth/signet/app/guard"
	"github.com/signet-auth/signet/app/proof"
	"github.com/signet-auth/signet/app/reauth"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

// Settings are the rules of accounts.
type Settings struct {
	Grace    time.Duration // between the closing of an account and its erasure
	Sessions domain.SessionPolicy
}

// Service is the use cases. Safe for concurrent use.
type Service struct {
	*base.Base

	guard     *guard.Guard
	directory *access.Directory
	proofs    *proof.Service
	reauth    *reauth.Service
	cursors   domain.CursorKeys
	settings  Settings
}

// Parts are what the service is made of.
type Parts struct {
	Guard     *guard.Guard
	Directory *access.Directory
	Proofs    *proof.Service
	Reauth    *reauth.Service
	Cursors   domain.CursorKeys
}

// New makes the service.
func New(b *base.Base, p Parts, s Settings) *Service {
	return &Service{Base: b, guard: p.Guard, directory: p.Directory, proofs: p.Proofs, reauth: p.Reauth, cursors: p.Cursors, settings: s}
}

// change runs a change of somebody else's account: may the actor do such things, and to this one? fn gets the account under the
// lock of its principal.
func (s *Service) change(ctx context.Context, by domain.Actor, permission string, id domain.UserID, now time.Time, fn func(context.Context, *store.Tx, domain.User) error) error {
	if err := s.directory.Require(ctx, by, permission); err != nil {
		return err
	}
	return s.Store.WithinTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		user, err := lock(ctx, tx, id)
		if err != nil {
			return err
		}
		if _, err := access.RequireRank(ctx, tx, by, user.ID.Principal(), now); err != nil {
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

// suspend disables a locked account, unless it is the last administrator's: its sessions end now, and secrets that were sent for it
// open nothing any more.
func (s *Service) suspend(ctx context.Context, tx *store.Tx, user domain.User, reason string, until time.Time, sessions base.Ending, now time.Time) error {
	last, err := tx.Assignments.LastAdmin(ctx, user.ID, now)
	if err == nil && last {
		err = domain.ErrLastAdmin
	}
	if err != nil {
		return err
	}
	user.Principal.Disable(reason, until, now)
	user.ReplaceCredentials(now) // a login or a change that began before finds it risen
	if err := tx.Principals.Update(ctx, user.Principal); err != nil {
		return err
	}
	if err := s.proofs.Void(ctx, tx, domain.AccountSuspended, user, now); err != nil {
		return err
	}
	tx.Changed(domain.ChangePrincipal, string(user.ID))
	_, err = s.EndAllSessions(ctx, tx, user.ID, sessions, now)
	return err
}
