package store

import (
	"context"

	"github.com/signet-auth/signet/domain"
)

// Page is the requested part of a list: at most Limit rows after a cursor; the zero cursor means from the newest row.
type Page struct {
	After domain.Cursor
	Limit int
}

// ServiceReader reads services. Deleted ones are not found.
type ServiceReader interface {
	ByID(ctx context.Context, id domain.ServiceID) (domain.Service, error)
	// ByRef takes an id or a key, as paths do.
	ByRef(ctx context.Context, ref string) (domain.Service, error)
	// Find takes a key, an id or a name, in this order, so that a name can't shadow another service's key.
	Find(ctx context.Context, ref string) (domain.Service, error)
	// List is newest first. With a holder, only services at which that principal was given a role.
	List(ctx context.Context, holder domain.PrincipalID, page Page) ([]domain.Service, error)
}

// LockMode says how a row is locked: Shared allows other shared locks, Exclusive allows none.
type LockMode uint8

// The modes.
const (
	Shared LockMode = iota + 1
	Exclusive
)

// Services writes services.
type Services interface {
	ServiceReader
	// LockNames lets one transaction at a time create, rename, delete or count services, or change what all services share. It is needed
	// because a name must also differ from every key, which no index can ensure.
	LockNames(ctx context.Context) error
	// Lock locks a service until the transaction ends. domain.ErrNotFound when there is none.
	Lock(ctx context.Context, id domain.ServiceID, mode LockMode) (domain.Service, error)
	// Taken tells which member of a service is in use: "key" if its key is the key of any service, including deleted ones, or the folded name
	// of a live one; "name" if its folded name is the name or key of another live one; "" if both are free.
	Taken(ctx context.Context, s domain.Service) (field string, err error)
	// KeyOfDeleted tells whether the key was a service's that is deleted.
	KeyOfDeleted(ctx context.Context, key string) (bool, error)
	// Count counts those that are not deleted.
	Count(ctx context.Context) (int, error)
	// Insert writes the service, its service account and its reserved permissions. A key or name in use is
	// domain.Conflict with code "name_taken".
	Insert(ctx context.Context, s domain.Service, reserved []domain.Permission) error
	// Update writes all but the key and when it was made. A name in use is a conflict "name_taken".
	Update(ctx context.Context, s domain.Service) error
}
