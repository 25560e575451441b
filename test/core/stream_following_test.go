package core_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/signet-auth/signet/app/stream"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
	"github.com/signet-auth/signet/test/testkit/rig"
)

func TestFollowing(t *testing.T) {
	l := newLandscape(t, rig.New(t))
	l.change(t, domain.TokensEnded, "old")
	l.change(t, domain.TokensUnaffected, "nobody's business")

	first := l.follow(t, "")
	first.hears(t, "hello", "session old", "ready")
	l.change(t, domain.TokensStale, "new", "newer")
	first.hears(t, "session new", "session newer")
	first.hears(t, "tick")
	first.stop()
	l.change(t, domain.TokensEnded, "meanwhile")

	t.Run("a cursor continues where the stream was cut", func(t *testing.T) {
		l.follow(t, first.cursor).hears(t, "hello", "session meanwhile", "ready")
	})
	t.Run("a cursor of a replica that is ahead is reached first", func(t *testing.T) {
		other := rig.On(t, l.Database, l.Clock)
		l.Write(t, func(_ context.Context, tx *store.Tx) error {
			tx.Changed(domain.ChangeSession, "ahead", domain.TokensEnded)
			return nil
		})
		other.Poll(t)
		ahead := (&landscape{Rig: other, actor: l.actor}).follow(t, "")
		ahead.until(t, "ready")
		l.follow(t, ahead.cursor).hears(t, "hello", "ready")
	})
	t.Run("without one, a change is sent for as long as a token may live that it concerns", func(t *testing.T) {
		l.Clock.Move(15*time.Minute + time.Minute + 10*time.Minute + time.Second)
		l.Poll(t)
		l.change(t, domain.TokensEnded, "young")
		l.follow(t, "").hears(t, "hello", "session young", "ready")
		l.follow(t, first.cursor).hears(t, "hello", "session young", "ready") // one that is too old is the same
	})
}

func TestFollowingFromOutOfMemory(t *testing.T) {
	l := newLandscape(t, rig.New(t))
	subjects := make([]string, 2500)
	for i := range subjects {
		subjects[i] = fmt.Sprint("s", i)
	}
	l.follow(t, "").until(t, "ready")
	first := l.follow(t, "")
	first.until(t, "ready")
	first.stop()
	l.change(t, domain.TokensEnded, subjects...)
	for l.Feed.Applied() < newestPlace(t, l) {
		l.Poll(t)
	}
	l.Stream.Flush(place(t, l)) // memory is empty: the table has them
	words := l.follow(t, first.cursor).until(t, "ready")
	if len(words) != len(subjects)+2 || words[1] != "session s0" || words[len(words)-2] != "session s2499" {
		t.Errorf("%d words, from %q", len(words), words[:2])
	}
}

func TestNumbersThatStartOver(t *testing.T) {
	restore := func(t *testing.T, l *landscape) {
		t.Helper()
		l.Write(t, func(ctx context.Context, tx *store.Tx) error {
			return tx.Restoration.BeginEpoch(ctx, "", l.System.NewID(), l.Clock.Now())
		})
		l.Poll(t)
	}
	t.Run("are told to an open stream", func(t *testing.T) {
		l := newLandscape(t, rig.New(t))
		f := l.follow(t, "")
		f.hears(t, "hello", "ready")
		restore(t, l)
		f.hears(t, "reset", "ready")
		l.change(t, domain.TokensEnded, "after")
		f.hears(t, "session after")
	})
	t.Run("are told to a cursor from before, and to a follower without one while tokens from before may live", func(t *testing.T) {
		l := newLandscape(t, rig.New(t))
		f := l.follow(t, "")
		f.hears(t, "hello", "ready")
		f.stop()
		restore(t, l)
		l.follow(t, f.cursor).hears(t, "hello", "reset", "ready")
		polled, err := l.Stream.Poll(t.Context(), stream.PollInput{OpenInput: stream.OpenInput{Actor: l.actor, Cursor: f.cursor}, Limit: 10})
		if err != nil || len(polled.Facts) != 1 || polled.Facts[0].Kind != stream.KindReset {
			t.Errorf("a poll: %+v, %v", polled, err)
		}
		young := l.follow(t, "")
		young.hears(t, "hello", "reset", "ready")
		young.stop()
		l.follow(t, young.cursor).hears(t, "hello", "ready")
		l.Clock.Move(16 * time.Minute)
		l.Poll(t)
		l.follow(t, "").hears(t, "hello", "ready")
	})
	t.Run("are told when a failover lost commits, and all replicas agree on the new epoch", func(t *testing.T) {
		l := newLandscape(t, rig.New(t))
		other := rig.On(t, l.Database, l.Clock)
		l.change(t, domain.TokensEnded, "a", "b", "lost")
		other.Poll(t)
		f := l.follow(t, "")
		f.until(t, "ready")
		before := place(t, l)
		l.Database.Exec(t, fmt.Sprintf("DELETE FROM changes WHERE seq = %d", before.Seq))
		l.Poll(t)
		f.hears(t, "reset", "session a", "session b")
		other.Poll(t)
		if after := place(t, l); after.Epoch == before.Epoch || after.Begun.IsZero() {
			t.Errorf("the epoch is %+v", after)
		} else if other.Poll(t); place(t, l).Epoch != after.Epoch {
			t.Error("the other replica began one more")
		}
	})
}

// TestNoFollowerMissesAnything has many writers, and followers that are cut again and again while the first one makes the replica begin to
// keep changes in memory.
func TestNoFollowerMissesAnything(t *testing.T) {
	l := newLandscape(t, rig.New(t))
	const writes, followers = 200, 8
	written := make(chan struct{})
	go func() {
		defer close(written)
		for i := range writes {
			l.change(t, domain.TokensEnded, fmt.Sprint("w", i))
		}
	}()
	results := make(chan []string, followers)
	for n := range followers {
		go func() {
			var seen []string
			cursor := ""
			for cut := 0; len(seen) == 0 || seen[len(seen)-1] != fmt.Sprint("w", writes-1); cut++ {
				out, err := l.Stream.Poll(t.Context(), stream.PollInput{
					OpenInput: stream.OpenInput{Actor: l.actor, Cursor: cursor}, Limit: 1 + n*3, Wait: 10 * time.Second,
				})
				if err != nil {
					t.Error(err)
					break
				}
				cursor = out.Cursor
				for _, f := range out.Facts {
					seen = append(seen, f.Subject)
				}
			}
			results <- seen
		}()
	}
	var want []string
	for i := range writes {
		want = append(want, fmt.Sprint("w", i))
	}
	for range followers {
		if seen := <-results; !slices.Equal(seen, want) {
			t.Errorf("one heard %d of %d: %v", len(seen), writes, seen)
		}
	}
	<-written
}
