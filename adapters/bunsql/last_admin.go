package bunsql

import (
	"context"
	"time"

	"github.com/signet-auth/signet/domain"
)

// LastAdmin counts after the lock, in a statement of its own: what others decided under it is committed then. Others count only
// if they stay: their role has no end, and they are not disabled. SQLite takes CROSS JOIN for the order to go in: it would begin
// with all principals.
func (s roles) LastAdmin(ctx context.Context, user domain.UserID, now time.Time) (bool, error) {
	if !isID(user) {
		return false, nil
	}
	if err := s.hold(ctx, "administrators", nil); err != nil {
		return false, err
	}
	var counts struct {
		Self   int `bun:"self"`
		Others int `bun:"others"`
	}
	err := s.scan(ctx, &counts, `
		WITH RECURSIVE held (role_id) AS (
			SELECT id FROM roles WHERE id = ?
			UNION
			SELECT i.role_id FROM held h JOIN role_includes i ON i.included_id = h.role_id
		)
		SELECT
			count(*) FILTER (WHERE a.principal_id = ? AND (a.expires_at IS NULL OR a.expires_at > ?)) AS self,
			count(*) FILTER (WHERE a.principal_id <> ? AND a.expires_at IS NULL) AS others
		FROM held h CROSS JOIN assignments a CROSS JOIN principals p
		WHERE a.role_id = h.role_id AND p.id = a.principal_id AND p.kind = ? AND (p.state = ? OR p.state = ? AND p.disabled_until <= ?)`,
		domain.RolePlatformAdmin, user, now, user, domain.KindUser, domain.Active, domain.Disabled, now)
	return counts.Self > 0 && counts.Others == 0, err
}
