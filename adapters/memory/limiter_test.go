package memory_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/signet-auth/signet/adapters/memory"
	"github.com/signet-auth/signet/ports/porttest"
	"github.com/signet-auth/signet/ports/transient"
)

func TestLimiterContract(t *testing.T) {
	porttest.Limiter(t, func(*testing.T) porttest.LimiterRig {
		clock := newHands()
		return porttest.LimiterRig{Limiter: memory.NewLimiter(clock.Now), Advance: clock.Advance, Window: 10 * time.Hour}
	})
}

func TestLimiterUnderAFloodOfKeysKeepsTheOneUnderAttack(t *testing.T) {
	clock := newHands()
	l := memory.NewLimiter(clock.Now)
	limit := transient.Limit{Name: "login", Burst: 10, Window: 15 * time.Minute}
	for range 20 {
		l.Take(t.Context(), limit, "victim")
	}
	forgotten := 0
	for i := range 150_000 {
		l.Take(t.Context(), limit, fmt.Sprint("bystander ", i))
	}
	if l.Take(t.Context(), limit, "victim").Allowed {
		t.Error("the victim's count was forgotten")
	}
	for i := range 150_000 {
		if l.Take(t.Context(), limit, fmt.Sprint("bystander ", i)).Remaining == limit.Burst-1 {
			forgotten++
		}
	}
	if forgotten < 50_000 {
		t.Errorf("%d keys were forgotten: the table is not bounded, and this test proves nothing", forgotten)
	}
}

func TestLimiterClockSetBackLocksNobodyOutForLongerThanTheWindow(t *testing.T) {
	clock := newHands()
	l := memory.NewLimiter(clock.Now)
	limit := transient.Limit{Name: "login", Burst: 3, Window: time.Minute}
	for range 3 {
		l.Take(t.Context(), limit, "a")
	}
	clock.Advance(-24 * time.Hour)
	if d := l.Take(t.Context(), limit, "a"); d.Allowed || d.RetryAfter > time.Minute || d.Reset > time.Minute {
		t.Errorf("Take = %+v, want a wait within the window", d)
	}
}

func BenchmarkLimiterTake(b *testing.B) {
	l := memory.NewLimiter(time.Now)
	limit := transient.Limit{Name: "bench", Burst: 1000, Window: time.Second}
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			l.Take(context.Background(), limit, "key")
		}
	})
}
