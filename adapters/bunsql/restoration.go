package bunsql

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

type restoration struct{ conn }

type openSessionRow struct {
	UserID    domain.UserID    `bun:"user_id"`
	CreatedAt time.Time        `bun:"created_at"`
	ID        domain.SessionID `bun:"id"`
}

func (r *openSessionRow) place() store.OpenSession {
	return store.OpenSession{UserID: r.UserID, CreatedAt: utc(r.CreatedAt), ID: r.ID}
}

// OpenSessions reads the index of open sessions and continues after the last one it read: sessions that were ended meanwhile stay in that
// index until the database cleans up, and would be read again each time. The first half of the condition is for SQLite, which can't bound
// an index by a row.
func (s restoration) OpenSessions(ctx context.Context, after store.OpenSession, n int) ([]store.OpenSession, error) {
	from := bun.SafeQuery("TRUE")
	if after.ID != "" {
		from = bun.SafeQuery("user_id >= ?0 AND (user_id, created_at, id) > (?0, ?1, ?2)", after.UserID, after.CreatedAt, after.ID)
	}
	var rows []openSessionRow
	err := s.patient().scan(ctx, &rows, "SELECT user_id, created_at, id FROM sessions WHERE ended_at IS NULL AND ? ORDER BY user_id, created_at, id LIMIT ?", from, n)
	return mapped(rows, (*openSessionRow).place), list(err)
}

func (s restoration) VoidFlows(ctx context.Context, now time.Time, n int) (int, error) {
	voided, err := s.patient().count(ctx, `
		WITH live AS MATERIALIZED (SELECT id FROM flows WHERE consumed_at IS NULL AND expires_at > ? ORDER BY expires_at, id LIMIT ?)
		UPDATE flows SET consumed_at = ?, payload = NULL WHERE id IN (SELECT id FROM live) AND consumed_at IS NULL`, now, n, now)
	return int(voided), err
}

func (s restoration) ForgetDevices(ctx context.Context, n int) (int, error) {
	gone, err := s.patient().count(ctx, "DELETE FROM device_tokens WHERE id IN (SELECT id FROM device_tokens ORDER BY id LIMIT ?)", n)
	return int(gone), err
}

// ParkMessages raises the lease counter, so that a dispatcher that holds a message can't settle it any more.
func (s restoration) ParkMessages(ctx context.Context, now time.Time, reason string, n int) (int, error) {
	if err := checkText(reason); err != nil {
		return 0, err
	}
	parked, err := s.patient().count(ctx, `
		WITH open AS MATERIALIZED (SELECT id FROM outbox WHERE delivered_at IS NULL AND parked_at IS NULL ORDER BY run_at, id LIMIT ?)
		UPDATE outbox SET parked_at = ?, last_error = ?, payload = NULL, locked_until = NULL, lease = lease + 1
		WHERE id IN (SELECT id FROM open) AND delivered_at IS NULL AND parked_at IS NULL`, n, now, reason)
	return int(parked), err
}

func (s restoration) BeginEpoch(ctx context.Context, after, epoch string, now time.Time) error {
	if after == "" {
		if err := meta(s).Put(ctx, epochKey, epoch); err != nil {
			return err
		}
	} else {
		n, err := s.count(ctx, "UPDATE meta SET value = ? WHERE key = ? AND value = ?", epoch, epochKey, after)
		if err != nil || n == 0 {
			return err
		}
	}
	return meta(s).Put(ctx, epochBegunKey, now.UTC().Format(time.RFC3339Nano))
}
