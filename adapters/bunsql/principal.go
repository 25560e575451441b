package bunsql

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"github.com/signet-auth/signet/domain"
)

type principalRow struct {
	bun.BaseModel `bun:"table:principals,alias:p"`

	ID              domain.PrincipalID    `bun:"id,pk,type:uuid"`
	Kind            domain.PrincipalKind  `bun:"kind"`
	State           domain.PrincipalState `bun:"state"`
	DisabledReason  string                `bun:"disabled_reason"`
	DisabledUntil   time.Time             `bun:"disabled_until,nullzero"`
	PV              int64                 `bun:"pv"`
	CredentialEpoch int64                 `bun:"credential_epoch"`
	CreatedAt       time.Time             `bun:"created_at"`
	UpdatedAt       time.Time             `bun:"updated_at"`
	DeletedAt       time.Time             `bun:"deleted_at,nullzero"`
}

var principalColumns = columns[principalRow]("")

func principalOf(p domain.Principal) *principalRow {
	row := &principalRow{
		ID: p.ID, Kind: p.Kind, State: p.State, DisabledReason: p.DisabledReason, DisabledUntil: p.DisabledUntil,
		PV: p.PV, CredentialEpoch: p.CredentialEpoch, CreatedAt: p.CreatedAt, UpdatedAt: p.UpdatedAt,
	}
	if p.State == domain.Deleted {
		row.DeletedAt = p.UpdatedAt
	}
	return row
}

func (r *principalRow) principal() domain.Principal {
	return domain.Principal{
		ID: r.ID, Kind: r.Kind, State: r.State, DisabledReason: r.DisabledReason, DisabledUntil: utc(r.DisabledUntil),
		PV: r.PV, CredentialEpoch: r.CredentialEpoch, CreatedAt: utc(r.CreatedAt), UpdatedAt: utc(r.UpdatedAt),
	}
}

// utc is what the domain keeps: drivers return the time zone of the machine.
func utc(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC()
}

type principals struct{ conn }

func (s principals) Lock(ctx context.Context, id domain.PrincipalID) (domain.Principal, error) {
	if !isID(id) {
		return domain.Principal{}, domain.ErrNotFound
	}
	var row principalRow
	err := s.scan(ctx, &row, "SELECT ? FROM principals WHERE id = ? AND state <> ? ?", principalColumns, id, domain.Deleted, s.owner.dialect.RowLock)
	return row.principal(), err
}

func (s principals) Update(ctx context.Context, p domain.Principal) error {
	return s.update(ctx, principalOf(p),
		"state", "disabled_reason", "disabled_until", "pv", "credential_epoch", "updated_at", "deleted_at")
}
