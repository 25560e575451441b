package core_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
	"github.com/signet-auth/signet/test/testkit/rig"
)

func TestTwoDispatchersDeliverEachMessageOnce(t *testing.T) {
	database, clock := rig.NewDatabase(t), rig.NewClock()
	var mu sync.Mutex
	seen := map[domain.MessageID]int{}
	deliver := func(_ context.Context, m domain.Message) error {
		mu.Lock()
		defer mu.Unlock()
		seen[m.ID]++
		return nil
	}
	one, two := rig.On(t, database, clock), rig.On(t, database, clock)
	handle(one, nil, deliver)
	handle(two, nil, deliver)
	const messages = 200
	one.Write(t, func(ctx context.Context, tx *store.Tx) error {
		for range messages {
			if err := one.Base.Mail.Put(ctx, tx, delivered, "p", one.Clock.Now(), time.Time{}); err != nil {
				return err
			}
		}
		return nil
	})
	stopOne, stopTwo := run(t, one.Outbox), run(t, two.Outbox)
	rig.Wait(t, "all of them", func() bool { return one.Due(t) == 0 })
	stopOne()
	stopTwo()
	if len(seen) != messages {
		t.Errorf("%d messages of %d", len(seen), messages)
	}
	for id, n := range seen {
		if n != 1 {
			t.Errorf("%s was delivered %d times", id, n)
		}
	}
}

func TestOutboxRun(t *testing.T) {
	t.Run("hears of a commit without waiting for the poll", func(t *testing.T) {
		r := dispatching(t, nil, func(context.Context, domain.Message) error { return nil })
		r.Outbox.Settings.Poll = never
		r.Store.Reset()
		stop := run(t, r.Outbox)
		defer stop()
		rig.Wait(t, "the first look", func() bool { return r.Store.Count("WithinTx") > 0 })
		for i := range 3 {
			promise(t, r, delivered, "p", time.Time{})
			rig.Wait(t, "the delivery", func() bool { return count(t, r, "delivered_at IS NOT NULL") == i+1 })
		}
	})

	t.Run("lets what is under way finish and be settled", func(t *testing.T) {
		begun, release := make(chan struct{}), make(chan struct{})
		r := dispatching(t, nil, func(ctx context.Context, _ domain.Message) error {
			close(begun)
			<-release
			return ctx.Err()
		})
		promise(t, r, delivered, "p", time.Time{})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			r.Outbox.Run(ctx)
		}()
		<-begun
		cancel()
		select {
		case <-done:
			t.Fatal("it did not wait")
		default:
		}
		close(release)
		<-done
		if count(t, r, "delivered_at IS NOT NULL AND attempts = 1") != 1 {
			t.Error("what left was not settled")
		}
	})

	t.Run("claims no more than it has hands for", func(t *testing.T) {
		var working, most atomic.Int64
		release := make(chan struct{})
		r := dispatching(t, nil, func(context.Context, domain.Message) error {
			most.Store(max(most.Load(), working.Add(1)))
			<-release
			working.Add(-1)
			return nil
		})
		for range 10 {
			promise(t, r, delivered, "p", time.Time{})
		}
		stop := run(t, r.Outbox)
		defer stop()
		rig.Wait(t, "full hands", func() bool { return working.Load() == 4 })
		if n := count(t, r, "locked_until IS NOT NULL"); n != 4 {
			t.Errorf("%d are leased", n)
		}
		close(release)
		rig.Wait(t, "the rest", func() bool { return r.Due(t) == 0 })
		if most.Load() > 4 {
			t.Errorf("%d at once", most.Load())
		}
	})
}
