package store

import (
	"context"
	"time"

	"github.com/signet-auth/signet/domain"
)

// RoleReader reads roles, each with its patterns, sorted, and what it includes. Deleted ones are not found.
type RoleReader interface {
	ByID(ctx context.Context, id domain.RoleID) (domain.Role, error)
	// List is the roles of a service, newest first, in three statements whatever their number.
	List(ctx context.Context, service domain.ServiceID, page Page) ([]domain.Role, error)
	// Closure is the patterns of a role and of all it includes, sorted.
	Closure(ctx context.Context, id domain.RoleID) ([]domain.Pattern, error)
	// All is every role of a service: the nodes of a domain.RoleGraph.
	All(ctx context.Context, service domain.ServiceID) ([]domain.Role, error)
}

// PermissionFilter selects permissions.
type PermissionFilter struct {
	Services []domain.ServiceID // those of these services
	Shared   bool               // and the shared ones
	Everyone bool               // or all permissions
	Prefix   string             // those whose name has this prefix
}

// PermissionReader reads permissions.
type PermissionReader interface {
	ByID(ctx context.Context, id domain.PermissionID) (domain.Permission, error)
	// List is newest first.
	List(ctx context.Context, f PermissionFilter, page Page) ([]domain.Permission, error)
	// Usable are the permissions with these ids and names that a role of the service may contain: its own and the shared ones.
	Usable(ctx context.Context, service domain.ServiceID, ids []domain.PermissionID, names []string) ([]domain.Permission, error)
}

// Roles writes roles.
type Roles interface {
	RoleReader
	// Insert writes roles with their patterns and includes. A name in use at the service is a conflict "name_taken".
	Insert(ctx context.Context, all ...domain.Role) error
	// Update writes name, description, version and UpdatedAt, and replaces patterns and includes. A name in use is a conflict "name_taken".
	Update(ctx context.Context, r domain.Role) error
	// Delete ends a role: its patterns and its includes in both directions are deleted, it is no longer found, and its name is free. Its
	// assignments have no effect and wait to be purged.
	Delete(ctx context.Context, id domain.RoleID, now time.Time) error
	// Defaults are the ids of the roles that every new user gets.
	Defaults(ctx context.Context, service domain.ServiceID) ([]domain.RoleID, error)
	// Carrying are the live roles that name a permission exactly: of one service, or of all for the zero id.
	Carrying(ctx context.Context, service domain.ServiceID, name string) ([]domain.RoleID, error)
	// RemovePattern removes a pattern from roles, and raises the version of each.
	RemovePattern(ctx context.Context, roles []domain.RoleID, p domain.Pattern, now time.Time) error
}

// Permissions writes permissions.
type Permissions interface {
	PermissionReader
	// Lock locks a permission, so that it stays unchanged until the transaction ends.
	Lock(ctx context.Context, id domain.PermissionID, mode LockMode) (domain.Permission, error)
	// Count counts those of a service, or the shared ones for the zero id.
	Count(ctx context.Context, service domain.ServiceID) (int, error)
	// Insert writes a permission. A name in use at the service is a conflict "name_taken".
	Insert(ctx context.Context, p domain.Permission) error
	// Describe writes the description.
	Describe(ctx context.Context, id domain.PermissionID, description string) error
	Delete(ctx context.Context, id domain.PermissionID) error
}
