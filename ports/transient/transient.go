// Package transient is the port to state that may be lost: counters of limits and the wake-up of the change feed. Losing all
// of it makes guesses cheaper for one window and revocations half a second slower; it never makes a used secret usable.
package transient

import (
	"context"
	"time"
)

// Limit is Burst events at once, refilled evenly at Burst per Window (GCRA).
type Limit struct {
	// Name separates limits that share keys; it is part of the stored key.
	Name   string
	Burst  int
	Window time.Duration
}

// Decision is the answer to a Take.
type Decision struct {
	Allowed    bool
	Remaining  int
	RetryAfter time.Duration // until one event would be allowed; 0 when allowed
	Reset      time.Duration // until the limit is full again
}

// Limiter counts events per key. All methods are atomic per (limit, key), safe for concurrent use, and never fail: an adapter that has lost
// its server decides alone. Keys may be personal data (addresses): adapters keep them no longer than the window, and callers pass MACs
// where that matters.
type Limiter interface {
	// Take reserves one event before the work it guards, so that parallel attempts can't exceed the limit. A refused event
	// reserves nothing.
	Take(ctx context.Context, l Limit, key string) Decision
	// Return gives one reservation back, when the event turned out not to count. It never returns more than was taken.
	Return(ctx context.Context, l Limit, key string)
	// Forgive gives all reservations back at once.
	Forgive(ctx context.Context, l Limit, key string)
}

// Waker tells other replicas that the feed has news, best effort: the feed is polled anyway.
type Waker interface {
	// Wake announces news; it returns at once and never fails.
	Wake()
	// Woken yields a value after an announcement; several may be coalesced into one. It is never closed.
	Woken() <-chan struct{}
}
