package bunsql

import (
	"context"
	"time"

	"github.com/uptrace/bun"
)

type expiredRows struct{ conn }

func (s expiredRows) Sessions(ctx context.Context, before time.Time, n int) (int, error) {
	return s.remove(ctx, "sessions", "id", n, "COALESCE(ended_at, expires_at) < ? ORDER BY COALESCE(ended_at, expires_at)", before)
}

func (s expiredRows) Flows(ctx context.Context, before time.Time, n int) (int, error) {
	return s.remove(ctx, "flows", "id", n, "expires_at < ? ORDER BY expires_at", before)
}

func (s expiredRows) Factors(ctx context.Context, before time.Time, n int) (int, error) {
	return s.remove(ctx, "factors", "id", n, "confirmed_at IS NULL AND created_at < ? ORDER BY created_at", before)
}

func (s expiredRows) TrustedDevices(ctx context.Context, before time.Time, n int) (int, error) {
	return s.remove(ctx, "device_tokens", "id", n, "expires_at < ? ORDER BY expires_at", before)
}

func (s expiredRows) Registrations(ctx context.Context, before time.Time, n int) (int, error) {
	return s.remove(ctx, "registrations", "id", n, "expires_at < ? ORDER BY expires_at", before)
}

func (s expiredRows) Messages(ctx context.Context, before time.Time, n int) (int, error) {
	return s.remove(ctx, "outbox", "id", n, "COALESCE(delivered_at, parked_at) < ? ORDER BY COALESCE(delivered_at, parked_at)", before)
}

// AppTokens uses the one index over both ends.
func (s expiredRows) AppTokens(ctx context.Context, before time.Time, n int) (int, error) {
	over := bun.SafeQuery("COALESCE(revoked_at, expires_at) < ? ORDER BY COALESCE(revoked_at, expires_at)", before)
	if err := s.execute(ctx, "DELETE FROM token_use WHERE token_id IN (SELECT id FROM app_tokens WHERE ? LIMIT ?)", over, n); err != nil {
		return 0, err
	}
	return s.remove(ctx, "app_tokens", "id", n, "COALESCE(revoked_at, expires_at) < ? ORDER BY COALESCE(revoked_at, expires_at)", before)
}

func (s expiredRows) Lockouts(ctx context.Context, before time.Time, n int) (int, error) {
	return s.remove(ctx, "login_failures", "key", n,
		"updated_at < ? AND (locked_until IS NULL OR locked_until < ?) ORDER BY updated_at", before, before)
}

func (s expiredRows) Assignments(ctx context.Context, before time.Time, n int) (int, error) {
	return s.remove(ctx, "assignments", "id", n, "expires_at < ? ORDER BY expires_at", before)
}

// Events uses both indexes of time: personal data may remain whose events were dropped with their month.
func (s expiredRows) Events(ctx context.Context, before time.Time, n int) (int, error) {
	events, err := s.remove(ctx, "audit_events", "id", n, "at < ? ORDER BY at, id", before)
	if err != nil {
		return 0, err
	}
	traces, err := s.remove(ctx, "event_pii", "event_id", n, "at < ? ORDER BY at", before)
	return max(events, traces), err
}

// removal is one kind of rows to remove.
type removal struct{ table, key, over string }

// The rows of deleted roles and services, each after those that refer to it.
var (
	deletedRoles = []removal{
		{"assignments", "id", "role_id IN (SELECT id FROM roles WHERE deleted_at IS NOT NULL)"},
		{"roles", "id", "deleted_at IS NOT NULL AND NOT EXISTS (SELECT 1 FROM assignments a WHERE a.role_id = roles.id)"},
	}
	deletedServices = []removal{
		{"assignments", "id", "service_id IN (SELECT id FROM services WHERE deleted_at IS NOT NULL)"},
		{"assignments", "id", "principal_id IN (SELECT id FROM services WHERE deleted_at IS NOT NULL)"},
		{"roles", "id", `service_id IN (SELECT id FROM services WHERE deleted_at IS NOT NULL) AND NOT EXISTS (SELECT 1 FROM assignments a WHERE a.role_id = roles.id)`},
		{"permissions", "id", "service_id IN (SELECT id FROM services WHERE deleted_at IS NOT NULL)"},
		{"token_use", "secret_id", "token_id IN (SELECT t.id FROM app_tokens t JOIN services s ON s.id = t.service_id WHERE s.deleted_at IS NOT NULL)"},
		{"app_tokens", "id", "service_id IN (SELECT id FROM services WHERE deleted_at IS NOT NULL)"},
	}
)

func (s expiredRows) OfDeletedRoles(ctx context.Context, n int) (int, error) {
	return s.removeEach(ctx, deletedRoles, n)
}

// OfDeletedServices deletes the includes of their roles first: roles that include each other can't be deleted one by one.
func (s expiredRows) OfDeletedServices(ctx context.Context, n int) (int, error) {
	err := s.execute(ctx, `DELETE FROM role_includes WHERE role_id IN (
		SELECT r.id FROM roles r JOIN services s ON s.id = r.service_id WHERE s.deleted_at IS NOT NULL)`)
	if err != nil {
		return 0, err
	}
	return s.removeEach(ctx, deletedServices, n)
}

func (s expiredRows) CountOfDeletedServices(ctx context.Context) (left int, err error) {
	for _, kind := range deletedServices {
		if kind.table == "roles" { // also those that are still assigned
			kind.over = "service_id IN (SELECT id FROM services WHERE deleted_at IS NOT NULL)"
		}
		var n int
		if err := s.scan(ctx, &n, "SELECT count(*) FROM ? WHERE ?", bun.Ident(kind.table), bun.SafeQuery(kind.over)); err != nil {
			return 0, err
		}
		left += n
	}
	return left, nil
}

// removeEach goes on to the next kind until n rows are removed.
func (s expiredRows) removeEach(ctx context.Context, kinds []removal, n int) (removed int, err error) {
	for _, kind := range kinds {
		some, err := s.remove(ctx, kind.table, kind.key, n-removed, kind.over)
		if removed += some; err != nil || removed >= n {
			return removed, err
		}
	}
	return removed, nil
}

// remove finds rows once, skips those that others have locked, and deletes them. The rows are found once because a planner that runs the
// subquery in a loop would delete more than n.
func (s expiredRows) remove(ctx context.Context, table, key string, n int, over string, args ...any) (int, error) {
	removed, err := s.count(ctx, `
		WITH due AS MATERIALIZED (SELECT ? AS key FROM ? WHERE ? LIMIT ? ?)
		DELETE FROM ? WHERE ? IN (SELECT key FROM due)`,
		bun.Ident(key), bun.Ident(table), bun.SafeQuery(over, args...), n, s.owner.dialect.SkipLocked, bun.Ident(table), bun.Ident(key))
	return int(removed), err
}
