// Package session ends sessions, and makes the tokens of live ones.
package session

import (
	"context"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
	"github.com/signet-auth/signet/ports/sys"
)

// Ender ends sessions, for every reason there is. All ends go through it, so that none forgets the families, the audit log or
// the other replicas.
type Ender struct{ System sys.System }

// End ends those of the sessions that are not over yet, inside the caller's transaction, and returns which.
func (e Ender) End(ctx context.Context, tx *store.Tx, by domain.Actor, from domain.Origin, reason domain.EndReason, ids ...domain.SessionID) ([]domain.SessionID, error) {
	now := e.System.Now()
	ended, err := tx.Sessions.End(ctx, ids, reason, now)
	if err != nil {
		return nil, err
	}
	for _, id := range ended {
		tx.Changed(domain.ChangeSession, string(id))
		event := domain.NewEvent(domain.EventID(e.System.NewOrderedID()), now, domain.EventSessionEnded, by, from, "session", string(id))
		event.SessionID = id
		if err := tx.Audit.Add(ctx, event.With("reason", string(reason))); err != nil {
			return nil, err
		}
	}
	return ended, nil
}
