package bunsql

import (
	"context"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/signet-auth/signet/domain"
)

var errNameTaken = &domain.Error{Kind: domain.Conflict, Code: "name_taken", Text: "This name is already in use"}

type serviceRow struct {
	bun.BaseModel `bun:"table:services,alias:s"`

	ID          domain.ServiceID    `bun:"id,pk,type:uuid"`
	Key         string              `bun:"key"`
	Name        string              `bun:"name"`
	NameFolded  string              `bun:"name_folded"`
	Description string              `bun:"description"`
	State       domain.ServiceState `bun:"state"`
	TokenType   domain.TokenType    `bun:"token_type"`
	PV          int64               `bun:"pv"`
	CreatedAt   time.Time           `bun:"created_at"`
	UpdatedAt   time.Time           `bun:"updated_at"`
	DeletedAt   time.Time           `bun:"deleted_at,nullzero"`
}

var serviceColumns = columns[serviceRow]("")

func serviceOf(s domain.Service) *serviceRow {
	row := &serviceRow{
		ID: s.ID, Key: s.Key, Name: s.Name, NameFolded: strings.ToLower(s.Name), Description: s.Description, State: s.State,
		TokenType: s.TokenType, PV: s.PV, CreatedAt: s.CreatedAt, UpdatedAt: s.UpdatedAt,
	}
	if s.State == domain.ServiceDeleted {
		row.DeletedAt = s.UpdatedAt
	}
	return row
}

func (r *serviceRow) service() domain.Service {
	return domain.Service{
		ID: r.ID, Key: r.Key, Name: r.Name, Description: r.Description, State: r.State, TokenType: r.TokenType, PV: r.PV,
		CreatedAt: utc(r.CreatedAt), UpdatedAt: utc(r.UpdatedAt),
	}
}

type services struct{ conn }

func (s services) ByID(ctx context.Context, id domain.ServiceID) (domain.Service, error) {
	if !isID(id) {
		return domain.Service{}, domain.ErrNotFound
	}
	var row serviceRow
	err := s.scan(ctx, &row, "SELECT ? FROM services WHERE id = ? AND deleted_at IS NULL", serviceColumns, id)
	return row.service(), err
}

// Find asks for all three at once and takes the best: every one of them has its index.
func (s services) Find(ctx context.Context, ref string) (domain.Service, error) {
	if checkText(ref) != nil {
		return domain.Service{}, domain.ErrNotFound
	}
	id, ok := domain.ParseID[domain.ServiceID](ref)
	if !ok {
		id = ""
	}
	var row serviceRow
	err := s.scan(ctx, &row, `SELECT ? FROM services WHERE deleted_at IS NULL AND (key = ? OR id = ? OR name_folded = ?)
		ORDER BY CASE WHEN key = ? THEN 0 WHEN id = ? THEN 1 ELSE 2 END LIMIT 1`,
		serviceColumns, ref, bun.NullZero(id), strings.ToLower(ref), ref, bun.NullZero(id))
	return row.service(), err
}

func (s services) Insert(ctx context.Context, service domain.Service, reserved []domain.Permission) error {
	account := domain.Principal{
		ID: service.ID.Principal(), Kind: domain.KindServiceAccount, State: domain.Active,
		CreatedAt: service.CreatedAt, UpdatedAt: service.UpdatedAt,
	}
	if err := s.insert(ctx, principalOf(account)); err != nil {
		return err
	}
	if err := s.insertUnique(ctx, serviceOf(service), errNameTaken); err != nil {
		return err
	}
	if len(reserved) == 0 {
		return nil
	}
	rows := make([]permissionRow, len(reserved))
	for i, p := range reserved {
		rows[i] = permissionOf(p)
	}
	return s.insertUnique(ctx, &rows, errNameTaken)
}

func (s services) Update(ctx context.Context, service domain.Service) error {
	return s.conflict(s.update(ctx, serviceOf(service),
		"name", "name_folded", "description", "state", "token_type", "pv", "updated_at", "deleted_at"), errNameTaken)
}
