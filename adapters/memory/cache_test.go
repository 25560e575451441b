package memory_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/signet-auth/signet/adapters/memory"
	"github.com/signet-auth/signet/ports/cache"
	"github.com/signet-auth/signet/ports/porttest"
)

func TestCacheContract(t *testing.T) {
	t.Run("without expiry", func(t *testing.T) {
		porttest.Cache(t, func(size int) cache.Cache[string, int] { return memory.NewCache[string, int](size, 0, nil, nil) })
	})
	t.Run("with expiry far away", func(t *testing.T) {
		clock := newHands()
		porttest.Cache(t, func(size int) cache.Cache[string, int] {
			return memory.NewCache[string](size, time.Hour, clock.Now, func(int) time.Time { return clock.Now().Add(time.Hour) })
		})
	})
}

func TestCacheExpiry(t *testing.T) {
	count := func(n *int) func(context.Context) (int, error) {
		return func(context.Context) (int, error) { *n++; return *n, nil }
	}
	get := func(t *testing.T, c cache.Cache[string, int], load func(context.Context) (int, error), want int) {
		t.Helper()
		if got, err := c.Get(t.Context(), "a", load); got != want || err != nil {
			t.Fatalf("Get = %d, %v, want %d", got, err, want)
		}
	}

	t.Run("an entry is loaded again when its TTL is over", func(t *testing.T) {
		clock, loads := newHands(), 0
		c := memory.NewCache[string, int](10, time.Second, clock.Now, nil)
		get(t, c, count(&loads), 1)
		clock.Advance(time.Second - time.Microsecond)
		get(t, c, count(&loads), 1)
		clock.Advance(time.Microsecond)
		get(t, c, count(&loads), 2)
		get(t, c, count(&loads), 2)
	})

	t.Run("a value that ends sooner than the TTL is not used past its end", func(t *testing.T) {
		clock, loads := newHands(), 0
		end := clock.Now().Add(time.Minute)
		c := memory.NewCache[string](10, time.Hour, clock.Now, func(int) time.Time { return end })
		get(t, c, count(&loads), 1)
		clock.Advance(time.Minute)
		get(t, c, count(&loads), 2)
		get(t, c, count(&loads), 3) // over from the start: returned, not remembered
	})

	t.Run("a value without an end of its own stays", func(t *testing.T) {
		clock, loads := newHands(), 0
		c := memory.NewCache[string](10, 0, clock.Now, func(int) time.Time { return time.Time{} })
		get(t, c, count(&loads), 1)
		clock.Advance(1000 * time.Hour)
		get(t, c, count(&loads), 1)
	})

	t.Run("an entry that is over is never the answer to a failed load", func(t *testing.T) {
		clock, loads := newHands(), 0
		c := memory.NewCache[string, int](10, time.Second, clock.Now, nil)
		get(t, c, count(&loads), 1)
		clock.Advance(time.Second)
		broken := errors.New("broken")
		if _, err := c.Get(t.Context(), "a", func(context.Context) (int, error) { return 0, broken }); !errors.Is(err, broken) {
			t.Errorf("error = %v", err)
		}
	})
}

func TestCacheLoadThatEndsItsGoroutine(t *testing.T) {
	c := memory.NewCache[string, int](10, 0, nil, nil)
	if _, err := c.Get(t.Context(), "a", func(context.Context) (int, error) { runtime.Goexit(); return 0, nil }); err == nil {
		t.Error("no error")
	}
	if got, err := c.Get(t.Context(), "a", func(context.Context) (int, error) { return 1, nil }); got != 1 || err != nil {
		t.Errorf("Get = %d, %v: the key is poisoned", got, err)
	}
}

func BenchmarkCacheHit(b *testing.B) {
	for name, c := range map[string]*memory.Cache[string, int]{
		"without expiry": memory.NewCache[string, int](10_000, 0, nil, nil),
		"with expiry":    memory.NewCache[string, int](10_000, time.Hour, time.Now, nil),
	} {
		b.Run(name, func(b *testing.B) {
			load := func(context.Context) (int, error) { return 1, nil }
			key := strings.Repeat("k", 32)
			b.ReportAllocs()
			for b.Loop() {
				if v, err := c.Get(b.Context(), key, load); v != 1 || err != nil {
					b.Fatal(v, err)
				}
			}
		})
	}
}

func BenchmarkCacheMiss(b *testing.B) {
	c := memory.NewCache[int, int](1000, 0, nil, nil)
	load := func(context.Context) (int, error) { return 1, nil }
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if _, err := c.Get(b.Context(), i, load); err != nil {
			b.Fatal(err)
		}
	}
}
