package core_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
	"github.com/signet-auth/signet/test/testkit/rig"
)

// ear is a listener that remembers what it was told. Safe for concurrent use.
type ear struct {
	mu      sync.Mutex
	heard   []string
	flushes int
}

func (e *ear) Changed(c domain.Change) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.heard = append(e.heard, string(c.Kind)+" "+c.Subject)
}

func (e *ear) Flush(domain.FeedPlace) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.flushes++
}

// take is what was heard since the last take.
func (e *ear) take() (heard []string, flushes int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	heard, flushes = e.heard, e.flushes
	e.heard, e.flushes = nil, 0
	return heard, flushes
}

func (e *ear) heardOf(what string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Contains(e.heard, what)
}

// listening is a replica with an ear.
func listening(t *testing.T, database rig.Database, clock *rig.Clock) (*rig.Rig, *ear) {
	t.Helper()
	r, e := rig.On(t, database, clock), &ear{}
	r.Feed.Subscribe(e)
	return r, e
}

func change(t *testing.T, r *rig.Rig, subjects ...string) {
	t.Helper()
	r.Write(t, func(_ context.Context, tx *store.Tx) error {
		for _, s := range subjects {
			tx.Changed(domain.ChangeSession, s, domain.TokensStale)
		}
		return nil
	})
}

func hears(t *testing.T, e *ear, want ...string) {
	t.Helper()
	heard, flushes := e.take()
	if diff := cmp.Diff(want, heard); diff != "" || flushes > 0 {
		t.Errorf("heard (-want +got):\n%s, %d flushes", diff, flushes)
	}
}

func TestOwnChanges(t *testing.T) {
	r, e := listening(t, rig.NewDatabase(t), rig.NewClock())

	t.Run("are told before the transaction's caller goes on", func(t *testing.T) {
		change(t, r, "one", "two")
		hears(t, e, "session one", "session two")
	})

	t.Run("come once more through the poll, which loses none of others for them", func(t *testing.T) {
		r.Poll(t)
		hears(t, e, "session one", "session two")
		r.Poll(t)
		hears(t, e)
	})

	t.Run("of a transaction that failed are told to nobody", func(t *testing.T) {
		failure := errors.New("no")
		err := r.Store.WithinTx(t.Context(), func(_ context.Context, tx *store.Tx) error {
			tx.Changed(domain.ChangeSession, "never", domain.TokensStale)
			return failure
		})
		if !errors.Is(err, failure) {
			t.Fatalf("got %v", err)
		}
		r.Poll(t)
		hears(t, e)
	})

	t.Run("don't wait for a poll that is slow", func(t *testing.T) {
		polling, release := make(chan struct{}), make(chan struct{})
		r.Store.Before(func(query string) error {
			if query == "Changes.After" {
				close(polling)
				<-release
			}
			return nil
		})
		defer r.Store.Before(nil)
		done := make(chan error, 1)
		go func() {
			_, err := r.Feed.Poll(context.WithoutCancel(t.Context()))
			done <- err
		}()
		<-polling
		change(t, r, "meanwhile")
		if !e.heardOf("session meanwhile") {
			t.Error("nothing was told")
		}
		close(release)
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	})
}

func TestChangesOfOthers(t *testing.T) {
	database, clock := rig.NewDatabase(t), rig.NewClock()
	r, e := listening(t, database, clock)
	other := rig.On(t, database, clock)
	r.Poll(t)
	e.take()

	t.Run("are told by the next poll, in the order of their commits", func(t *testing.T) {
		change(t, other, "first")
		change(t, other, "second", "third")
		hears(t, e)
		r.Poll(t)
		hears(t, e, "session first", "session second", "session third")
	})

	t.Run("more than one poll reads are said to be more, and the feed is not fresh before the last", func(t *testing.T) {
		subjects := make([]string, 2100)
		for i := range subjects {
			subjects[i] = fmt.Sprintf("s%d", i)
		}
		change(t, other, subjects...)
		clock.Move(10 * time.Second)
		total := 0
		for i, want := range []struct {
			more bool
			n    int
			lag  time.Duration
		}{{true, 1000, 10 * time.Second}, {true, 1000, 10 * time.Second}, {false, 100, 0}} {
			more, err := r.Feed.Poll(t.Context())
			heard, _ := e.take()
			total += len(heard)
			if err != nil || more != want.more || len(heard) != want.n || r.Feed.Lag() != want.lag {
				t.Errorf("poll %d: more=%v, %d changes, lag %v, %v", i, more, len(heard), r.Feed.Lag(), err)
			}
		}
		if total != len(subjects) {
			t.Errorf("%d changes of %d", total, len(subjects))
		}
	})

	t.Run("exactly as many as one poll reads are not more", func(t *testing.T) {
		subjects := make([]string, 1000)
		for i := range subjects {
			subjects[i] = fmt.Sprintf("t%d", i)
		}
		change(t, other, subjects...)
		if more, err := r.Feed.Poll(t.Context()); more || err != nil {
			t.Errorf("more=%v, %v", more, err)
		}
		e.take()
	})
}

func TestEverythingIsForgotten(t *testing.T) {
	flushed := func(t *testing.T, e *ear, want bool) {
		t.Helper()
		if heard, n := e.take(); (n == 1) != want || n > 1 {
			t.Errorf("%d flushes, heard %v", n, heard)
		}
	}
	for _, test := range []struct {
		name   string
		happen func(t *testing.T, r, other *rig.Rig)
		want   bool
	}{
		{"when the epoch is another", func(t *testing.T, r, _ *rig.Rig) {
			r.Database.Exec(t, "UPDATE meta SET value = 'after a restore' WHERE key = 'feed_epoch'")
		}, true},
		{"when the highest number fell", func(t *testing.T, r, _ *rig.Rig) {
			r.Database.Exec(t, "DELETE FROM changes")
		}, true},
		{"after more than an hour of silence", func(_ *testing.T, r, _ *rig.Rig) {
			r.Clock.Move(time.Hour + time.Microsecond)
		}, true},
		{"not after an hour", func(_ *testing.T, r, _ *rig.Rig) { r.Clock.Move(time.Hour) }, false},
		{"not when all is as it was", func(*testing.T, *rig.Rig, *rig.Rig) {}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			database, clock := rig.NewDatabase(t), rig.NewClock()
			r, e := listening(t, database, clock)
			other := rig.On(t, database, clock)
			change(t, other, "before")
			r.Poll(t)
			e.take()
			test.happen(t, r, other)
			r.Poll(t)
			flushed(t, e, test.want)

			change(t, other, "after") // whatever happened, the place in the feed is right again
			r.Poll(t)
			hears(t, e, "session after")
		})
	}
}

func TestAnEpochIsBegunAsSoonAsTheDatabaseTakesIt(t *testing.T) {
	database, clock := rig.NewDatabase(t), rig.NewClock()
	r, e := listening(t, database, clock)
	epoch := func() string {
		t.Helper()
		seen, err := r.DB.Read().Changes.After(t.Context(), 0, 1)
		if err != nil {
			t.Fatal(err)
		}
		return seen.Epoch
	}
	change(t, r, "lost")
	r.Poll(t)
	e.take()
	first := epoch()
	database.Exec(t, "DELETE FROM changes")
	r.Store.Before(func(query string) error { // the new primary refuses writes at first
		if query == "WithinTx" {
			return domain.ErrUnavailable
		}
		return nil
	})
	r.Poll(t)
	if _, flushes := e.take(); flushes != 1 || epoch() != first {
		t.Errorf("%d flushes, the epoch is new: %t", flushes, epoch() != first)
	}
	r.Store.Before(nil)
	r.Poll(t)
	second := epoch()
	if _, flushes := e.take(); flushes != 1 || second == first {
		t.Errorf("%d flushes, the epoch is new: %t", flushes, second != first)
	}
	r.Poll(t)
	if _, flushes := e.take(); flushes != 0 || epoch() != second {
		t.Errorf("%d flushes more, another epoch: %t", flushes, epoch() != second)
	}
}
