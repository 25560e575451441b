package bunsql

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

// maxEvents is how many events a look at the audit log returns at most.
const maxEvents = 200

type eventRow struct {
	bun.BaseModel `bun:"table:audit_events,alias:e"`

	ID          domain.EventID     `bun:"id,pk,type:uuid"`
	At          time.Time          `bun:"at,pk"`
	Type        domain.EventType   `bun:"type"`
	Outcome     domain.Outcome     `bun:"outcome"`
	ActorKind   domain.ActorKind   `bun:"actor_kind"`
	ActorID     domain.PrincipalID `bun:"actor_id,type:uuid,nullzero"`
	SubjectKind string             `bun:"subject_kind"`
	SubjectID   string             `bun:"subject_id"`
	ServiceID   domain.ServiceID   `bun:"service_id,type:uuid,nullzero"`
	SessionID   domain.SessionID   `bun:"session_id,type:uuid,nullzero"`
	RequestID   string             `bun:"request_id"`
	Details     map[string]string  `bun:"details,type:jsonb"`

	Trace *traceRow `bun:"rel:has-one,join:id=event_id"`
}

// traceRow is stored beside the event, so that it can be erased without touching the log.
type traceRow struct {
	bun.BaseModel `bun:"table:event_pii,alias:t"`

	EventID    domain.EventID `bun:"event_id,pk,type:uuid"`
	At         time.Time      `bun:"at"`
	IP         string         `bun:"ip"`
	UserAgent  string         `bun:"user_agent"`
	Identifier string         `bun:"identifier"`
}

func eventOf(e domain.Event) eventRow {
	row := eventRow{
		ID: e.ID, At: e.At, Type: e.Type, Outcome: e.Outcome, ActorKind: e.ActorKind, ActorID: e.ActorID,
		SubjectKind: e.SubjectKind, SubjectID: e.SubjectID, ServiceID: e.ServiceID, SessionID: e.SessionID,
		RequestID: e.RequestID, Details: e.Details,
	}
	if row.Details == nil {
		row.Details = map[string]string{}
	}
	return row
}

func (r *eventRow) event() domain.Event {
	e := domain.Event{
		ID: r.ID, At: utc(r.At), Type: r.Type, Outcome: r.Outcome, ActorKind: r.ActorKind, ActorID: r.ActorID,
		SubjectKind: r.SubjectKind, SubjectID: r.SubjectID, ServiceID: r.ServiceID, SessionID: r.SessionID, RequestID: r.RequestID,
	}
	if len(r.Details) > 0 {
		e.Details = r.Details
	}
	if r.Trace != nil {
		e.Trace = domain.Trace{IP: r.Trace.IP, UserAgent: r.Trace.UserAgent, Identifier: r.Trace.Identifier}
	}
	return e
}

type audit struct{ conn }

func (s audit) List(ctx context.Context, f store.AuditFilter) ([]domain.Event, error) {
	if f.Limit <= 0 || f.Limit > maxEvents {
		f.Limit = maxEvents
	}
	if checkText(f.SubjectID, f.Types) != nil {
		return nil, nil //nolint:nilerr // what can't be stored is in no row
	}
	var rows []eventRow
	err := s.do(ctx, func(ctx context.Context, idb bun.IDB) error {
		q := idb.NewSelect().Model(&rows).Relation("Trace").OrderExpr("e.at DESC, e.id DESC").Limit(int64(f.Limit))
		if len(f.Types) > 0 {
			q.Where("e.type IN (?)", bun.List(f.Types))
		}
		if f.SubjectID != "" {
			q.Where("e.subject_id = ?", f.SubjectID)
		}
		return q.Scan(ctx)
	})
	return mapped(rows, (*eventRow).event), list(err)
}

type markRow struct {
	bun.BaseModel `bun:"alias:m"`

	ID domain.EventID `bun:"id,type:uuid"`
	At time.Time      `bun:"at"`
}

// About finds by two indexes, each from its newest end, and reads what it found by its key.
func (s audit) About(ctx context.Context, principal domain.PrincipalID, before domain.Cursor, n int) ([]domain.Event, error) {
	if !isID(principal) || n <= 0 {
		return nil, nil
	}
	older := bun.SafeQuery("TRUE")
	if !before.IsZero() {
		older = bun.SafeQuery("at <= ? AND (at, id) < (?, ?)", before.At, before.At, before.ID)
	}
	var marks []markRow
	err := s.scan(ctx, &marks, `SELECT m.id, m.at FROM (
			SELECT id, at FROM (SELECT id, at FROM audit_events WHERE actor_id = ?0 AND ?1 ORDER BY at DESC, id DESC LIMIT ?2) m
			UNION
			SELECT id, at FROM (SELECT id, at FROM audit_events WHERE subject_id = ?3 AND ?1 ORDER BY at DESC, id DESC LIMIT ?2) m
		) m ORDER BY m.at DESC, m.id DESC LIMIT ?2`, principal, older, n, string(principal))
	if err = list(err); err != nil || len(marks) == 0 {
		return nil, err
	}
	ids := make([]domain.EventID, len(marks))
	for i, mark := range marks {
		ids[i] = mark.ID
	}
	var rows []eventRow
	err = s.do(ctx, func(ctx context.Context, idb bun.IDB) error {
		return idb.NewSelect().Model(&rows).Relation("Trace").Where("e.id IN (?)", bun.List(ids)).
			Where("e.at BETWEEN ? AND ?", marks[len(marks)-1].At, marks[0].At). // the partitions to look in
			OrderExpr("e.at DESC, e.id DESC").Scan(ctx)
	})
	return mapped(rows, (*eventRow).event), list(err)
}

func (s audit) Add(ctx context.Context, events ...domain.Event) error {
	if len(events) == 0 {
		return nil
	}
	rows := make([]eventRow, len(events))
	var traces []traceRow
	for i, e := range events {
		rows[i] = eventOf(e)
		if e.Trace != (domain.Trace{}) {
			traces = append(traces, traceRow{
				EventID: e.ID, At: e.At, IP: e.Trace.IP, UserAgent: e.Trace.UserAgent, Identifier: e.Trace.Identifier,
			})
		}
	}
	if err := s.insert(ctx, &rows); err != nil || len(traces) == 0 {
		return err
	}
	return s.insert(ctx, &traces)
}
