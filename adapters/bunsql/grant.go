package bunsql

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"github.com/signet-auth/signet/domain"
)

type heldRow struct {
	bun.BaseModel `bun:"alias:h"`

	ID        domain.RoleID  `bun:"id,type:uuid"`
	Name      string         `bun:"name"`
	ExpiresAt time.Time      `bun:"expires_at,nullzero"`
	Pattern   domain.Pattern `bun:"pattern,nullzero"`
}

type grants struct{ conn }

// Held walks the includes in the database. UNION without ALL drops what was seen, so that a cycle comes to an end.
func (s grants) Held(ctx context.Context, principal domain.PrincipalID, service domain.ServiceID) ([]domain.HeldRole, error) {
	if !isID(principal) || !isID(service) {
		return nil, nil
	}
	var rows []heldRow
	err := s.scan(ctx, &rows, `
		WITH RECURSIVE held (role_id, expires_at) AS (
			SELECT a.role_id, a.expires_at FROM assignments a JOIN roles r ON r.id = a.role_id
			WHERE a.principal_id = ? AND r.service_id = ?
			UNION
			SELECT i.included_id, h.expires_at FROM held h JOIN role_includes i ON i.role_id = h.role_id
		)
		SELECT r.id, r.name, h.expires_at, p.pattern
		FROM held h JOIN roles r ON r.id = h.role_id LEFT JOIN role_permissions p ON p.role_id = r.id
		ORDER BY r.name, r.id, h.expires_at, p.pattern`, principal, service)
	return joinWays(rows), list(err)
}

// joinWays makes one role of the rows about it. The latest end among the ways that lead to it counts; no end is later than any.
func joinWays(rows []heldRow) []domain.HeldRole {
	var all []domain.HeldRole
	seen := map[domain.RoleID]map[domain.Pattern]bool{}
	for _, row := range rows {
		if seen[row.ID] == nil {
			seen[row.ID] = map[domain.Pattern]bool{}
			all = append(all, domain.HeldRole{ID: row.ID, Name: row.Name, ExpiresAt: utc(row.ExpiresAt)})
		}
		role := &all[len(all)-1] // rows about one role follow each other
		if row.ExpiresAt.IsZero() || !role.ExpiresAt.IsZero() && row.ExpiresAt.After(role.ExpiresAt) {
			role.ExpiresAt = utc(row.ExpiresAt)
		}
		if row.Pattern != "" && !seen[row.ID][row.Pattern] {
			seen[row.ID][row.Pattern] = true
			role.Patterns = append(role.Patterns, row.Pattern)
		}
	}
	return all
}

type assignedRow struct {
	bun.BaseModel `bun:"alias:a"`

	RoleID     domain.RoleID    `bun:"role_id,type:uuid"`
	Role       string           `bun:"role"`
	ServiceID  domain.ServiceID `bun:"service_id,type:uuid"`
	ServiceKey string           `bun:"service_key"`
	CreatedAt  time.Time        `bun:"created_at"`
	ExpiresAt  time.Time        `bun:"expires_at,nullzero"`
}

func (r *assignedRow) role() domain.AssignedRole {
	return domain.AssignedRole{
		RoleID: r.RoleID, Role: r.Role, ServiceID: r.ServiceID, ServiceKey: r.ServiceKey, CreatedAt: utc(r.CreatedAt), ExpiresAt: utc(r.ExpiresAt),
	}
}

func (s grants) Assigned(ctx context.Context, principal domain.PrincipalID, n int) ([]domain.AssignedRole, error) {
	if !isID(principal) {
		return nil, nil
	}
	var rows []assignedRow
	err := s.scan(ctx, &rows, `
		SELECT a.role_id, r.name AS role, r.service_id, v.key AS service_key, a.created_at, a.expires_at
		FROM assignments a JOIN roles r ON r.id = a.role_id JOIN services v ON v.id = r.service_id
		WHERE a.principal_id = ? ORDER BY a.created_at DESC, a.id DESC LIMIT ?`, principal, n)
	return mapped(rows, (*assignedRow).role), list(err)
}

func (s grants) Known(ctx context.Context, service domain.ServiceID) ([]string, error) {
	if !isID(service) {
		return nil, nil
	}
	var names []string
	err := s.scan(ctx, &names, `SELECT name FROM permissions WHERE service_id = ? UNION
		SELECT name FROM permissions WHERE service_id IS NULL ORDER BY name`, service)
	return names, list(err)
}
