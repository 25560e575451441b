package base

import (
	"context"
	"slices"
	"time"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

// Ending says by whom, from where and why sessions end.
type Ending struct {
	By     domain.Actor
	From   domain.Origin
	Reason domain.EndReason
}

// EndSessions ends the sessions that have not ended yet, and returns them. Every end of a session goes through it, so that none forgets the
// families, the audit log or the other replicas.
func (b *Base) EndSessions(ctx context.Context, tx *store.Tx, e Ending, now time.Time, ids ...domain.SessionID) ([]domain.SessionID, error) {
	ended, err := tx.Sessions.End(ctx, ids, e.Reason, now)
	if err != nil {
		return nil, err
	}
	events := make([]domain.Event, len(ended))
	for i, id := range ended {
		tx.Changed(domain.ChangeSession, string(id), e.Reason.Tokens())
		event := domain.NewEvent(domain.EventSessionEnded, e.By, e.From, "session", string(id))
		event.SessionID = id
		events[i] = event.With("reason", string(e.Reason))
	}
	if err := b.Audit.Record(ctx, tx, now, events...); err != nil {
		return nil, err
	}
	return ended, nil
}

// EndAllSessions ends every open session of a user, except those named, and returns them.
func (b *Base) EndAllSessions(ctx context.Context, tx *store.Tx, user domain.UserID, e Ending, now time.Time, except ...domain.SessionID) ([]domain.SessionID, error) {
	open, err := tx.Sessions.OpenByUser(ctx, user)
	if err != nil {
		return nil, err
	}
	open = slices.DeleteFunc(open, func(id domain.SessionID) bool { return slices.Contains(except, id) })
	return b.EndSessions(ctx, tx, e, now, open...)
}
