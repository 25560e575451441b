// Package session ends sessions, and makes the tokens of live ones.
package session

import (
	"context"
	"slices"

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
	events := make([]domain.Event, len(ended))
	for i, id := range ended {
		tx.Changed(domain.ChangeSession, string(id))
		event := domain.NewEvent(domain.EventID(e.System.NewOrderedID()), now, domain.EventSessionEnded, by, from, "session", string(id))
		event.SessionID = id
		events[i] = event.With("reason", string(reason))
	}
	if err := tx.Audit.Add(ctx, events...); err != nil {
		return nil, err
	}
	return ended, nil
}

// EndAll ends every session of a user that is not over yet but those excepted, and returns which.
func (e Ender) EndAll(ctx context.Context, tx *store.Tx, user domain.UserID, by domain.Actor, from domain.Origin, reason domain.EndReason, except ...domain.SessionID) ([]domain.SessionID, error) {
	open, err := tx.Sessions.OpenByUser(ctx, user)
	if err != nil {
		return nil, err
	}
	open = slices.DeleteFunc(open, func(id domain.SessionID) bool { return slices.Contains(except, id) })
	return e.End(ctx, tx, by, from, reason, open...)
}
