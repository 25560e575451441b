package store

import (
	"context"
	"time"

	"github.com/signet-auth/signet/domain"
)

// AssignmentFilter selects assignments that are live at Now, of existing roles. Zero members select everything.
type AssignmentFilter struct {
	Principal domain.PrincipalID
	Service   domain.ServiceID
	Role      domain.RoleID
	Now       time.Time
}

// AssignmentReader reads who was given which role.
type AssignmentReader interface {
	// List is newest first. A filter names a principal, a service or a role.
	List(ctx context.Context, f AssignmentFilter, page Page) ([]domain.ListedAssignment, error)
	// Count counts the principals that hold a role directly, up to a maximum.
	CountHolders(ctx context.Context, role domain.RoleID, now time.Time, most int) (int, error)
}

// Assignments writes them.
type Assignments interface {
	AssignmentReader
	// OfRole reads who of the principals was given a role, ended assignments too.
	OfRole(ctx context.Context, role domain.RoleID, principals []domain.PrincipalID) (map[domain.PrincipalID]domain.Assignment, error)
	// CountLive counts the live assignments of each of the principals.
	CountLive(ctx context.Context, principals []domain.PrincipalID, now time.Time) (map[domain.PrincipalID]int, error)
	// Assign gives a role and tells whether it is new; again, it changes nothing.
	Assign(ctx context.Context, a domain.Assignment) (bool, error)
	// Put writes assignments; each replaces one of the same principal and role.
	Put(ctx context.Context, all ...domain.Assignment) error
	Delete(ctx context.Context, id domain.AssignmentID) error
	// LastAdmin tells whether a user is the only one who may act and holds the platform's administrator role for good, by assignment or
	// because another role includes it. It serializes transactions, so that of two administrators who leave at the same time the second one
	// sees the first: call it in the same transaction, before the user is removed.
	LastAdmin(ctx context.Context, user domain.UserID, now time.Time) (bool, error)
	// KeepsAdmin tells whether, within this transaction, any user who may act holds the platform's administrator role without an end. Call it
	// after a change of a role or assignment through which others hold it. It takes the same lock as LastAdmin.
	KeepsAdmin(ctx context.Context, now time.Time) (bool, error)
}

// GrantReader reads what principals hold.
type GrantReader interface {
	// Held are the roles a principal holds at a service, the included ones too, with their patterns. Ended assignments may be
	// among them: domain.EvaluateGrants judges.
	Held(ctx context.Context, principal domain.PrincipalID, service domain.ServiceID) ([]domain.HeldRole, error)
	// HeldBy is Held for several principals, in one statement.
	HeldBy(ctx context.Context, principals []domain.PrincipalID, service domain.ServiceID) (map[domain.PrincipalID][]domain.HeldRole, error)
	// Elsewhere tells whether a principal has an assignment that counts at an active service other than the platform.
	Elsewhere(ctx context.Context, principal domain.PrincipalID, now time.Time) (bool, error)
	// Assigned lists what a principal was given, at all services, ended assignments too: newest first, at most n.
	Assigned(ctx context.Context, principal domain.PrincipalID, n int) ([]domain.ListedAssignment, error)
	// WithoutFactor are the users who may act, hold a role of the platform beside the one that everybody has, and have no confirmed second
	// factor; at most n, by address.
	WithoutFactor(ctx context.Context, now time.Time, n int) ([]domain.Unfactored, error)
	// Known are the names of the permissions that exist at a service: its own, and the shared vocabulary unless it is the platform.
	Known(ctx context.Context, service domain.ServiceID) ([]string, error)
}
