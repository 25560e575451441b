package bunsql

import (
	"context"
	"errors"

	"github.com/signet-auth/signet/domain"
)

// Renew holds the session's row before it touches a family, as End does: an End that runs beside it is over before, or sees the
// new family. An Advance holds the row of its family only, and finds it ended, or is ended by what comes after it.
func (s sessions) Renew(ctx context.Context, f domain.Family) (bool, error) {
	if !isID(f.SessionID) {
		return false, nil
	}
	var held domain.SessionID
	err := s.scan(ctx, &held, "SELECT id FROM sessions WHERE id = ? AND ended_at IS NULL ?", f.SessionID, s.owner.dialect.RowLock)
	if errors.Is(err, domain.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	_, err = s.execute(ctx, "UPDATE refresh_families SET ended_at = ? WHERE session_id = ? AND ended_at IS NULL", f.CreatedAt, f.SessionID)
	if err != nil {
		return false, err
	}
	return true, s.insert(ctx, familyOf(f))
}
