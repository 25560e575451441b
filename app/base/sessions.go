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

// EndSessions ends the sessions that have not ended yet, and returns them.
func (b *Base) EndSessions(ctx context.Context, tx *store.Tx, e Ending, now time.Time, ids ...domain.SessionID) ([]domain.SessionID, error) {
	ended, err := tx.Sessions.End(ctx, ids, e.Reason, now)
	if err != nil {
		return nil, err
	}
	return ended, b.noteEnded(ctx, tx, e, now, ended)
}

// EndSurplus is EndSessions for those live sessions of a user that are more than a limit, least recently refreshed first.
func (b *Base) EndSurplus(ctx context.Context, tx *store.Tx, user domain.UserID, limit int, p domain.SessionPolicy, e Ending, now time.Time) ([]domain.SessionID, error) {
	ended, err := tx.Sessions.EndBeyond(ctx, user, limit, p, e.Reason, now)
	if err != nil {
		return nil, err
	}
	return ended, b.noteEnded(ctx, tx, e, now, ended)
}

// noteEnded tells the other replicas and the audit log. Every end of a session goes through it.
func (b *Base) noteEnded(ctx context.Context, tx *store.Tx, e Ending, now time.Time, ended []domain.SessionID) error {
	events := make([]domain.Event, len(ended))
	for i, id := range ended {
		tx.Changed(domain.ChangeSession, string(id), e.Reason.Tokens())
		event := domain.NewEvent(domain.EventSessionEnded, e.By, e.From, "session", string(id))
		event.SessionID = id
		events[i] = event.With("reason", string(e.Reason))
	}
	return b.Audit.Record(ctx, tx, now, events...)
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
