package bunsql

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"github.com/signet-auth/signet/domain"
)

type roleRow struct {
	bun.BaseModel `bun:"table:roles,alias:r"`

	ID          domain.RoleID    `bun:"id,pk,type:uuid"`
	ServiceID   domain.ServiceID `bun:"service_id,type:uuid"`
	Name        string           `bun:"name"`
	Description string           `bun:"description"`
	IsSystem    bool             `bun:"is_system"`
	IsDefault   bool             `bun:"is_default"`
	CreatedAt   time.Time        `bun:"created_at"`
	UpdatedAt   time.Time        `bun:"updated_at"`
}

func roleOf(r domain.Role) *roleRow {
	return &roleRow{
		ID: r.ID, ServiceID: r.ServiceID, Name: r.Name, Description: r.Description, IsSystem: r.IsSystem, IsDefault: r.IsDefault,
		CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt,
	}
}

type patternRow struct {
	bun.BaseModel `bun:"table:role_permissions,alias:rp"`

	RoleID  domain.RoleID  `bun:"role_id,pk,type:uuid"`
	Pattern domain.Pattern `bun:"pattern,pk"`
}

func patternsOf(r domain.Role) []patternRow {
	rows := make([]patternRow, len(r.Patterns))
	for i, p := range r.Patterns {
		rows[i] = patternRow{RoleID: r.ID, Pattern: p}
	}
	return rows
}

type includeRow struct {
	bun.BaseModel `bun:"table:role_includes,alias:ri"`

	RoleID     domain.RoleID `bun:"role_id,pk,type:uuid"`
	IncludedID domain.RoleID `bun:"included_id,pk,type:uuid"`
}

type permissionRow struct {
	bun.BaseModel `bun:"table:permissions,alias:pm"`

	ID          domain.PermissionID `bun:"id,pk,type:uuid"`
	ServiceID   domain.ServiceID    `bun:"service_id,type:uuid,nullzero"`
	Name        string              `bun:"name"`
	Description string              `bun:"description"`
	CreatedAt   time.Time           `bun:"created_at"`
}

func permissionOf(p domain.Permission) permissionRow {
	return permissionRow{ID: p.ID, ServiceID: p.ServiceID, Name: p.Name, Description: p.Description, CreatedAt: p.CreatedAt}
}

type assignmentRow struct {
	bun.BaseModel `bun:"table:assignments,alias:asg"`

	ID          domain.AssignmentID `bun:"id,pk,type:uuid"`
	PrincipalID domain.PrincipalID  `bun:"principal_id,type:uuid"`
	RoleID      domain.RoleID       `bun:"role_id,type:uuid"`
	GrantedBy   domain.PrincipalID  `bun:"granted_by,type:uuid,nullzero"`
	CreatedAt   time.Time           `bun:"created_at"`
	ExpiresAt   time.Time           `bun:"expires_at,nullzero"`
}

type roles struct{ conn }

func (s roles) Insert(ctx context.Context, r domain.Role) error {
	if err := s.insertUnique(ctx, roleOf(r), errNameTaken); err != nil {
		return err
	}
	if rows := patternsOf(r); len(rows) > 0 {
		if err := s.insert(ctx, &rows); err != nil {
			return err
		}
	}
	if len(r.Includes) == 0 {
		return nil
	}
	rows := make([]includeRow, len(r.Includes))
	for i, id := range r.Includes {
		rows[i] = includeRow{RoleID: r.ID, IncludedID: id}
	}
	return s.insert(ctx, &rows)
}

func (s roles) InsertPermission(ctx context.Context, p domain.Permission) error {
	row := permissionOf(p)
	return s.insertUnique(ctx, &row, errNameTaken)
}

func (s roles) Defaults(ctx context.Context, service domain.ServiceID) ([]domain.RoleID, error) {
	if !isID(service) {
		return nil, nil
	}
	var defaults []domain.RoleID
	err := s.scan(ctx, &defaults, "SELECT id FROM roles WHERE service_id = ? AND is_default ORDER BY id", service)
	return defaults, list(err)
}

func (s roles) Assign(ctx context.Context, a domain.Assignment) (bool, error) {
	row := &assignmentRow{
		ID: a.ID, PrincipalID: a.PrincipalID, RoleID: a.RoleID, GrantedBy: a.GrantedBy, CreatedAt: a.CreatedAt, ExpiresAt: a.ExpiresAt,
	}
	n, err := s.affect(ctx, s.idb.NewInsert().Model(row).On("CONFLICT (principal_id, role_id) DO NOTHING").Returning("NULL"))
	return n > 0, err
}

// LastAdmin counts after the lock, in a statement of its own: what others decided under it is committed then. Others count only
// if they stay: their role has no end, and they are not disabled. SQLite takes CROSS JOIN for the order to go in: it would begin
// with all principals.
func (s roles) LastAdmin(ctx context.Context, user domain.UserID, now time.Time) (bool, error) {
	if !isID(user) {
		return false, nil
	}
	if err := s.hold(ctx, "administrators", nil); err != nil {
		return false, err
	}
	var counts struct {
		Self   int `bun:"self"`
		Others int `bun:"others"`
	}
	err := s.scan(ctx, &counts, `
		WITH RECURSIVE held (role_id) AS (
			SELECT id FROM roles WHERE id = ?
			UNION
			SELECT i.role_id FROM held h JOIN role_includes i ON i.included_id = h.role_id
		)
		SELECT
			count(*) FILTER (WHERE a.principal_id = ? AND (a.expires_at IS NULL OR a.expires_at > ?)) AS self,
			count(*) FILTER (WHERE a.principal_id <> ? AND a.expires_at IS NULL) AS others
		FROM held h CROSS JOIN assignments a CROSS JOIN principals p
		WHERE a.role_id = h.role_id AND p.id = a.principal_id AND p.kind = ? AND (p.state = ? OR p.state = ? AND p.disabled_until <= ?)`,
		domain.RolePlatformAdmin, user, now, user, domain.KindUser, domain.Active, domain.Disabled, now)
	return counts.Self > 0 && counts.Others == 0, err
}
