// Package audit writes the audit log: events together with their change, and failures in batches. Package app/auditlog reads it.
package audit

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
	"github.com/signet-auth/signet/ports/sys"
)

const (
	// oneByOne is how many failures of an account and block get a row each, before the rest of the window becomes one row.
	oneByOne = 5
	// window is how long failures are counted together.
	window = 10 * time.Minute
	// maxRuns bounds the memory that an attacker with many names and addresses can use; above it, runs of a type are merged per block, and
	// finally into one.
	maxRuns = 10_000
	// batch is how many events one transaction writes, so that a flood fits the deadline of a statement.
	batch = 500
)

// Recorder writes events. Record writes the events of a change together with it. Failures (a wrong password, a refused attempt to gain
// rights) have no change; RecordFailure collects them, and they are written each second, so that an attack does not cause as many inserts.
// The counters that protect accounts are elsewhere and exact; this is only the log. Safe for concurrent use.
type Recorder struct {
	Store  store.Store
	System sys.System
	Log    *slog.Logger

	mu      sync.Mutex
	pending []domain.Event
	runs    map[runKey]*run
}

// runKey is the key by which failures are counted together.
type runKey struct {
	kind    domain.EventType
	service domain.ServiceID // whose log it is in
	account string           // the actor, or the typed identifier of an unauthenticated client
	block   string
}

type run struct {
	since   time.Time
	written int
	surplus int
	last    domain.Event
}

// Record stamps events and writes them as part of the transaction.
func (r *Recorder) Record(ctx context.Context, tx *store.Tx, now time.Time, events ...domain.Event) error {
	stamped := make([]domain.Event, len(events))
	for i, e := range events {
		stamped[i] = r.stamp(e, now)
	}
	return tx.Audit.Add(ctx, stamped...)
}

func (r *Recorder) stamp(e domain.Event, now time.Time) domain.Event {
	return e.Stamped(domain.EventID(r.System.NewOrderedID()), now)
}

// RecordFailure takes one failure. Failures of one type, account and address block are counted together; if they are about different
// subjects, the row that counts them names none.
func (r *Recorder) RecordFailure(e domain.Event, block string, now time.Time) {
	e = r.stamp(e, now)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.runs == nil {
		r.runs = map[runKey]*run{}
	}
	series := r.run(runKey{e.Type, e.ServiceID, cmp.Or(e.Trace.Identifier, string(e.ActorID)), block}, e.At)
	if series.written < oneByOne && len(r.pending) < maxRuns {
		series.written++
		r.pending = append(r.pending, e)
		return
	}
	if series.surplus > 0 && series.last.SubjectID != e.SubjectID {
		e.SubjectID = ""
	}
	series.surplus++
	series.last = e
}

func (r *Recorder) run(key runKey, at time.Time) *run {
	if known, ok := r.runs[key]; ok {
		return known
	}
	if len(r.runs) >= maxRuns {
		key.account = ""
	}
	if len(r.runs) >= 2*maxRuns {
		key.service, key.block = "", ""
	}
	series, ok := r.runs[key]
	if !ok {
		series = &run{since: at}
		r.runs[key] = series
	}
	return series
}

// Run flushes every second until ctx ends, and once more then.
func (r *Recorder) Run(ctx context.Context) {
	for r.System.Sleep(ctx, time.Second) == nil {
		r.Flush(ctx)
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	r.closeRuns(time.Time{})
	r.Flush(last)
}

// Flush writes the collected failures. Those that can't be written are kept for the next time, up to a bound.
func (r *Recorder) Flush(ctx context.Context) {
	r.closeRuns(r.System.Now().Add(-window))
	r.mu.Lock()
	events := r.pending
	r.pending = nil
	r.mu.Unlock()
	for len(events) > 0 {
		n := min(len(events), batch)
		if err := r.write(ctx, events[:n]); err != nil {
			r.Log.WarnContext(ctx, "failures can't be written to the audit log", "events", len(events), "error", err)
			r.keep(events)
			return
		}
		events = events[n:]
	}
}

// write treats "exists already" as success: the answer to an earlier COMMIT was lost, and one existing event must not block the others for
// ever.
func (r *Recorder) write(ctx context.Context, events []domain.Event) error {
	err := r.Store.WithinTx(ctx, func(ctx context.Context, tx *store.Tx) error { return tx.Audit.Add(ctx, events...) })
	var e *domain.Error
	switch {
	case !errors.As(err, &e) || e.Kind != domain.Conflict:
		return err
	case len(events) == 1:
		return nil
	}
	for i := range events {
		if err := r.write(ctx, events[i:i+1]); err != nil {
			return err
		}
	}
	return nil
}

// keep puts back the failures that could not be written, as far as there is room.
func (r *Recorder) keep(events []domain.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	room := max(2*maxRuns-len(r.pending), 0)
	r.pending = slices.Concat(events[:min(room, len(events))], r.pending)
}

// closeRuns turns the surplus of each run that began before a time into one row; the zero time means all runs.
func (r *Recorder) closeRuns(before time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for key, series := range r.runs {
		if !before.IsZero() && series.since.After(before) {
			continue
		}
		if series.surplus > 0 {
			r.pending = append(r.pending, series.last.With("count", strconv.Itoa(series.surplus)))
		}
		delete(r.runs, key)
	}
}
