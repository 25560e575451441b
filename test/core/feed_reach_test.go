package core_test

import (
	"errors"
	"math"
	"sync"
	"testing"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/test/testkit/rig"
)

// newestChange is the highest number of the feed.
func newestChange(t *testing.T, r *rig.Rig) int64 {
	t.Helper()
	seen, err := r.DB.Read().Changes.After(t.Context(), 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	return seen.Max
}

func TestReach(t *testing.T) {
	database, clock := rig.NewDatabase(t), rig.NewClock()
	here, e := listening(t, database, clock)
	there := rig.On(t, database, clock)
	if _, err := here.Feed.Poll(t.Context()); err != nil {
		t.Fatal(err)
	}
	e.take()

	t.Run("applies what another replica committed before it returns", func(t *testing.T) {
		change(t, there, "a")
		seq := newestChange(t, there)
		if here.Feed.Applied() >= seq {
			t.Fatal("it has applied it already")
		}
		if err := here.Feed.Reach(t.Context(), seq); err != nil || here.Feed.Applied() < seq || !e.heardOf("session a") {
			t.Errorf("%v, applied %d of %d", err, here.Feed.Applied(), seq)
		}
	})
	t.Run("asks nothing when it has applied the change", func(t *testing.T) {
		here.Store.Reset()
		if err := here.Feed.Reach(t.Context(), here.Feed.Applied()); err != nil || here.Store.Count() != 0 {
			t.Errorf("%v, %d queries", err, here.Store.Count())
		}
	})
	t.Run("ignores a number that the feed has not reached, after one look for all who ask", func(t *testing.T) {
		here.Store.Reset()
		var all sync.WaitGroup
		for range 100 {
			all.Go(func() {
				if err := here.Feed.Reach(t.Context(), math.MaxInt64); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if n := here.Store.Count("Changes.After"); n == 0 || n > 10 {
			t.Errorf("%d looks", n)
		}
	})
	t.Run("says so when the database is away", func(t *testing.T) {
		change(t, there, "b")
		here.Store.Down()
		if err := here.Feed.Reach(t.Context(), newestChange(t, there)); !errors.Is(err, domain.ErrUnavailable) {
			t.Errorf("%v", err)
		}
		here.Store.Up()
		if err := here.Feed.Reach(t.Context(), newestChange(t, there)); err != nil || !e.heardOf("session b") {
			t.Errorf("%v", err)
		}
	})
}
