package memory

import (
	"context"
	"sync"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/signet-auth/signet/ports/transient"
)

// limiterKeys bounds the table: about 10 MB when full.
const limiterKeys = 100_000

// Limiter implements transient.Limiter for one process by GCRA in microseconds, the same arithmetic as the Redis adapter's. Per key it
// keeps one number, the theoretical arrival time (TAT): when the limit will be full again. The entry then has no more use and expires,
// together with its key (an address, perhaps).
//
// The table is bounded, and an evicted key starts over with its whole burst: this is the only way in which it fails open. An attacker who
// wants to evict the key under attack must use 100 000 other keys within the window, in spite of the callers' limits per address block; and
// eviction is by frequency of use (W-TinyLFU), every Take counting, refused ones included, so keys that were used once go first and the key
// under attack is among the last.
type Limiter struct {
	now  func() time.Time
	tats func() *otter.Cache[limitKey, int64]
}

type limitKey struct{ limit, key string }

// NewLimiter makes a limiter that reads the time from now. Its table is made at the first event: 3 MB and a tenth of the time of a
// start, which a server that nobody logs in to need not spend.
func NewLimiter(now func() time.Time) *Limiter {
	remaining := func(e otter.Entry[limitKey, int64]) time.Duration {
		return max(time.UnixMicro(e.Value).Sub(now()), time.Nanosecond)
	}
	return &Limiter{now: now, tats: sync.OnceValue(func() *otter.Cache[limitKey, int64] {
		return otter.Must(&otter.Options[limitKey, int64]{
			MaximumSize:      limiterKeys,
			InitialCapacity:  limiterKeys, // else frequencies are counted only once the table is half full
			ExpiryCalculator: otter.ExpiryWritingFunc(remaining),
			Clock:            clock(now),
		})
	})}
}

// Take reserves one event.
func (l *Limiter) Take(_ context.Context, limit transient.Limit, key string) transient.Decision {
	interval, tolerance := gcra(limit)
	var decision transient.Decision
	l.tats().Compute(limitKey{limit.Name, key}, func(tat int64, _ bool) (int64, otter.ComputeOp) {
		now := l.now().UnixMicro()
		// The TAT is never further ahead than the limit itself can reach: a clock that was set back must not lock anybody out.
		tat = min(max(tat, now), now+tolerance)
		next := tat + interval
		if wait := next - tolerance - now; wait > 0 {
			decision = transient.Decision{RetryAfter: micros(wait), Reset: micros(tat - now)}
			return tat, otter.WriteOp // a write, so that refused events count as use
		}
		decision = transient.Decision{
			Allowed:   true,
			Remaining: int((tolerance - (next - now)) / interval),
			Reset:     micros(next - now),
		}
		return next, otter.WriteOp
	})
	return decision
}

// Return gives one reservation back.
func (l *Limiter) Return(_ context.Context, limit transient.Limit, key string) {
	interval, _ := gcra(limit)
	l.tats().Compute(limitKey{limit.Name, key}, func(tat int64, found bool) (int64, otter.ComputeOp) {
		switch {
		case !found:
			return 0, otter.CancelOp
		case tat-interval <= l.now().UnixMicro():
			return 0, otter.InvalidateOp
		}
		return tat - interval, otter.WriteOp
	})
}

// Forgive gives all reservations back.
func (l *Limiter) Forgive(_ context.Context, limit transient.Limit, key string) {
	l.tats().Invalidate(limitKey{limit.Name, key})
}

// gcra is the limit in microseconds: the emission interval, and how far ahead of now a TAT may be. The tolerance is a multiple of the
// interval, so that a burst is exact even if the window does not divide evenly.
func gcra(limit transient.Limit) (interval, tolerance int64) {
	interval = max(limit.Window.Microseconds()/int64(max(limit.Burst, 1)), 1)
	return interval, interval * int64(max(limit.Burst, 0))
}

func micros(n int64) time.Duration { return time.Duration(n) * time.Microsecond }

// clock gives otter the injected time; it ticks in real time, to remove entries that nobody uses any more.
type clock func() time.Time

func (c clock) NowNano() int64                        { return c().UnixNano() }
func (c clock) Tick(d time.Duration) <-chan time.Time { return time.Tick(d) }
