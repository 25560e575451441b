package bunsql

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"github.com/signet-auth/signet/domain"
)

// PageByUser walks the index of open sessions backwards and stops at the limit, however many sessions the user has. It joins
// what other queries derive, because an open session has one open family: Renew ends what it replaces.
func (s sessions) PageByUser(ctx context.Context, user domain.UserID, policy domain.SessionPolicy, now time.Time, after domain.Cursor, limit int) ([]domain.Session, error) {
	if !isID(user) || !after.IsZero() && !isID(after.ID) {
		return nil, nil
	}
	from := bun.SafeQuery("TRUE")
	if !after.IsZero() {
		from = bun.SafeQuery("(s.created_at, s.id) < (?, ?)", after.At, after.ID)
	}
	var rows []sessionRow
	err := s.patient().scan(ctx, &rows, `SELECT s.id, s.user_id, s.created_at, s.expires_at, s.ip, s.user_agent, s.device_name, s.cookie,
			f.rotated_at AS last_seen_at, f.is_static AS static
		FROM sessions s JOIN refresh_families f ON f.session_id = s.id AND f.ended_at IS NULL
		WHERE s.user_id = ? AND s.ended_at IS NULL AND s.expires_at > ? AND f.rotated_at > ? AND ?
		ORDER BY s.created_at DESC, s.id DESC LIMIT ?`, user, now, now.Add(-policy.Idle), from, limit)
	return mapped(rows, (*sessionRow).session), list(err)
}

// CountLive asks the families only of sessions that are older than the idle time: a younger one can't have lapsed.
func (s sessions) CountLive(ctx context.Context, policy domain.SessionPolicy, now time.Time) (domain.SessionCount, error) {
	lapsed := now.Add(-policy.Idle)
	var count struct{ Sessions, Users int64 }
	err := s.patient().scan(ctx, &count, `SELECT COALESCE(sum(n), 0) AS sessions, count(*) AS users FROM (
			SELECT count(*) AS n FROM sessions s
			WHERE s.ended_at IS NULL AND s.expires_at > ? AND (s.created_at > ?
				OR EXISTS (SELECT 1 FROM refresh_families f WHERE f.session_id = s.id AND f.rotated_at > ?))
			GROUP BY s.user_id
		) m`, now, lapsed, lapsed)
	return domain.SessionCount(count), err
}
