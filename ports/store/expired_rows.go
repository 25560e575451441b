package store

import (
	"context"
	"time"
)

// ExpiredRows removes expired rows that nobody needs any more. Each method removes up to n rows, the oldest first where there is an order,
// and returns how many. It skips rows that another transaction has locked: any number of replicas may clean at once, each row is removed
// once, and no replica waits.
type ExpiredRows interface {
	// Sessions removes those that ended before a time, or were at their absolute end then, with their families.
	Sessions(ctx context.Context, before time.Time, n int) (int, error)
	// Flows removes one-time secrets that expired before a time, used ones too.
	Flows(ctx context.Context, before time.Time, n int) (int, error)
	// Factors removes those that were begun before a time and never confirmed.
	Factors(ctx context.Context, before time.Time, n int) (int, error)
	// TrustedDevices removes those that were at their end before a time.
	TrustedDevices(ctx context.Context, before time.Time, n int) (int, error)
	// Registrations removes those that expired before a time. Flows about them are removed when those expire.
	Registrations(ctx context.Context, before time.Time, n int) (int, error)
	// Messages removes those that were delivered or parked before a time.
	Messages(ctx context.Context, before time.Time, n int) (int, error)
	// AppTokens removes application tokens that were revoked or ended before a time, with their secrets and use.
	AppTokens(ctx context.Context, before time.Time, n int) (int, error)
	// Lockouts removes runs of failures that were last added to before a time and lock nothing then.
	Lockouts(ctx context.Context, before time.Time, n int) (int, error)
	// Events removes events of the audit log from before a time, and their traces: up to n of each, and says how many events or, where
	// there are more of those, traces.
	Events(ctx context.Context, before time.Time, n int) (int, error)
	// Assignments removes those that ended before a time.
	Assignments(ctx context.Context, before time.Time, n int) (int, error)
	// OfDeletedRoles removes assignments of roles that are deleted, then the roles.
	OfDeletedRoles(ctx context.Context, n int) (int, error)
	// OfDeletedServices removes what services owned that are deleted: assignments at them and of their accounts, roles, permissions and
	// application tokens. The services and their accounts stay: keys and ids are never used again.
	OfDeletedServices(ctx context.Context, n int) (int, error)
	// CountOfDeletedServices is how much OfDeletedServices has left to remove.
	CountOfDeletedServices(ctx context.Context) (int, error)
}
