package porttest

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/signet-auth/signet/ports/transient"
)

// LimiterRig is a limiter with the clock that it counts by.
type LimiterRig struct {
	Limiter transient.Limiter
	// Advance moves the clock, or waits for the real one.
	Advance func(time.Duration)
	// Window is the window of limits whose refill is tested: long if Advance moves the clock, and as short as possible if it waits. A third of
	// it must be much longer than a few calls take.
	Window time.Duration
}

// Limiter runs the contract of transient.Limiter. open makes one that has counted nothing yet.
func Limiter(t *testing.T, open func(t *testing.T) LimiterRig) {
	long := func(burst int) transient.Limit {
		return transient.Limit{Name: "suite", Burst: burst, Window: 10 * time.Hour}
	}
	take := func(t *testing.T, l transient.Limiter, limit transient.Limit, key string, allowed bool) transient.Decision {
		t.Helper()
		d := l.Take(t.Context(), limit, key)
		if d.Allowed != allowed {
			t.Fatalf("Take = %+v, want allowed = %v", d, allowed)
		}
		return d
	}
	drain := func(t *testing.T, l transient.Limiter, limit transient.Limit, key string) {
		t.Helper()
		for range limit.Burst {
			take(t, l, limit, key, true)
		}
		take(t, l, limit, key, false)
	}

	t.Run("a burst is allowed and no more", func(t *testing.T) {
		l := open(t).Limiter
		for _, burst := range []int{1, 3, 7, 600} { // 7 does not divide the window
			limit := long(burst)
			limit.Name = strings.Repeat("x", burst)
			drain(t, l, limit, "a")
		}
	})

	t.Run("a decision tells what is left", func(t *testing.T) {
		l, limit := open(t).Limiter, long(3)
		interval := limit.Window / 3
		near := func(what string, got, want time.Duration) {
			if got > want || got < want-time.Minute {
				t.Errorf("%s = %v, want about %v", what, got, want)
			}
		}
		for i := range 3 {
			d := take(t, l, limit, "a", true)
			if d.Remaining != 2-i || d.RetryAfter != 0 {
				t.Errorf("Take %d = %+v, want %d remaining and no wait", i, d, 2-i)
			}
			near("Reset", d.Reset, time.Duration(i+1)*interval)
		}
		d := take(t, l, limit, "a", false)
		if d.Remaining != 0 {
			t.Errorf("Remaining = %d after a refusal", d.Remaining)
		}
		near("RetryAfter", d.RetryAfter, interval)
		near("Reset", d.Reset, limit.Window)
	})

	t.Run("keys and limits are apart", func(t *testing.T) {
		l, limit := open(t).Limiter, long(1)
		drain(t, l, limit, "a")
		drain(t, l, limit, "b")
		other := limit
		other.Name = "other"
		drain(t, l, other, "a")
	})

	t.Run("any text is a key", func(t *testing.T) {
		l, limit := open(t).Limiter, long(1)
		for _, key := range []string{"", "{}", "}{", "a:b", "a b\r\nDEL x", "\x00\xff", "2001:db8::/64", strings.Repeat("k", 4096)} {
			drain(t, l, limit, key)
		}
	})

	t.Run("it refills evenly", func(t *testing.T) {
		rig := open(t)
		limit := transient.Limit{Name: "refill", Burst: 3, Window: rig.Window}
		drain(t, rig.Limiter, limit, "a")
		rig.Advance(limit.Window / 3)
		take(t, rig.Limiter, limit, "a", true)
		take(t, rig.Limiter, limit, "a", false)
	})

	t.Run("RetryAfter is long enough, and a refusal reserves nothing", func(t *testing.T) {
		rig := open(t)
		limit := transient.Limit{Name: "retry", Burst: 3, Window: rig.Window}
		drain(t, rig.Limiter, limit, "a")
		for range 20 {
			take(t, rig.Limiter, limit, "a", false)
		}
		rig.Advance(take(t, rig.Limiter, limit, "a", false).RetryAfter)
		take(t, rig.Limiter, limit, "a", true)
	})

	t.Run("after Reset the limit is as if untouched", func(t *testing.T) {
		rig := open(t)
		limit := transient.Limit{Name: "reset", Burst: 3, Window: rig.Window}
		drain(t, rig.Limiter, limit, "a")
		rig.Advance(take(t, rig.Limiter, limit, "a", false).Reset)
		drain(t, rig.Limiter, limit, "a")
	})

	t.Run("a returned reservation can be taken again, once", func(t *testing.T) {
		l, limit := open(t).Limiter, long(3)
		drain(t, l, limit, "a")
		l.Return(t.Context(), limit, "a")
		take(t, l, limit, "a", true)
		take(t, l, limit, "a", false)
	})

	t.Run("Return never gives more than was taken", func(t *testing.T) {
		l, limit := open(t).Limiter, long(3)
		for range 5 {
			l.Return(t.Context(), limit, "a")
		}
		drain(t, l, limit, "a")
		for range 5 {
			l.Return(t.Context(), limit, "a")
		}
		drain(t, l, limit, "a")
	})

	t.Run("Forgive gives back all that was taken of one key and limit", func(t *testing.T) {
		l, limit := open(t).Limiter, long(3)
		other := limit
		other.Name = "other"
		drain(t, l, limit, "a")
		drain(t, l, limit, "b")
		drain(t, l, other, "a")
		l.Forgive(t.Context(), limit, "a")
		drain(t, l, limit, "a")
		take(t, l, limit, "b", false)
		take(t, l, other, "a", false)
	})

	t.Run("a caller who hung up is counted, and may return", func(t *testing.T) {
		// Otherwise an attacker could hang up before each guess is counted.
		l, limit := open(t).Limiter, long(2)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if d := l.Take(ctx, limit, "a"); !d.Allowed || d.Remaining != 1 {
			t.Fatalf("Take = %+v, want 1 remaining", d)
		}
		l.Return(ctx, limit, "a")
		drain(t, l, limit, "a")
	})

	t.Run("1 000 parallel Takes at a limit of 100 are allowed 100 times", func(t *testing.T) {
		l, limit := open(t).Limiter, long(100)
		var allowed atomic.Int32
		var callers sync.WaitGroup
		start := make(chan struct{})
		for range 1000 {
			callers.Go(func() {
				<-start
				if l.Take(t.Context(), limit, "a").Allowed {
					allowed.Add(1)
				}
			})
		}
		close(start)
		callers.Wait()
		if n := allowed.Load(); n != 100 {
			t.Errorf("allowed %d times", n)
		}
	})

	t.Run("50 parallel pairs of Take and Return leave the limit untouched", func(t *testing.T) {
		l, limit := open(t).Limiter, long(50)
		var callers sync.WaitGroup
		for range 50 {
			callers.Go(func() {
				if l.Take(t.Context(), limit, "a").Allowed {
					l.Return(t.Context(), limit, "a")
				} else {
					t.Error("refused though at most 50 were reserved")
				}
			})
		}
		callers.Wait()
		drain(t, l, limit, "a")
	})
}

// Waker runs the contract of transient.Waker. open makes two ends of one channel of news: what the first announces, the
// second hears. It returns when both are ready; a value that is there from the start is allowed.
func Waker(t *testing.T, open func(t *testing.T) (from, to transient.Waker)) {
	hear := func(t *testing.T, w transient.Waker) {
		t.Helper()
		select {
		case _, ok := <-w.Woken():
			if !ok {
				t.Fatal("closed")
			}
		case <-time.After(hang):
			t.Fatal("nothing heard")
		}
	}
	// quiet counts signals until none has come for a while.
	quiet := func(w transient.Waker) (heard int) {
		for {
			select {
			case <-w.Woken():
				heard++
			case <-time.After(250 * time.Millisecond):
				return heard
			}
		}
	}

	t.Run("an announcement is heard, and the next one too", func(t *testing.T) {
		t.Parallel()
		from, to := open(t)
		quiet(to)
		for range 3 {
			from.Wake()
			hear(t, to)
			quiet(to)
		}
	})

	t.Run("many announcements become few", func(t *testing.T) {
		t.Parallel()
		from, to := open(t)
		quiet(to)
		for range 10_000 {
			from.Wake()
		}
		if n := quiet(to); n < 1 || n > 20 {
			t.Errorf("%d wake-ups of 10 000 announcements", n)
		}
	})

	t.Run("announcing returns at once though nobody listens", func(t *testing.T) {
		t.Parallel()
		from, _ := open(t)
		done := make(chan struct{})
		go func() {
			defer close(done)
			for range 1000 {
				from.Wake()
			}
		}()
		select {
		case <-done:
		case <-time.After(hang):
			t.Error("Wake blocks")
		}
	})
}
