package bunsql

import (
	"context"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/schema"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

type assignmentRow struct {
	bun.BaseModel `bun:"table:assignments,alias:asg"`

	ID          domain.AssignmentID `bun:"id,pk,type:uuid"`
	PrincipalID domain.PrincipalID  `bun:"principal_id,type:uuid"`
	RoleID      domain.RoleID       `bun:"role_id,type:uuid"`
	ServiceID   domain.ServiceID    `bun:"service_id,type:uuid"`
	GrantedBy   domain.PrincipalID  `bun:"granted_by,type:uuid,nullzero"`
	ManagedBy   string              `bun:"managed_by,nullzero"`
	CreatedAt   time.Time           `bun:"created_at"`
	ExpiresAt   time.Time           `bun:"expires_at,nullzero"`
}

var assignmentColumns = columns[assignmentRow]("asg")

func assignmentOf(a domain.Assignment) assignmentRow {
	return assignmentRow{
		ID: a.ID, PrincipalID: a.PrincipalID, RoleID: a.RoleID, ServiceID: a.ServiceID, GrantedBy: a.GrantedBy, ManagedBy: a.ManagedBy,
		CreatedAt: a.CreatedAt, ExpiresAt: a.ExpiresAt,
	}
}

func (r *assignmentRow) assignment() domain.Assignment {
	return domain.Assignment{
		ID: r.ID, PrincipalID: r.PrincipalID, RoleID: r.RoleID, ServiceID: r.ServiceID, GrantedBy: r.GrantedBy, ManagedBy: r.ManagedBy,
		CreatedAt: utc(r.CreatedAt), ExpiresAt: utc(r.ExpiresAt),
	}
}

type listedRow struct {
	assignmentRow

	Kind        domain.PrincipalKind `bun:"kind"`
	Email       string               `bun:"email"`
	Role        string               `bun:"role"`
	MinLevel    domain.Level         `bun:"min_level"`
	ServiceKey  string               `bun:"service_key"`
	ServiceName string               `bun:"service_name"`
}

func (r *listedRow) listed() domain.ListedAssignment {
	return domain.ListedAssignment{
		Assignment: r.assignment(), Kind: r.Kind, Email: r.Email, Role: r.Role, MinLevel: minLevel(r.MinLevel),
		ServiceKey: r.ServiceKey, ServiceName: r.ServiceName,
	}
}

// listedAssignments is a query of assignments with their names. It leaves out a row whose role belongs to another service: such a row has
// no effect.
const listedAssignments = `SELECT ?, p.kind, COALESCE(u.email_canonical, '') AS email, r.name AS role,
		CASE WHEN r.min_level > s.min_level THEN r.min_level ELSE s.min_level END AS min_level, s.key AS service_key, s.name AS service_name
	FROM assignments asg
	JOIN roles r ON r.id = asg.role_id AND r.service_id = asg.service_id AND r.deleted_at IS NULL
	JOIN services s ON s.id = asg.service_id AND s.deleted_at IS NULL
	JOIN principals p ON p.id = asg.principal_id LEFT JOIN users u ON u.id = asg.principal_id
	WHERE ? AND ? ORDER BY asg.created_at DESC, asg.id DESC LIMIT ?`

func (c conn) listAssignments(ctx context.Context, which schema.QueryAppender, page store.Page) ([]domain.ListedAssignment, error) {
	var rows []listedRow
	err := c.patient().scan(ctx, &rows, listedAssignments, assignmentColumns, which, behind("asg", page.After), page.Limit)
	return mapped(rows, (*listedRow).listed), list(err)
}

type assignments struct{ conn }

func (s assignments) List(ctx context.Context, f store.AssignmentFilter, page store.Page) ([]domain.ListedAssignment, error) {
	which := bun.SafeQuery("(asg.expires_at IS NULL OR asg.expires_at > ?)", f.Now)
	for column, id := range map[string]string{"principal_id": string(f.Principal), "service_id": string(f.Service), "role_id": string(f.Role)} {
		if id == "" {
			continue
		}
		if !isID(id) {
			return nil, nil
		}
		which = bun.SafeQuery("? AND asg.? = ?", which, bun.Ident(column), id)
	}
	return s.listAssignments(ctx, which, page)
}

func (s assignments) CountHolders(ctx context.Context, role domain.RoleID, now time.Time, most int) (n int, err error) {
	if !isID(role) {
		return 0, nil
	}
	err = s.scan(ctx, &n, "SELECT count(*) FROM (SELECT 1 FROM assignments WHERE role_id = ? AND (expires_at IS NULL OR expires_at > ?) LIMIT ?) m", role, now, most)
	return n, err
}

func (s assignments) OfRole(ctx context.Context, role domain.RoleID, principals []domain.PrincipalID) (map[domain.PrincipalID]domain.Assignment, error) {
	known := ids(principals)
	if !isID(role) || len(known) == 0 {
		return map[domain.PrincipalID]domain.Assignment{}, nil
	}
	var rows []assignmentRow
	err := s.scan(ctx, &rows, "SELECT ? FROM assignments asg WHERE asg.role_id = ? AND asg.principal_id IN (?)", assignmentColumns, role, bun.List(known))
	all := make(map[domain.PrincipalID]domain.Assignment, len(rows))
	for i := range rows {
		all[rows[i].PrincipalID] = rows[i].assignment()
	}
	return all, list(err)
}

func (s assignments) CountLive(ctx context.Context, principals []domain.PrincipalID, now time.Time) (map[domain.PrincipalID]int, error) {
	known := ids(principals)
	if len(known) == 0 {
		return map[domain.PrincipalID]int{}, nil
	}
	var rows []struct {
		ID domain.PrincipalID `bun:"principal_id"`
		N  int                `bun:"n"`
	}
	err := s.scan(ctx, &rows, `SELECT principal_id, count(*) AS n FROM assignments
		WHERE principal_id IN (?) AND (expires_at IS NULL OR expires_at > ?) GROUP BY principal_id`, bun.List(known), now)
	counts := make(map[domain.PrincipalID]int, len(rows))
	for _, row := range rows {
		counts[row.ID] = row.N
	}
	return counts, list(err)
}

func (s assignments) Assign(ctx context.Context, a domain.Assignment) (bool, error) {
	row := assignmentOf(a)
	n, err := s.affect(ctx, s.idb.NewInsert().Model(&row).On("CONFLICT (principal_id, role_id) DO NOTHING").Returning("NULL"))
	return n > 0, err
}

func (s assignments) Put(ctx context.Context, all ...domain.Assignment) error {
	if len(all) == 0 {
		return nil
	}
	rows := make([]assignmentRow, len(all))
	for i, a := range all {
		rows[i] = assignmentOf(a)
	}
	return s.enqueue(ctx, s.idb.NewInsert().Model(&rows).On("CONFLICT (principal_id, role_id) DO UPDATE").
		Set("id = EXCLUDED.id").Set("granted_by = EXCLUDED.granted_by").Set("managed_by = EXCLUDED.managed_by").
		Set("created_at = EXCLUDED.created_at").Set("expires_at = EXCLUDED.expires_at").Returning("NULL"))
}

func (s assignments) Delete(ctx context.Context, id domain.AssignmentID) error {
	return s.execute(ctx, "DELETE FROM assignments WHERE id = ?", id)
}

// administrators is the assignments that give the platform's administrator role to principals who may act. CROSS JOIN fixes the join order
// for SQLite, which would otherwise begin with all principals.
const administrators = `
	WITH RECURSIVE held (role_id) AS (
		SELECT id FROM roles WHERE id = ?
		UNION
		SELECT i.role_id FROM held h JOIN role_includes i ON i.included_id = h.role_id
	)
	SELECT ? FROM held h CROSS JOIN assignments a CROSS JOIN principals p
	WHERE a.role_id = h.role_id AND p.id = a.principal_id AND p.kind = ? AND (p.state = ? OR p.state = ? AND p.disabled_until <= ?)`

// LastAdmin counts in a separate statement after the lock, so that it sees what others committed under that lock. Other administrators
// count only if they stay: their role has no end, and they are not disabled.
func (s assignments) LastAdmin(ctx context.Context, user domain.UserID, now time.Time) (bool, error) {
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
	err := s.scan(ctx, &counts, administrators, domain.RolePlatformAdmin, bun.SafeQuery(`
			count(*) FILTER (WHERE a.principal_id = ? AND (a.expires_at IS NULL OR a.expires_at > ?)) AS self,
			count(*) FILTER (WHERE a.principal_id <> ? AND a.expires_at IS NULL) AS others`, user, now, user),
		domain.KindUser, domain.Active, domain.Disabled, now)
	return counts.Self > 0 && counts.Others == 0, err
}

func (s assignments) KeepsAdmin(ctx context.Context, now time.Time) (kept bool, err error) {
	if err := s.hold(ctx, "administrators", nil); err != nil {
		return false, err
	}
	err = s.scan(ctx, &kept, administrators, domain.RolePlatformAdmin, bun.SafeQuery("count(*) FILTER (WHERE a.expires_at IS NULL) > 0"),
		domain.KindUser, domain.Active, domain.Disabled, now)
	return kept, err
}
