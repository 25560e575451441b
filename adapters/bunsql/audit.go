package bunsql

import (
	"context"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/schema"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

// maxEvents is the most events that one query of the audit log returns: a page, and one more that shows whether another page follows.
const maxEvents = 201

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

// List reads by the index that fits the filter. A filter by types alone reads each type separately from its newest event on: one query for
// all of them would search events of a rare type among all others.
func (s audit) List(ctx context.Context, f store.AuditFilter) ([]domain.Event, error) {
	if f.Limit <= 0 || f.Limit > maxEvents {
		f.Limit = maxEvents
	}
	if checkText(f.SubjectID, f.Types, f.Outcome) != nil || f.ActorID != "" && !isID(f.ActorID) || f.ServiceID != "" && !isID(f.ServiceID) {
		return nil, nil //nolint:nilerr // text that can't be stored is in no row
	}
	which := selected(f)
	var ways []schema.QueryAppender
	switch {
	case len(f.Types) == 0:
		ways = append(ways, which)
	case f.ActorID != "" || f.SubjectID != "" || f.ServiceID != "":
		ways = append(ways, bun.SafeQuery("? AND type IN (?)", which, bun.List(f.Types)))
	default:
		for _, kind := range f.Types {
			ways = append(ways, bun.SafeQuery("? AND type = ?", which, kind))
		}
	}
	return s.newest(ctx, f.Limit, ways...)
}

// selected is the condition for the events that match a filter, apart from its types.
func selected(f store.AuditFilter) schema.QueryAppender {
	which := older(f.Before)
	and := func(query string, args ...any) {
		which = bun.SafeQuery("? AND ?", which, bun.SafeQuery(query, args...))
	}
	if f.ActorID != "" {
		and("actor_id = ?", f.ActorID)
	}
	if f.SubjectID != "" {
		and("subject_id = ?", f.SubjectID)
	}
	if f.ServiceID != "" {
		and("service_id = ?", f.ServiceID)
	}
	if f.Outcome != "" {
		and("outcome = ?", f.Outcome)
	}
	if !f.Since.IsZero() {
		and("at >= ?", f.Since)
	}
	if !f.Until.IsZero() {
		and("at < ?", f.Until)
	}
	return which
}

// older is the condition for the events after a cursor. Its first half is for SQLite, which can't bound an index by a pair, and tells
// Postgres which months to read.
func older(before domain.Cursor) schema.QueryAppender {
	if before.IsZero() {
		return bun.SafeQuery("TRUE")
	}
	return bun.SafeQuery("at <= ? AND (at, id) < (?, ?)", before.At, before.At, before.ID)
}

type markRow struct {
	bun.BaseModel `bun:"alias:m"`

	ID domain.EventID `bun:"id,type:uuid"`
	At time.Time      `bun:"at"`
}

// About finds by two indexes.
func (s audit) About(ctx context.Context, principal domain.PrincipalID, before domain.Cursor, n int) ([]domain.Event, error) {
	if !isID(principal) || n <= 0 {
		return nil, nil
	}
	behind := older(before)
	return s.newest(ctx, n, bun.SafeQuery("actor_id = ? AND ?", principal, behind), bun.SafeQuery("subject_id = ? AND ?", string(principal), behind))
}

// newest finds the n newest events that match any of the conditions, reading each index from its newest end, and then reads those events by
// their keys.
func (s audit) newest(ctx context.Context, n int, ways ...schema.QueryAppender) ([]domain.Event, error) {
	found := schema.QueryAppender(nil)
	for _, way := range ways {
		one := bun.SafeQuery("SELECT id, at FROM (SELECT id, at FROM audit_events WHERE ? ORDER BY at DESC, id DESC LIMIT ?) m", way, n)
		if found == nil {
			found = one
		} else {
			found = bun.SafeQuery("? UNION ?", found, one)
		}
	}
	var marks []markRow
	err := s.patient().scan(ctx, &marks, "SELECT m.id, m.at FROM (?) m ORDER BY m.at DESC, m.id DESC LIMIT ?", found, n)
	if err = list(err); err != nil || len(marks) == 0 {
		return nil, err
	}
	ids := make([]domain.EventID, len(marks))
	for i, mark := range marks {
		ids[i] = mark.ID
	}
	var rows []eventRow
	err = s.patient().do(ctx, func(ctx context.Context, idb bun.IDB) error {
		return idb.NewSelect().Model(&rows).Relation("Trace").Where("e.id IN (?)", bun.List(ids)).
			Where("e.at BETWEEN ? AND ?", marks[len(marks)-1].At, marks[0].At). // the partitions to read
			OrderExpr("e.at DESC, e.id DESC").Scan(ctx)
	})
	return mapped(rows, (*eventRow).event), list(err)
}

// Add only collects: an insert into the log costs as much as the rest of a small transaction, so all its events share one.
func (s audit) Add(_ context.Context, events ...domain.Event) error {
	s.tx.events = append(s.tx.events, events...)
	return nil
}

// record writes the events that a transaction has collected.
func (c conn) record(ctx context.Context) error {
	if len(c.tx.events) == 0 || c.tx.failed != nil {
		return nil //nolint:nilerr // the commit will return its error
	}
	rows := make([]eventRow, len(c.tx.events))
	var traces []traceRow
	for i, e := range c.tx.events {
		rows[i] = eventOf(e)
		if e.Trace != (domain.Trace{}) {
			traces = append(traces, traceRow{
				EventID: e.ID, At: e.At, IP: e.Trace.IP, UserAgent: e.Trace.UserAgent, Identifier: e.Trace.Identifier,
			})
		}
	}
	if err := c.insert(ctx, &rows); err != nil || len(traces) == 0 {
		return err
	}
	return c.insert(ctx, &traces)
}
