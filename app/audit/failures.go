// Package audit writes the events that no transaction of their own carries.
package audit

import (
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
	// oneByOne is how many failures of an account and block are written each, before the rest of the window is one row.
	oneByOne = 5
	// window is how long failures are counted together.
	window = 10 * time.Minute
	// maxRuns bounds the memory that an attacker with many names and addresses can take; above it, runs are merged per block,
	// and at last into one.
	maxRuns = 10_000
	// batch is how many events one transaction writes, so that a flood fits the deadline of a statement.
	batch = 500
)

// Failures gathers failed logins and writes them each second: an attack must not turn into as many inserts. The counters that
// guard accounts are elsewhere and exact; this is the log. Safe for concurrent use.
type Failures struct {
	Store  store.Store
	System sys.System
	Log    *slog.Logger

	mu      sync.Mutex
	pending []domain.Event
	runs    map[runKey]*run
}

type runKey struct{ account, block string }

type run struct {
	since   time.Time
	written int
	surplus int
	last    domain.Event
}

// Note takes one failure. Events of one account (the typed identifier) and address block belong together.
func (f *Failures) Note(e domain.Event, block string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.runs == nil {
		f.runs = map[runKey]*run{}
	}
	r := f.run(runKey{e.Trace.Identifier, block}, e.At)
	if r.written < oneByOne && len(f.pending) < maxRuns {
		r.written++
		f.pending = append(f.pending, e)
		return
	}
	r.surplus++
	r.last = e
}

func (f *Failures) run(key runKey, at time.Time) *run {
	if r, ok := f.runs[key]; ok {
		return r
	}
	if len(f.runs) >= maxRuns {
		key.account = ""
	}
	if len(f.runs) >= 2*maxRuns {
		key.block = ""
	}
	r, ok := f.runs[key]
	if !ok {
		r = &run{since: at}
		f.runs[key] = r
	}
	return r
}

// Run flushes every second until ctx ends, and once more then.
func (f *Failures) Run(ctx context.Context) {
	for f.System.Sleep(ctx, time.Second) == nil {
		f.Flush(ctx)
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	f.closeRuns(time.Time{})
	f.Flush(last)
}

// Flush writes what was gathered. What can't be written is kept for the next time, up to a bound.
func (f *Failures) Flush(ctx context.Context) {
	f.closeRuns(f.System.Now().Add(-window))
	f.mu.Lock()
	events := f.pending
	f.pending = nil
	f.mu.Unlock()
	for len(events) > 0 {
		n := min(len(events), batch)
		if err := f.write(ctx, events[:n]); err != nil {
			f.Log.WarnContext(ctx, "failed logins can't be written to the audit log", "events", len(events), "error", err)
			f.keep(events)
			return
		}
		events = events[n:]
	}
}

// write takes "it is there" for success: the answer to an earlier COMMIT was lost, and one event that is there must not keep
// the others out for good.
func (f *Failures) write(ctx context.Context, events []domain.Event) error {
	err := f.Store.WithinTx(ctx, func(ctx context.Context, tx *store.Tx) error { return tx.Audit.Add(ctx, events...) })
	var e *domain.Error
	switch {
	case !errors.As(err, &e) || e.Kind != domain.Conflict:
		return err
	case len(events) == 1:
		return nil
	}
	for i := range events {
		if err := f.write(ctx, events[i:i+1]); err != nil {
			return err
		}
	}
	return nil
}

// keep gives back what could not be written, as far as there is room.
func (f *Failures) keep(events []domain.Event) {
	f.mu.Lock()
	defer f.mu.Unlock()
	room := max(2*maxRuns-len(f.pending), 0)
	f.pending = slices.Concat(events[:min(room, len(events))], f.pending)
}

// closeRuns turns the surplus of runs that began before a time, or of all for the zero time, into one row each.
func (f *Failures) closeRuns(before time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for key, r := range f.runs {
		if !before.IsZero() && r.since.After(before) {
			continue
		}
		if r.surplus > 0 {
			f.pending = append(f.pending, r.last.With("count", strconv.Itoa(r.surplus)))
		}
		delete(f.runs, key)
	}
}
