package bunsql

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

type heldRow struct {
	bun.BaseModel `bun:"alias:h"`

	Principal domain.PrincipalID `bun:"principal_id,type:uuid"`
	ID        domain.RoleID      `bun:"id,type:uuid"`
	Name      string             `bun:"name"`
	Level     domain.Level       `bun:"level"`
	ExpiresAt time.Time          `bun:"expires_at,nullzero"`
	Pattern   domain.Pattern     `bun:"pattern,nullzero"`
}

type grants struct{ conn }

func (s grants) Held(ctx context.Context, principal domain.PrincipalID, service domain.ServiceID) ([]domain.HeldRole, error) {
	held, err := s.HeldBy(ctx, []domain.PrincipalID{principal}, service)
	return held[principal], err
}

// HeldBy walks the includes in the database. UNION without ALL drops duplicates, so that a cycle ends. A row whose role belongs to another
// service than the row says has no effect, and roles at other services cost nothing. CROSS JOIN fixes the join order for SQLite, which
// would otherwise begin with the roles of the service and read all their holders.
func (s grants) HeldBy(ctx context.Context, principals []domain.PrincipalID, service domain.ServiceID) (map[domain.PrincipalID][]domain.HeldRole, error) {
	known := ids(principals)
	if len(known) == 0 || !isID(service) {
		return nil, nil //nolint:nilnil // an empty map
	}
	var rows []heldRow
	err := s.scan(ctx, &rows, `
		WITH RECURSIVE held (principal_id, role_id, expires_at, level) AS (
			SELECT a.principal_id, a.role_id, a.expires_at, CASE WHEN r.min_level > s.min_level THEN r.min_level ELSE s.min_level END
			FROM assignments a CROSS JOIN services s CROSS JOIN roles r
			WHERE a.principal_id IN (?0) AND a.service_id = ?1 AND s.id = ?1 AND r.id = a.role_id AND r.service_id = ?1 AND r.deleted_at IS NULL
			UNION
			SELECT h.principal_id, i.included_id, h.expires_at, CASE WHEN r.min_level > h.level THEN r.min_level ELSE h.level END
			FROM held h CROSS JOIN role_includes i CROSS JOIN roles r
			WHERE i.role_id = h.role_id AND r.id = i.included_id AND r.service_id = ?1 AND r.deleted_at IS NULL
		)
		SELECT h.principal_id, r.id, r.name, h.level, h.expires_at, p.pattern
		FROM held h CROSS JOIN roles r LEFT JOIN role_permissions p ON p.role_id = r.id
		WHERE r.id = h.role_id
		ORDER BY h.principal_id, r.name, r.id, h.level, h.expires_at, p.pattern`, bun.List(known), service)
	if err = list(err); err != nil {
		return nil, err
	}
	held := make(map[domain.PrincipalID][]domain.HeldRole, len(known))
	for len(rows) > 0 {
		n := 1
		for n < len(rows) && rows[n].Principal == rows[0].Principal {
			n++
		}
		held[rows[0].Principal], rows = joinWays(rows[:n]), rows[n:]
	}
	return held, nil
}

// joinWays merges the rows about one role of one principal from one level on. If several assignments lead to it, the latest end counts; no
// end is later than any end.
func joinWays(rows []heldRow) []domain.HeldRole {
	var all []domain.HeldRole
	seen := map[domain.Pattern]bool{}
	for i, row := range rows {
		if i == 0 || row.ID != rows[i-1].ID || row.Level != rows[i-1].Level {
			clear(seen)
			all = append(all, domain.HeldRole{ID: row.ID, Name: row.Name, Level: minLevel(row.Level), ExpiresAt: utc(row.ExpiresAt)})
		}
		role := &all[len(all)-1] // rows about one role and level follow each other
		role.ExpiresAt = domain.LaterEnd(role.ExpiresAt, utc(row.ExpiresAt))
		if row.Pattern != "" && !seen[row.Pattern] {
			seen[row.Pattern] = true
			role.Patterns = append(role.Patterns, row.Pattern)
		}
	}
	return all
}

func (s grants) Elsewhere(ctx context.Context, principal domain.PrincipalID, now time.Time) (there bool, err error) {
	if !isID(principal) {
		return false, nil
	}
	err = s.scan(ctx, &there, `SELECT EXISTS (SELECT 1 FROM assignments a
			JOIN roles r ON r.id = a.role_id AND r.service_id = a.service_id AND r.deleted_at IS NULL
			JOIN services s ON s.id = a.service_id
		WHERE a.principal_id = ? AND a.service_id <> ? AND (a.expires_at IS NULL OR a.expires_at > ?) AND s.state = ?)`,
		principal, domain.PlatformID, now, domain.ServiceActive)
	return there, err
}

func (s grants) Assigned(ctx context.Context, principal domain.PrincipalID, n int) ([]domain.ListedAssignment, error) {
	if !isID(principal) {
		return nil, nil
	}
	return s.listAssignments(ctx, bun.SafeQuery("asg.principal_id = ?", principal), store.Page{Limit: n})
}

func (s grants) WithoutFactor(ctx context.Context, now time.Time, n int) ([]domain.Unfactored, error) {
	var rows []struct {
		ID    domain.UserID `bun:"id,type:uuid"`
		Email string        `bun:"email_canonical"`
	}
	err := s.patient().scan(ctx, &rows, `SELECT u.id, u.email_canonical FROM users u JOIN principals p ON p.id = u.id
		WHERE u.id IN (SELECT a.principal_id FROM roles r CROSS JOIN assignments a
				WHERE r.service_id = ?0 AND r.deleted_at IS NULL AND r.id <> ?1 AND a.role_id = r.id AND a.service_id = ?0 AND (a.expires_at IS NULL OR a.expires_at > ?2))
			AND p.state = ?3 AND NOT EXISTS (SELECT 1 FROM factors f WHERE f.user_id = u.id AND f.confirmed_at IS NOT NULL)
		ORDER BY u.email_canonical LIMIT ?4`, domain.PlatformID, domain.RolePlatformDefault, now, domain.Active, n)
	all := make([]domain.Unfactored, len(rows))
	for i, row := range rows {
		all[i] = domain.Unfactored{ID: row.ID, Email: row.Email}
	}
	return all, list(err)
}

// Known leaves out the shared vocabulary at the platform: nobody must already hold a right that a later release adds.
func (s grants) Known(ctx context.Context, service domain.ServiceID) ([]string, error) {
	if !isID(service) {
		return nil, nil
	}
	var names []string
	err := s.scan(ctx, &names, `SELECT name FROM permissions WHERE service_id = ?0 UNION
		SELECT name FROM permissions WHERE service_id IS NULL AND ?0 <> ?1 ORDER BY name`, service, domain.PlatformID)
	return names, list(err)
}
