package bunsql

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

type roleRow struct {
	bun.BaseModel `bun:"table:roles,alias:r"`

	ID          domain.RoleID    `bun:"id,pk,type:uuid"`
	ServiceID   domain.ServiceID `bun:"service_id,type:uuid"`
	Name        string           `bun:"name"`
	NameFolded  string           `bun:"name_folded"`
	Description string           `bun:"description"`
	IsSystem    bool             `bun:"is_system"`
	IsDefault   bool             `bun:"is_default"`
	MinLevel    domain.Level     `bun:"min_level"`
	Version     int64            `bun:"version"`
	ManagedBy   string           `bun:"managed_by,nullzero"`
	CreatedAt   time.Time        `bun:"created_at"`
	UpdatedAt   time.Time        `bun:"updated_at"`
}

var roleColumns = columns[roleRow]("r")

func roleOf(r domain.Role) *roleRow {
	return &roleRow{
		ID: r.ID, ServiceID: r.ServiceID, Name: r.Name, NameFolded: domain.Fold(r.Name), Description: r.Description, IsSystem: r.IsSystem,
		IsDefault: r.IsDefault, MinLevel: storedLevel(r.MinLevel), Version: max(r.Version, 1), ManagedBy: r.ManagedBy, CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt,
	}
}

func (r *roleRow) role() domain.Role {
	return domain.Role{
		ID: r.ID, ServiceID: r.ServiceID, Name: r.Name, Description: r.Description, IsSystem: r.IsSystem, IsDefault: r.IsDefault,
		MinLevel: minLevel(r.MinLevel), Version: r.Version, ManagedBy: r.ManagedBy, CreatedAt: utc(r.CreatedAt), UpdatedAt: utc(r.UpdatedAt),
	}
}

// storedLevel is the number of a level from which something counts, and minLevel the level of a number: the lowest one is none at all.
func storedLevel(l domain.Level) domain.Level { return max(l, domain.AAL1) }

func minLevel(stored domain.Level) domain.Level {
	if stored <= domain.AAL1 {
		return 0
	}
	return stored
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

	Name string `bun:"name,scanonly"`
}

func includesOf(r domain.Role) []includeRow {
	rows := make([]includeRow, len(r.Includes))
	for i, included := range r.Includes {
		rows[i] = includeRow{RoleID: r.ID, IncludedID: included.ID}
	}
	return rows
}

type roles struct{ conn }

func (s roles) ByID(ctx context.Context, id domain.RoleID) (domain.Role, error) {
	if !isID(id) {
		return domain.Role{}, domain.ErrNotFound
	}
	var row roleRow
	if err := s.scan(ctx, &row, "SELECT ? FROM roles r WHERE r.id = ? AND r.deleted_at IS NULL", roleColumns, id); err != nil {
		return domain.Role{}, err
	}
	all, err := s.complete(ctx, []domain.Role{row.role()})
	if err != nil {
		return domain.Role{}, err
	}
	return all[0], nil
}

func (s roles) List(ctx context.Context, service domain.ServiceID, page store.Page) ([]domain.Role, error) {
	if !isID(service) {
		return nil, nil
	}
	var rows []roleRow
	err := s.patient().scan(ctx, &rows, "SELECT ? FROM roles r WHERE r.service_id = ? AND r.deleted_at IS NULL AND ? ORDER BY r.created_at DESC, r.id DESC LIMIT ?",
		roleColumns, service, behind("r", page.After), page.Limit)
	if err = list(err); err != nil {
		return nil, err
	}
	return s.complete(ctx, mapped(rows, (*roleRow).role))
}

func (s roles) All(ctx context.Context, service domain.ServiceID) ([]domain.Role, error) {
	return s.List(ctx, service, store.Page{Limit: 2 * domain.MaxRoles})
}

func (s roles) Closure(ctx context.Context, id domain.RoleID) ([]domain.Pattern, error) {
	if !isID(id) {
		return nil, nil
	}
	var patterns []domain.Pattern
	err := s.scan(ctx, &patterns, `WITH RECURSIVE held (role_id) AS (
			SELECT id FROM roles WHERE id = ? AND deleted_at IS NULL
			UNION
			SELECT i.included_id FROM held h CROSS JOIN role_includes i WHERE i.role_id = h.role_id
		)
		SELECT DISTINCT p.pattern FROM held h CROSS JOIN role_permissions p WHERE p.role_id = h.role_id ORDER BY p.pattern`, id)
	return patterns, list(err)
}

// complete reads what the roles consist of, in two statements for any number of roles.
func (s roles) complete(ctx context.Context, all []domain.Role) ([]domain.Role, error) {
	if len(all) == 0 {
		return nil, nil
	}
	at := make(map[domain.RoleID]int, len(all))
	known := make([]domain.RoleID, len(all))
	for i, r := range all {
		at[r.ID], known[i] = i, r.ID
	}
	var patterns []patternRow
	err := s.patient().scan(ctx, &patterns, "SELECT role_id, pattern FROM role_permissions WHERE role_id IN (?) ORDER BY pattern", bun.List(known))
	if err = list(err); err != nil {
		return nil, err
	}
	for _, row := range patterns {
		role := &all[at[row.RoleID]]
		role.Patterns = append(role.Patterns, row.Pattern)
	}
	var includes []includeRow
	err = s.patient().scan(ctx, &includes, `SELECT ri.role_id, ri.included_id, r.name FROM role_includes ri JOIN roles r ON r.id = ri.included_id
		WHERE ri.role_id IN (?) ORDER BY r.name, r.id`, bun.List(known))
	for _, row := range includes {
		role := &all[at[row.RoleID]]
		role.Includes = append(role.Includes, domain.IncludedRole{ID: row.IncludedID, Name: row.Name})
	}
	return all, list(err)
}

func (s roles) Insert(ctx context.Context, all ...domain.Role) error {
	rows := make([]*roleRow, len(all))
	for i, r := range all {
		rows[i] = roleOf(r)
	}
	if err := s.insertUnique(ctx, &rows, domain.ErrNameTaken); err != nil {
		return err
	}
	return s.insertContent(ctx, all...)
}

func (s roles) insertContent(ctx context.Context, all ...domain.Role) error {
	var patterns []patternRow
	var includes []includeRow
	for _, r := range all {
		patterns, includes = append(patterns, patternsOf(r)...), append(includes, includesOf(r)...)
	}
	if len(patterns) > 0 {
		if err := s.insert(ctx, &patterns); err != nil {
			return err
		}
	}
	if len(includes) > 0 {
		return s.insert(ctx, &includes)
	}
	return nil
}

func (s roles) Update(ctx context.Context, r domain.Role) error {
	err := s.conflict(s.update(ctx, roleOf(r), "name", "name_folded", "description", "min_level", "version", "managed_by", "updated_at"), domain.ErrNameTaken)
	if err != nil {
		return err
	}
	if err := s.deleteContent(ctx, r.ID); err != nil {
		return err
	}
	return s.insertContent(ctx, r)
}

func (s roles) deleteContent(ctx context.Context, ids ...domain.RoleID) error {
	for _, table := range []string{"role_permissions", "role_includes"} {
		if err := s.execute(ctx, "DELETE FROM ? WHERE role_id IN (?)", bun.Ident(table), bun.List(ids)); err != nil {
			return err
		}
	}
	return nil
}

// Delete renames the role to its id, which no other role may have as its name, so that the unique constraint allows the old name again. The
// previous release, which does not know deleted_at, does not find the role by its old name.
func (s roles) Delete(ctx context.Context, id domain.RoleID, now time.Time) error {
	if !isID(id) {
		return domain.ErrNotFound
	}
	if err := s.deleteContent(ctx, id); err != nil {
		return err
	}
	if err := s.execute(ctx, "DELETE FROM role_includes WHERE included_id = ?", id); err != nil {
		return err
	}
	return found(s.count(ctx, "UPDATE roles SET name = ?0, name_folded = ?0, is_default = FALSE, deleted_at = ?1, updated_at = ?1 WHERE id = ?2 AND deleted_at IS NULL",
		string(id), now, id))
}

func (s roles) Defaults(ctx context.Context, service domain.ServiceID) ([]domain.RoleID, error) {
	if !isID(service) {
		return nil, nil
	}
	var defaults []domain.RoleID
	err := s.scan(ctx, &defaults, "SELECT id FROM roles WHERE service_id = ? AND is_default AND deleted_at IS NULL ORDER BY id", service)
	return defaults, list(err)
}

func (s roles) Carrying(ctx context.Context, service domain.ServiceID, name string) ([]domain.RoleID, error) {
	of := bun.SafeQuery("TRUE")
	if service != "" {
		of = bun.SafeQuery("r.service_id = ?", service)
	}
	var carrying []domain.RoleID
	err := s.patient().scan(ctx, &carrying, `SELECT r.id FROM roles r JOIN role_permissions rp ON rp.role_id = r.id
		WHERE rp.pattern = ? AND r.deleted_at IS NULL AND ? ORDER BY r.id`, name, of)
	return carrying, list(err)
}

func (s roles) RemovePattern(ctx context.Context, from []domain.RoleID, p domain.Pattern, now time.Time) error {
	if len(from) == 0 {
		return nil
	}
	if err := s.execute(ctx, "DELETE FROM role_permissions WHERE pattern = ? AND role_id IN (?)", p, bun.List(from)); err != nil {
		return err
	}
	return s.execute(ctx, "UPDATE roles SET version = version + 1, updated_at = ? WHERE id IN (?)", now, bun.List(from))
}
