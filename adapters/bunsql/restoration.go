package bunsql

import (
	"context"
	"time"

	"github.com/signet-auth/signet/domain"
)

type restoration struct{ conn }

// OpenSessions reads the index of open sessions from its beginning.
func (s restoration) OpenSessions(ctx context.Context, n int) ([]domain.SessionID, error) {
	var open []domain.SessionID
	err := s.patient().scan(ctx, &open, "SELECT id FROM sessions WHERE ended_at IS NULL ORDER BY user_id, created_at, id LIMIT ?", n)
	return open, list(err)
}

func (s restoration) VoidFlows(ctx context.Context, now time.Time, n int) (int, error) {
	voided, err := s.patient().count(ctx, `
		WITH live AS MATERIALIZED (SELECT id FROM flows WHERE consumed_at IS NULL AND expires_at > ? ORDER BY expires_at, id LIMIT ?)
		UPDATE flows SET consumed_at = ?, payload = NULL WHERE id IN (SELECT id FROM live) AND consumed_at IS NULL`, now, n, now)
	return int(voided), err
}

// ParkMessages counts a lease, so that a dispatcher that holds a message can't settle it any more.
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

func (s restoration) BeginEpoch(ctx context.Context, epoch string) error {
	return meta(s).Put(ctx, epochKey, epoch)
}
