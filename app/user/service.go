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

	providerName func(name string) string
	unreadable   func(hash string) string
}

// Parts are what the service is made of.
type Parts struct {
	Guard     *guard.Guard
	Directory *access.Directory
	Proofs    *proof.Service
	Reauth    *reauth.Service
	Cursors   domain.CursorKeys

	ProviderName func(name string) string // a provider's name for people
	Unreadable   func(hash string) string // why no password can match a hash; empty if one can
}

// New makes the service.
func New(b *base.Base, p Parts, s Settings) *Service {
	return &Service{
		Base: b, guard: p.Guard, directory: p.Directory, proofs: p.Proofs, reauth: p.Reauth, cursors: p.Cursors, settings: s,
		providerName: p.ProviderName, unreadable: p.Unreadable,
	}
}

// Account is a user with their identities at providers.
type Account struct {
	domain.User

	Identities []domain.Identity
}

// require is the first line of use cases that act on other people's accounts.
func (s *Service) require(ctx context.Context, by domain.Actor, rights ...domain.Right) error {
	for _, right := range rights {
		if err := s.directory.Require(ctx, by, right.Platform); err != nil {
			return err
		}
	}
	return nil
}

// act is an action on another person's account.
type act struct {
	ChangeInput

	rights  []domain.Right
	event   domain.EventType // its event when it is refused
	address domain.Email     // an address that is also locked; zero: none
}

// change runs fn for a user under the lock of their principal, unless the user has more rights than the actor. It returns the changed
// account.
func (s *Service) change(ctx context.Context, a act, now time.Time, fn func(context.Context, *store.Tx, *domain.User) error) (Account, error) {
	var account Account
	err := s.Store.WithinTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		user, err := s.enter(ctx, tx, a, now)
		if err != nil {
			return err
		}
		if err := fn(ctx, tx, &user); err != nil {
			return err
		}
		identities, err := tx.Identities.ByUser(ctx, user.ID)
		user.Principal = user.AsOf(now)
		account = Account{User: user, Identities: identities}
		return err
	})
	if err != nil {
		return Account{}, s.NoteRefusal(err, domain.UserEvent(a.event, a.Actor, a.From, a.User))
	}
	return account, nil
}

// enter locks, the address first, and repeats the checks that were made before the transaction.
func (s *Service) enter(ctx context.Context, tx *store.Tx, a act, now time.Time) (domain.User, error) {
	if !a.address.IsZero() {
		if err := tx.Registrations.LockAddress(ctx, a.address); err != nil {
			return domain.User{}, err
		}
	}
	standing, locked, err := s.directory.Enter(ctx, tx, a.Actor, a.rights[0], domain.PlatformService(), now, a.User.Principal())
	for _, right := range a.rights[1:] {
		if err == nil {
			_, err = standing.Right(right)
		}
	}
	if err != nil {
		return domain.User{}, err
	}
	if p, there := locked[a.User.Principal()]; !there || p.Kind != domain.KindUser {
		return domain.User{}, unknown(domain.ErrNotFound)
	}
	if _, err := s.directory.RequireRank(ctx, tx, a.Actor, a.User.Principal(), now); err != nil {
		return domain.User{}, err
	}
	user, err := tx.Users.ByID(ctx, a.User)
	return user, unknown(err)
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

// suspend disables a locked account, unless it is the last administrator's: its sessions end now, and secrets that were sent for it become
// void.
func (s *Service) suspend(ctx context.Context, tx *store.Tx, user *domain.User, reason string, until time.Time, sessions base.Ending, now time.Time) error {
	last, err := tx.Assignments.LastAdmin(ctx, user.ID, now)
	if err == nil && last {
		err = domain.ErrLastAdmin
	}
	if err != nil {
		return err
	}
	user.Principal.Disable(reason, until, now)
	user.ReplaceCredentials(now) // so that a login or change that began before fails
	if err := tx.Principals.Update(ctx, user.Principal); err != nil {
		return err
	}
	if err := s.proofs.Void(ctx, tx, domain.AccountSuspended, *user, now); err != nil {
		return err
	}
	tx.Changed(domain.ChangePrincipal, string(user.ID), domain.TokensEnded)
	_, err = s.EndAllSessions(ctx, tx, user.ID, sessions, now)
	return err
}
