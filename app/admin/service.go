// Package admin makes the first administrator: at the command line, or once from the environment.
package admin

import (
	"context"
	"errors"

	"github.com/signet-auth/signet/app/base"
	"github.com/signet-auth/signet/app/credential"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

// bootstrapped is the flag that limits bootstrapping to the first start: a password that was left in the environment must not bring back a
// removed administrator.
const bootstrapped = "admin_bootstrapped"

// Service makes users whose mailbox counts as proved, with every platform permission. Its callers have the database already: it is not
// reachable over HTTP.
type Service struct {
	*base.Base

	passwords *credential.Passwords
}

// New makes the service.
func New(b *base.Base, passwords *credential.Passwords) *Service {
	return &Service{Base: b, passwords: passwords}
}

// CreateInput is the new administrator.
type CreateInput struct {
	Email    string
	Password domain.Secret
}

// Create makes an administrator. domain.ErrEmailTaken when the address has an account.
func (s *Service) Create(ctx context.Context, in CreateInput) (domain.UserID, error) {
	user, err := s.newUser(ctx, in)
	if err != nil {
		return "", err
	}
	return user.ID, s.Store.WithinTx(ctx, func(ctx context.Context, tx *store.Tx) error { return s.insert(ctx, tx, user) })
}

// Bootstrap makes the administrator that the environment names, once in the life of a deployment, and tells whether it did.
func (s *Service) Bootstrap(ctx context.Context, in CreateInput) (bool, error) {
	_, err := s.Store.Read().Meta.Get(ctx, bootstrapped)
	if err == nil || !errors.Is(err, domain.ErrNotFound) {
		return false, err
	}
	user, err := s.newUser(ctx, in)
	if err != nil {
		return false, err
	}
	var done bool
	err = s.Store.WithinTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		winner, err := tx.Meta.PutOnce(ctx, bootstrapped, string(user.ID))
		if done = winner == string(user.ID); err != nil || !done {
			return err // a replica that started at the same time was first
		}
		return s.insert(ctx, tx, user)
	})
	return done && err == nil, err
}

func (s *Service) newUser(ctx context.Context, in CreateInput) (domain.User, error) {
	email, err := domain.ParseEmail(in.Email)
	if err := domain.MergeFields(err, s.passwords.Policy().Check("password", in.Password, email.Canonical())); err != nil {
		return domain.User{}, err
	}
	hash, err := s.passwords.Hash(ctx, in.Password)
	if err != nil {
		return domain.User{}, err
	}
	now := s.System.Now()
	user := domain.NewUser(domain.UserID(s.System.NewID()), email, hash, domain.PersonName{}, now)
	user.VerifyEmail(now)
	return user, nil
}

func (s *Service) insert(ctx context.Context, tx *store.Tx, user domain.User) error {
	if err := s.InsertUser(ctx, tx, user, base.NewAccount{By: domain.System(), Roles: []domain.RoleID{domain.RolePlatformAdmin}}, user.CreatedAt); err != nil {
		return err
	}
	if err := tx.Registrations.DeleteByEmail(ctx, user.Email); err != nil {
		return err
	}
	granted := domain.UserEvent(domain.EventGrantAdded, domain.System(), domain.Origin{}, user.ID).With("role_id", string(domain.RolePlatformAdmin))
	granted.ServiceID = domain.PlatformID
	return s.Audit.Record(ctx, tx, user.CreatedAt, granted)
}
