package bunsql

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"github.com/signet-auth/signet/domain"
)

type trustedDeviceRow struct {
	bun.BaseModel `bun:"table:device_tokens,alias:d"`

	ID         domain.TrustedDeviceID `bun:"id,pk,type:uuid"`
	UserID     domain.UserID          `bun:"user_id,type:uuid"`
	Hash       []byte                 `bun:"hash,type:bytea"`
	Epoch      int64                  `bun:"epoch"`
	Class      string                 `bun:"class"`
	CreatedAt  time.Time              `bun:"created_at"`
	ExpiresAt  time.Time              `bun:"expires_at"`
	LastUsedAt time.Time              `bun:"last_used_at,nullzero"`
}

var trustedDeviceColumns = columns[trustedDeviceRow]("")

func (r *trustedDeviceRow) device() domain.TrustedDevice {
	return domain.TrustedDevice{
		ID: r.ID, UserID: r.UserID, Hash: r.Hash, Epoch: r.Epoch, Class: r.Class, CreatedAt: utc(r.CreatedAt), ExpiresAt: utc(r.ExpiresAt),
		LastUsedAt: utc(r.LastUsedAt),
	}
}

type trustedDevices struct{ conn }

func (s trustedDevices) ByUser(ctx context.Context, user domain.UserID) ([]domain.TrustedDevice, error) {
	if !isID(user) {
		return nil, nil
	}
	var rows []trustedDeviceRow
	err := s.scan(ctx, &rows, "SELECT ? FROM device_tokens WHERE user_id = ? ORDER BY created_at, id", trustedDeviceColumns, user)
	return mapped(rows, (*trustedDeviceRow).device), list(err)
}

func (s trustedDevices) ByID(ctx context.Context, id domain.TrustedDeviceID) (domain.TrustedDevice, error) {
	if !isID(id) {
		return domain.TrustedDevice{}, domain.ErrNotFound
	}
	var row trustedDeviceRow
	err := s.scan(ctx, &row, "SELECT ? FROM device_tokens WHERE id = ?", trustedDeviceColumns, id)
	return row.device(), err
}

func (s trustedDevices) Insert(ctx context.Context, d domain.TrustedDevice) error {
	return s.insert(ctx, &trustedDeviceRow{
		ID: d.ID, UserID: d.UserID, Hash: d.Hash, Epoch: d.Epoch, Class: d.Class, CreatedAt: d.CreatedAt, ExpiresAt: d.ExpiresAt, LastUsedAt: d.LastUsedAt,
	})
}

func (s trustedDevices) Use(ctx context.Context, id domain.TrustedDeviceID, now time.Time) error {
	if !isID(id) {
		return nil
	}
	return s.execute(ctx, "UPDATE device_tokens SET last_used_at = ? WHERE id = ?", now, id)
}

func (s trustedDevices) Delete(ctx context.Context, user domain.UserID, named ...domain.TrustedDeviceID) error {
	known := ids(named)
	if !isID(user) || len(known) == 0 {
		return nil
	}
	return s.execute(ctx, "DELETE FROM device_tokens WHERE user_id = ? AND id IN (?)", user, bun.List(known))
}
