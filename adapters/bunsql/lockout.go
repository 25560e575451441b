package bunsql

import (
	"context"
	"errors"
	"time"

	"github.com/uptrace/bun"

	"github.com/signet-auth/signet/domain"
)

type lockoutRow struct {
	bun.BaseModel `bun:"table:login_failures,alias:f"`

	Key         []byte    `bun:"key,pk,type:bytea"`
	Failures    int       `bun:"failures"`
	Locks       int       `bun:"locks"`
	LockedUntil time.Time `bun:"locked_until,nullzero"`
	UpdatedAt   time.Time `bun:"updated_at"`
}

func (r *lockoutRow) lockout() domain.Lockout {
	return domain.Lockout{Key: r.Key, Failures: r.Failures, Locks: r.Locks, LockedUntil: utc(r.LockedUntil), UpdatedAt: utc(r.UpdatedAt)}
}

var lockoutColumns = columns[lockoutRow]("")

type lockouts struct{ conn }

func (s lockouts) ByKey(ctx context.Context, key []byte) (domain.Lockout, error) {
	row := lockoutRow{Key: key}
	err := s.scan(ctx, &row, "SELECT ? FROM login_failures WHERE key = ?", lockoutColumns, key)
	if errors.Is(err, domain.ErrNotFound) {
		return row.lockout(), nil
	}
	return row.lockout(), err
}

// Lock locks the key and not the row, because the first failure has no row yet.
func (s lockouts) Lock(ctx context.Context, key []byte) (domain.Lockout, error) {
	if err := s.hold(ctx, "lockout", key); err != nil {
		return domain.Lockout{}, err
	}
	return s.ByKey(ctx, key)
}

func (s lockouts) Save(ctx context.Context, l domain.Lockout) error {
	row := &lockoutRow{Key: l.Key, Failures: l.Failures, Locks: l.Locks, LockedUntil: l.LockedUntil, UpdatedAt: l.UpdatedAt}
	return s.enqueue(ctx, s.idb.NewInsert().Model(row).On("CONFLICT (key) DO UPDATE").
		Set("failures = EXCLUDED.failures").Set("locks = EXCLUDED.locks").
		Set("locked_until = EXCLUDED.locked_until").Set("updated_at = EXCLUDED.updated_at").Returning("NULL"))
}

func (s lockouts) Clear(ctx context.Context, key []byte) error {
	return s.execute(ctx, "DELETE FROM login_failures WHERE key = ?", key)
}
