// Package admin makes the first administrator: at the command line, or once from the environment.
package admin

import (
	"context"
	"errors"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/secure"
	"github.com/signet-auth/signet/ports/store"
	"github.com/signet-auth/signet/ports/sys"
)

// bootstrapped is the flag that makes bootstrapping a thing of the first start only: a password that was left in the
// environment must not bring back an administrator who was removed.
const bootstrapped = "admin_bootstrapped"

// CreateInput is the new administrator.
type CreateInput struct {
	Email    string
	Password domain.Secret
}

// Create makes a user whose mailbox counts as proved, with every platform permission. Whoever can call it already has the
// database: it is not reachable over HTTP.
type Create struct {
	Store    store.Store
	System   sys.System
	Hasher   secure.PasswordHasher
	Password domain.PasswordPolicy
}

// Handle makes the administrator. domain.ErrEmailTaken when the address has an account.
func (u *Create) Handle(ctx context.Context, in CreateInput) (domain.UserID, error) {
	user, err := u.user(ctx, in)
	if err != nil {
		return "", err
	}
	return user.ID, u.Store.WithinTx(ctx, func(ctx context.Context, tx *store.Tx) error { return u.insert(ctx, tx, user) })
}

// Bootstrap makes the administrator of the environment, once in the life of a deployment, and tells whether it did.
func (u *Create) Bootstrap(ctx context.Context, in CreateInput) (bool, error) {
	_, err := u.Store.Read().Meta.Get(ctx, bootstrapped)
	if err == nil || !errors.Is(err, domain.ErrNotFound) {
		return false, err
	}
	user, err := u.user(ctx, in)
	if err != nil {
		return false, err
	}
	var done bool
	err = u.Store.WithinTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		winner, err := tx.Meta.PutOnce(ctx, bootstrapped, string(user.ID))
		if done = winner == string(user.ID); err != nil || !done {
			return err // a replica that started at the same time was first
		}
		return u.insert(ctx, tx, user)
	})
	return done && err == nil, err
}

func (u *Create) user(ctx context.Context, in CreateInput) (domain.User, error) {
	email, err := domain.ParseEmail(in.Email)
	if err := domain.MergeFields(err, u.Password.Check("password", in.Password, email.Canonical())); err != nil {
		return domain.User{}, err
	}
	place, err := u.Hasher.Reserve(ctx)
	if err != nil {
		return domain.User{}, err
	}
	defer place.Release()
	hash, err := place.Hash(in.Password)
	if err != nil {
		return domain.User{}, err
	}
	now := u.System.Now()
	user := domain.NewUser(domain.UserID(u.System.NewID()), email, hash, domain.PersonName{}, now)
	user.VerifyEmail(now)
	return user, nil
}

func (u *Create) insert(ctx context.Context, tx *store.Tx, user domain.User) error {
	if err := tx.Users.Insert(ctx, user); err != nil {
		return err
	}
	if err := tx.Registrations.DeleteByEmail(ctx, user.Email); err != nil {
		return err
	}
	for _, role := range []domain.RoleID{domain.RolePlatformDefault, domain.RolePlatformAdmin} {
		a := domain.Assignment{ID: domain.AssignmentID(u.System.NewOrderedID()), PrincipalID: user.ID.Principal(), RoleID: role, CreatedAt: user.CreatedAt}
		if _, err := tx.Roles.Assign(ctx, a); err != nil {
			return err
		}
	}
	tx.Changed(domain.ChangePrincipal, string(user.ID))
	registered := u.event(domain.EventUserRegistered, user)
	granted := u.event(domain.EventGrantAdded, user).With("role_id", string(domain.RolePlatformAdmin))
	granted.ServiceID = domain.PlatformID
	return tx.Audit.Add(ctx, registered, granted)
}

func (u *Create) event(kind domain.EventType, user domain.User) domain.Event {
	return domain.NewEvent(domain.EventID(u.System.NewOrderedID()), user.CreatedAt, kind, domain.System(), domain.Origin{}, "user", string(user.ID))
}
