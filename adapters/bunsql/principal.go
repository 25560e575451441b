package bunsql

import (
	"context"
	"slices"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/schema"

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

func (s principals) ByID(ctx context.Context, id domain.PrincipalID) (domain.Principal, error) {
	return s.one(ctx, id, "")
}

func (s principals) ByIDs(ctx context.Context, all []domain.PrincipalID) (map[domain.PrincipalID]domain.Principal, error) {
	known := ids(all)
	if len(known) == 0 {
		return nil, nil //nolint:nilnil // an empty map
	}
	var rows []principalRow
	err := s.scan(ctx, &rows, "SELECT ? FROM principals WHERE id IN (?) AND state <> ?", principalColumns, bun.List(known), domain.Deleted)
	found := make(map[domain.PrincipalID]domain.Principal, len(rows))
	for i := range rows {
		found[rows[i].ID] = rows[i].principal()
	}
	return found, list(err)
}

func (s principals) Lock(ctx context.Context, id domain.PrincipalID) (domain.Principal, error) {
	return s.one(ctx, id, s.owner.dialect.RowLock)
}

func (s principals) one(ctx context.Context, id domain.PrincipalID, lock schema.Safe) (domain.Principal, error) {
	if !isID(id) {
		return domain.Principal{}, domain.ErrNotFound
	}
	var row principalRow
	err := s.scan(ctx, &row, "SELECT ? FROM principals WHERE id = ? AND state <> ? ?", principalColumns, id, domain.Deleted, lock)
	return row.principal(), err
}

// LockAll locks in the order of the ids, so that two transactions never deadlock on the same principals. Neighbours with the same kind of
// lock share a statement.
func (s principals) LockAll(ctx context.Context, targets, others []domain.PrincipalID) (map[domain.PrincipalID]domain.Principal, error) {
	exclusive := map[domain.PrincipalID]bool{}
	for _, id := range targets {
		exclusive[id] = true
	}
	all := ids(slices.Concat(targets, others))
	slices.Sort(all)
	all = slices.Compact(all)
	locked := make(map[domain.PrincipalID]domain.Principal, len(all))
	for len(all) > 0 {
		n := 1
		for n < len(all) && exclusive[all[n]] == exclusive[all[0]] {
			n++
		}
		lock := s.owner.dialect.RowShare
		if exclusive[all[0]] {
			lock = s.owner.dialect.RowLock
		}
		var rows []principalRow
		err := s.scan(ctx, &rows, "SELECT ? FROM principals WHERE id IN (?) AND state <> ? ORDER BY id ?", principalColumns, bun.List(all[:n]), domain.Deleted, lock)
		if err = list(err); err != nil {
			return nil, err
		}
		for i := range rows {
			locked[rows[i].ID] = rows[i].principal()
		}
		all = all[n:]
	}
	return locked, nil
}

func (s principals) Bump(ctx context.Context, all []domain.PrincipalID, now time.Time) error {
	if len(all) == 0 {
		return nil
	}
	return s.execute(ctx, "UPDATE principals SET pv = pv + 1, updated_at = ? WHERE id IN (?)", now, bun.List(ids(all)))
}

func (s principals) Update(ctx context.Context, p domain.Principal) error {
	return s.update(ctx, principalOf(p),
		"state", "disabled_reason", "disabled_until", "pv", "credential_epoch", "updated_at", "deleted_at")
}
