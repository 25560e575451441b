package bunsql

import (
	"context"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/schema"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

type serviceRow struct {
	bun.BaseModel `bun:"table:services,alias:s"`

	ID          domain.ServiceID    `bun:"id,pk,type:uuid"`
	Key         string              `bun:"key"`
	Name        string              `bun:"name"`
	NameFolded  string              `bun:"name_folded"`
	Description string              `bun:"description"`
	State       domain.ServiceState `bun:"state"`
	TokenType   domain.TokenType    `bun:"token_type"`
	MinLevel    domain.Level        `bun:"min_level"`
	PV          int64               `bun:"pv"`
	Version     int64               `bun:"version"`
	ManagedBy   string              `bun:"managed_by,nullzero"`
	ActivatedAt time.Time           `bun:"activated_at,nullzero"`
	CreatedAt   time.Time           `bun:"created_at"`
	UpdatedAt   time.Time           `bun:"updated_at"`
	DeletedAt   time.Time           `bun:"deleted_at,nullzero"`
}

var serviceColumns = columns[serviceRow]("s")

func serviceOf(s domain.Service) *serviceRow {
	row := &serviceRow{
		ID: s.ID, Key: s.Key, Name: s.Name, NameFolded: domain.Fold(s.Name), Description: s.Description, State: s.State,
		TokenType: s.TokenType, MinLevel: storedLevel(s.MinLevel), PV: s.PV, Version: s.Version, ManagedBy: s.ManagedBy, ActivatedAt: s.ActivatedAt,
		CreatedAt: s.CreatedAt, UpdatedAt: s.UpdatedAt,
	}
	if s.State == domain.ServiceDeleted {
		row.DeletedAt = s.UpdatedAt
	}
	return row
}

func (r *serviceRow) service() domain.Service {
	return domain.Service{
		ID: r.ID, Key: r.Key, Name: r.Name, Description: r.Description, State: r.State, TokenType: r.TokenType, MinLevel: minLevel(r.MinLevel), PV: r.PV,
		Version: r.Version, ManagedBy: r.ManagedBy, ActivatedAt: utc(r.ActivatedAt), CreatedAt: utc(r.CreatedAt), UpdatedAt: utc(r.UpdatedAt),
	}
}

type services struct{ conn }

func (s services) ByID(ctx context.Context, id domain.ServiceID) (domain.Service, error) {
	return s.one(ctx, id, "")
}

func (s services) one(ctx context.Context, id domain.ServiceID, lock schema.Safe) (domain.Service, error) {
	if !isID(id) {
		return domain.Service{}, domain.ErrNotFound
	}
	var row serviceRow
	err := s.scan(ctx, &row, "SELECT ? FROM services s WHERE s.id = ? AND s.deleted_at IS NULL ?", serviceColumns, id, lock)
	return row.service(), err
}

func (s services) ByRef(ctx context.Context, ref string) (domain.Service, error) {
	if id, ok := domain.ParseID[domain.ServiceID](ref); ok {
		return s.ByID(ctx, id)
	}
	if checkText(ref) != nil {
		return domain.Service{}, domain.ErrNotFound
	}
	var row serviceRow
	err := s.scan(ctx, &row, "SELECT ? FROM services s WHERE s.key = ? AND s.deleted_at IS NULL", serviceColumns, ref)
	return row.service(), err
}

// Find looks for key, id and name at once and takes the best match; each has its index.
func (s services) Find(ctx context.Context, ref string) (domain.Service, error) {
	if checkText(ref) != nil {
		return domain.Service{}, domain.ErrNotFound
	}
	id, ok := domain.ParseID[domain.ServiceID](ref)
	if !ok {
		id = ""
	}
	var row serviceRow
	// Three look-ups and no OR, for which SQLite would read all services.
	err := s.scan(ctx, &row, `SELECT ?0 FROM services s WHERE s.deleted_at IS NULL AND s.id IN (
			SELECT id FROM services WHERE key = ?1
			UNION ALL SELECT id FROM services WHERE id = ?2
			UNION ALL SELECT id FROM services WHERE name_folded = ?3 AND deleted_at IS NULL)
		ORDER BY CASE WHEN s.key = ?1 THEN 0 WHEN s.id = ?2 THEN 1 ELSE 2 END LIMIT 1`,
		serviceColumns, ref, bun.NullZero(id), domain.Fold(ref))
	return row.service(), err
}

func (s services) List(ctx context.Context, holder domain.PrincipalID, page store.Page) ([]domain.Service, error) {
	of := bun.SafeQuery("TRUE")
	if holder != "" {
		if !isID(holder) {
			return nil, nil
		}
		of = bun.SafeQuery("s.id IN (SELECT service_id FROM assignments WHERE principal_id = ?)", holder)
	}
	var rows []serviceRow
	err := s.patient().scan(ctx, &rows, "SELECT ? FROM services s WHERE s.deleted_at IS NULL AND ? AND ? ORDER BY s.created_at DESC, s.id DESC LIMIT ?",
		serviceColumns, of, behind("s", page.After), page.Limit)
	return mapped(rows, (*serviceRow).service), list(err)
}

func (s services) LockNames(ctx context.Context) error { return s.hold(ctx, "services", nil) }

func (s services) Lock(ctx context.Context, id domain.ServiceID, mode store.LockMode) (domain.Service, error) {
	return s.one(ctx, id, s.lock(mode))
}

// Taken compares each name with both keys and names, because a name that equals another service's key would be found first.
func (s services) Taken(ctx context.Context, service domain.Service) (string, error) {
	folded := domain.Fold(service.Name)
	var taken struct {
		Key  bool `bun:"key_taken"`
		Name bool `bun:"name_taken"`
	}
	err := s.scan(ctx, &taken, `SELECT
		EXISTS (SELECT 1 FROM services WHERE id <> ?0 AND (key = ?1 OR name_folded = ?1 AND deleted_at IS NULL)) AS key_taken,
		EXISTS (SELECT 1 FROM services WHERE id <> ?0 AND (name_folded = ?2 OR key = ?2) AND deleted_at IS NULL) AS name_taken`,
		service.ID, service.Key, folded)
	switch {
	case err != nil:
		return "", err
	case taken.Key:
		return "key", nil
	case taken.Name:
		return "name", nil
	}
	return "", nil
}

func (s services) KeyOfDeleted(ctx context.Context, key string) (bool, error) {
	var deleted bool
	err := s.scan(ctx, &deleted, "SELECT EXISTS (SELECT 1 FROM services WHERE key = ? AND deleted_at IS NOT NULL)", key)
	return deleted, err
}

func (s services) Count(ctx context.Context) (int, error) {
	var n int
	err := s.scan(ctx, &n, "SELECT count(*) FROM services WHERE deleted_at IS NULL")
	return n, err
}

func (s services) Insert(ctx context.Context, service domain.Service, reserved []domain.Permission) error {
	account := domain.Principal{
		ID: service.ID.Principal(), Kind: domain.KindServiceAccount, State: domain.Active,
		CreatedAt: service.CreatedAt, UpdatedAt: service.UpdatedAt,
	}
	if err := s.insert(ctx, principalOf(account)); err != nil {
		return err
	}
	if err := s.insertUnique(ctx, serviceOf(service), domain.ErrNameTaken); err != nil {
		return err
	}
	if len(reserved) == 0 {
		return nil
	}
	rows := make([]permissionRow, len(reserved))
	for i, p := range reserved {
		rows[i] = permissionOf(p)
	}
	return s.insert(ctx, &rows) // a new service has no other permissions that could clash
}

func (s services) Update(ctx context.Context, service domain.Service) error {
	return s.conflict(s.update(ctx, serviceOf(service), "name", "name_folded", "description", "state", "token_type", "min_level", "pv", "version",
		"managed_by", "activated_at", "updated_at", "deleted_at"), domain.ErrNameTaken)
}
