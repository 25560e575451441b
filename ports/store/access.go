package store

import (
	"context"
	"time"

	"github.com/signet-auth/signet/domain"
)

// ServiceReader reads services. Deleted ones are not found.
type ServiceReader interface {
	ByID(ctx context.Context, id domain.ServiceID) (domain.Service, error)
	// Find takes a key, an id or a name, in this order, so that a name can't shadow another service's key.
	Find(ctx context.Context, ref string) (domain.Service, error)
}

// Services writes services.
type Services interface {
	ServiceReader
	// Insert writes the service, its service account and its reserved permissions. A key or name in use is
	// domain.Conflict with code "name_taken".
	Insert(ctx context.Context, s domain.Service, reserved []domain.Permission) error
	// Update writes name, description, state, token type, PV and UpdatedAt.
	Update(ctx context.Context, s domain.Service) error
}

// Roles writes roles, permissions and who holds them.
type Roles interface {
	// Insert writes a role with its patterns and includes. A name in use at the service is a conflict "name_taken".
	Insert(ctx context.Context, r domain.Role) error
	// InsertPermission writes a permission. A name in use at the service is a conflict "name_taken".
	InsertPermission(ctx context.Context, p domain.Permission) error
	// Defaults are the ids of the roles that every new user gets.
	Defaults(ctx context.Context, service domain.ServiceID) ([]domain.RoleID, error)
	// LastAdmin tells whether a user is the only one who may act and holds the platform's administrator role for good, by
	// assignment or because another role includes it. It lets one transaction at a time past it, so that of two administrators
	// who leave at once the second one hears of the first: ask it before what takes the user away, and in the same transaction.
	LastAdmin(ctx context.Context, user domain.UserID, now time.Time) (bool, error)
	// Assign gives a role and tells whether it is new; again, it changes nothing.
	Assign(ctx context.Context, a domain.Assignment) (bool, error)
}

// GrantReader reads what principals hold.
type GrantReader interface {
	// Held are the roles a principal holds at a service, the included ones too, with their patterns. Ended assignments may be
	// among them: domain.EvaluateGrants judges.
	Held(ctx context.Context, principal domain.PrincipalID, service domain.ServiceID) ([]domain.HeldRole, error)
	// Assigned lists what a principal was given, at all services, ended assignments too: newest first, at most n.
	Assigned(ctx context.Context, principal domain.PrincipalID, n int) ([]domain.AssignedRole, error)
	// Known are the names of the permissions that exist for a service, the shared vocabulary included.
	Known(ctx context.Context, service domain.ServiceID) ([]string, error)
}
