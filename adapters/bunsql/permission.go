package bunsql

import (
	"context"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/schema"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

type permissionRow struct {
	bun.BaseModel `bun:"table:permissions,alias:pm"`

	ID          domain.PermissionID `bun:"id,pk,type:uuid"`
	ServiceID   domain.ServiceID    `bun:"service_id,type:uuid,nullzero"`
	Name        string              `bun:"name"`
	Description string              `bun:"description"`
	ManagedBy   string              `bun:"managed_by,nullzero"`
	CreatedAt   time.Time           `bun:"created_at"`
}

var permissionColumns = columns[permissionRow]("pm")

func permissionOf(p domain.Permission) permissionRow {
	return permissionRow{ID: p.ID, ServiceID: p.ServiceID, Name: p.Name, Description: p.Description, ManagedBy: p.ManagedBy, CreatedAt: p.CreatedAt}
}

func (r *permissionRow) permission() domain.Permission {
	return domain.Permission{
		ID: r.ID, ServiceID: r.ServiceID, Name: r.Name, Description: r.Description, ManagedBy: r.ManagedBy, CreatedAt: utc(r.CreatedAt),
	}
}

type permissions struct{ conn }

func (s permissions) ByID(ctx context.Context, id domain.PermissionID) (domain.Permission, error) {
	return s.one(ctx, id, "")
}

func (s permissions) Lock(ctx context.Context, id domain.PermissionID, mode store.LockMode) (domain.Permission, error) {
	return s.one(ctx, id, s.lock(mode))
}

func (s permissions) one(ctx context.Context, id domain.PermissionID, lock schema.Safe) (domain.Permission, error) {
	if !isID(id) {
		return domain.Permission{}, domain.ErrNotFound
	}
	var row permissionRow
	err := s.scan(ctx, &row, "SELECT ? FROM permissions pm WHERE pm.id = ? ?", permissionColumns, id, lock)
	return row.permission(), err
}

func (s permissions) List(ctx context.Context, f store.PermissionFilter, page store.Page) ([]domain.Permission, error) {
	if checkText(f.Prefix) != nil {
		return nil, nil //nolint:nilerr // text that can't be stored is in no row
	}
	of := bun.SafeQuery("TRUE")
	switch services := ids(f.Services); {
	case f.Everyone:
	case len(services) > 0 && f.Shared:
		of = bun.SafeQuery("(pm.service_id IN (?) OR pm.service_id IS NULL)", bun.List(services))
	case len(services) > 0:
		of = bun.SafeQuery("pm.service_id IN (?)", bun.List(services))
	case f.Shared:
		of = bun.SafeQuery("pm.service_id IS NULL")
	default:
		return nil, nil
	}
	named := schema.QueryAppender(bun.SafeQuery("TRUE"))
	if f.Prefix != "" {
		named = s.owner.dialect.Prefix("pm.name", f.Prefix)
	}
	var rows []permissionRow
	err := s.patient().scan(ctx, &rows, "SELECT ? FROM permissions pm WHERE ? AND ? AND ? ORDER BY pm.created_at DESC, pm.id DESC LIMIT ?",
		permissionColumns, of, named, behind("pm", page.After), page.Limit)
	return mapped(rows, (*permissionRow).permission), list(err)
}

func (s permissions) Usable(ctx context.Context, service domain.ServiceID, byID []domain.PermissionID, names []string) ([]domain.Permission, error) {
	known := ids(byID)
	if !isID(service) || checkText(names) != nil || len(known)+len(names) == 0 {
		return nil, nil //nolint:nilerr // text that can't be stored is in no row
	}
	var rows []permissionRow
	err := s.scan(ctx, &rows, `SELECT ? FROM permissions pm WHERE (pm.service_id = ? OR pm.service_id IS NULL) AND (pm.id IN (?) OR pm.name IN (?))
		ORDER BY pm.name, pm.id`, permissionColumns, service, listOrNull(known), listOrNull(names))
	return mapped(rows, (*permissionRow).permission), list(err)
}

// listOrNull is the inside of IN (…), which may not be empty.
func listOrNull[T any](all []T) schema.QueryAppender {
	if len(all) == 0 {
		return bun.SafeQuery("NULL")
	}
	return bun.List(all)
}

func (s permissions) Count(ctx context.Context, service domain.ServiceID) (n int, err error) {
	of := bun.SafeQuery("service_id IS NULL")
	if service != "" {
		of = bun.SafeQuery("service_id = ?", service)
	}
	err = s.scan(ctx, &n, "SELECT count(*) FROM permissions WHERE ?", of)
	return n, err
}

func (s permissions) Insert(ctx context.Context, p domain.Permission) error {
	row := permissionOf(p)
	return s.insertUnique(ctx, &row, domain.ErrNameTaken)
}

func (s permissions) Describe(ctx context.Context, id domain.PermissionID, description string) error {
	return s.update(ctx, &permissionRow{ID: id, Description: description}, "description")
}

func (s permissions) Delete(ctx context.Context, id domain.PermissionID) error {
	return s.execute(ctx, "DELETE FROM permissions WHERE id = ?", id)
}
