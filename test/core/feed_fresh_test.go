package core_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/test/testkit/race"
	"github.com/signet-auth/signet/test/testkit/rig"
)

func TestFresh(t *testing.T) {
	const stale = 30*time.Second + time.Microsecond

	t.Run("is not asked of the database while the last good poll is young", func(t *testing.T) {
		r := rig.New(t)
		r.Clock.Move(30 * time.Second)
		if err := r.Feed.Fresh(t.Context()); err != nil || r.Store.Count() != 0 {
			t.Errorf("%v, %d queries", err, r.Store.Count())
		}
	})

	t.Run("catches up once for all who find it stale", func(t *testing.T) {
		database, clock := rig.NewDatabase(t), rig.NewClock()
		r, e := listening(t, database, clock)
		change(t, rig.On(t, database, clock), "missed")
		e.take()
		clock.Move(stale)
		r.Store.Reset()
		for _, err := range race.Together(50, func(int) error { return r.Feed.Fresh(t.Context()) }) {
			if err != nil {
				t.Error(err)
			}
		}
		if n := r.Store.Count("Changes.After"); n != 1 {
			t.Errorf("%d polls", n)
		}
		if !e.heardOf("session missed") {
			t.Error("it went on without what it had missed")
		}
	})

	t.Run("catches up with all there is before it says yes", func(t *testing.T) {
		database, clock := rig.NewDatabase(t), rig.NewClock()
		r, e := listening(t, database, clock)
		subjects := make([]string, 2001)
		for i := range subjects {
			subjects[i] = fmt.Sprintf("s%d", i)
		}
		change(t, rig.On(t, database, clock), subjects...)
		clock.Move(stale)
		if err := r.Feed.Fresh(t.Context()); err != nil {
			t.Fatal(err)
		}
		if !e.heardOf("session s2000") {
			t.Error("revocations were left unread")
		}
	})

	t.Run("is refused while the database is away, without a storm of polls, and again given when it is back", func(t *testing.T) {
		r := rig.New(t)
		r.Clock.Move(stale)
		r.Store.Down()
		r.Store.Reset()
		for _, err := range race.Together(50, func(int) error { return r.Feed.Fresh(t.Context()) }) {
			if !errors.Is(err, domain.ErrUnavailable) {
				t.Errorf("got %v", err)
			}
		}
		if n := r.Store.Count("Changes.After"); n != 1 {
			t.Errorf("%d polls by 50 callers", n)
		}
		r.Clock.Move(r.Feed.Settings.Poll)
		for range 3 {
			if err := r.Feed.Fresh(t.Context()); !errors.Is(err, domain.ErrUnavailable) {
				t.Errorf("got %v", err)
			}
		}
		if n := r.Store.Count("Changes.After"); n != 2 {
			t.Errorf("%d polls after the next was due", n)
		}
		r.Store.Up()
		r.Poll(t) // the loop's
		if err := r.Feed.Fresh(t.Context()); err != nil {
			t.Errorf("after the database came back: %v", err)
		}
	})

	t.Run("catches up by itself when the database is back before the loop noticed", func(t *testing.T) {
		r := rig.New(t)
		r.Clock.Move(stale)
		r.Store.Down()
		_ = r.Feed.Fresh(t.Context())
		r.Store.Up()
		r.Clock.Move(r.Feed.Settings.Poll)
		if err := r.Feed.Fresh(t.Context()); err != nil {
			t.Errorf("got %v", err)
		}
	})

	t.Run("catches up for others when its caller hangs up", func(t *testing.T) {
		r := rig.New(t)
		r.Clock.Move(stale)
		gone, hangUp := context.WithCancel(t.Context())
		hangUp()
		if err := r.Feed.Fresh(gone); err != nil {
			t.Errorf("got %v", err)
		}
	})

	t.Run("counts from the start of the last good poll, however long that took", func(t *testing.T) {
		r := rig.New(t)
		r.Store.After(func(query string) { r.Clock.Move(time.Second) })
		r.Poll(t)
		if lag := r.Feed.Lag(); lag != time.Second {
			t.Errorf("lag %v", lag)
		}
	})
}
