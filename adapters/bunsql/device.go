package bunsql

import (
	"context"
	"errors"
	"time"

	"github.com/uptrace/bun"

	"github.com/signet-auth/signet/domain"
)

type deviceRow struct {
	bun.BaseModel `bun:"table:user_devices,alias:d"`

	UserID      domain.UserID `bun:"user_id,pk,type:uuid"`
	Class       string        `bun:"class,pk"`
	FirstSeenAt time.Time     `bun:"first_seen_at"`
	LastSeenAt  time.Time     `bun:"last_seen_at"`
}

var deviceColumns = columns[deviceRow]("")

func (r *deviceRow) device() domain.Device {
	return domain.Device{Class: r.Class, FirstSeenAt: utc(r.FirstSeenAt), LastSeenAt: utc(r.LastSeenAt)}
}

type devices struct{ conn }

func (s devices) ByUser(ctx context.Context, user domain.UserID) ([]domain.Device, error) {
	if !isID(user) {
		return nil, nil
	}
	var rows []deviceRow
	err := s.scan(ctx, &rows, "SELECT ? FROM user_devices WHERE user_id = ? ORDER BY last_seen_at DESC, class", deviceColumns, user)
	return mapped(rows, (*deviceRow).device), list(err)
}

// RecordLogin returns a row only when it wrote one: a class that was seen within the day is known, and stays as it is.
func (s devices) RecordLogin(ctx context.Context, user domain.UserID, class string, now time.Time) (domain.DeviceNews, error) {
	if err := checkText(&deviceRow{Class: class}); err != nil {
		return domain.DeviceNews{}, err
	}
	var seen struct {
		Fresh  bool `bun:"fresh"`
		Others int  `bun:"others"`
		Recent int  `bun:"recent"`
	}
	dayAgo := now.Add(-domain.DeviceDay)
	err := s.scan(ctx, &seen, `INSERT INTO user_devices AS d (user_id, class, first_seen_at, last_seen_at) VALUES (?0, ?1, ?2, ?2)
		ON CONFLICT (user_id, class) DO UPDATE SET last_seen_at = EXCLUDED.last_seen_at WHERE d.last_seen_at <= ?3
		RETURNING first_seen_at = last_seen_at AS fresh,
			(SELECT count(*) FROM user_devices o WHERE o.user_id = ?0 AND o.class <> ?1) AS others,
			(SELECT count(*) FROM user_devices o WHERE o.user_id = ?0 AND o.class <> ?1 AND o.first_seen_at > ?3) AS recent`,
		user, class, now, dayAgo)
	if errors.Is(err, domain.ErrNotFound) && errors.Unwrap(err) == nil {
		return domain.DeviceNews{}, nil
	}
	if err == nil && seen.Fresh && seen.Others >= domain.MaxKnownDevices {
		err = s.forget(ctx, user, class, seen.Others-domain.MaxKnownDevices+1)
	}
	return domain.DeviceNews{New: seen.Fresh, Others: seen.Others, Recent: seen.Recent}, err
}

// forget makes room for a new class by deleting those that were not seen for the longest time.
func (s devices) forget(ctx context.Context, user domain.UserID, but string, n int) error {
	return s.execute(ctx, `DELETE FROM user_devices WHERE user_id = ?0 AND class IN (
		SELECT class FROM user_devices WHERE user_id = ?0 AND class <> ?1 ORDER BY last_seen_at, class LIMIT ?2)`, user, but, n)
}

func (s devices) DeleteByUser(ctx context.Context, user domain.UserID) error {
	if !isID(user) {
		return nil
	}
	return s.execute(ctx, "DELETE FROM user_devices WHERE user_id = ?", user)
}
