package porttest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

func storeFeed(t *testing.T, s storeTest) {
	after := func(t *testing.T, seq int64, limit int) store.Feed {
		t.Helper()
		feed, err := s.Read().Changes.After(t.Context(), seq, limit)
		if err != nil {
			t.Fatal(err)
		}
		return feed
	}

	t.Run("a new feed has an epoch and nothing else", func(t *testing.T) {
		feed := after(t, 0, 10)
		if feed.Epoch == "" {
			t.Error("there is no epoch")
		}
		same(t, "feed", feed, store.Feed{Epoch: feed.Epoch})
	})

	t.Run("changes come in commit order with rising numbers, after any number and up to a limit", func(t *testing.T) {
		s.write(t, func(_ context.Context, tx *store.Tx) error {
			tx.Changed(domain.ChangeSession, "a", domain.TokensEnded)
			tx.Changed(domain.ChangePrincipal, "b", domain.TokensUnknown)
			return nil
		})
		s.write(t, func(_ context.Context, tx *store.Tx) error {
			tx.Changed(domain.ChangeService, "c", domain.TokensUnaffected)
			return nil
		})
		feed := after(t, 0, 10)
		var subjects string
		var facts []domain.Fact
		last := int64(0)
		for _, c := range feed.Changes {
			if c.Seq <= last {
				t.Errorf("number %d comes after %d", c.Seq, last)
			}
			last, subjects, facts = c.Seq, subjects+c.Subject, append(facts, c.Tokens)
		}
		if subjects != "abc" || feed.Max != last {
			t.Fatalf("got %+v", feed)
		}
		same(t, "facts", facts, []domain.Fact{domain.TokensEnded, domain.TokensUnknown, domain.TokensUnaffected})
		same(t, "limited", after(t, 0, 2).Changes, feed.Changes[:2])
		same(t, "the highest number of a limited look", after(t, 0, 2).Max, last)
		same(t, "after the second", after(t, feed.Changes[1].Seq, 10).Changes, feed.Changes[2:])
		same(t, "after the last", after(t, last, 10), store.Feed{Epoch: feed.Epoch, Max: last})
		same(t, "beyond", after(t, last+1000, 10), store.Feed{Epoch: feed.Epoch, Max: last})
	})

	t.Run("the facts are the changes that may concern tokens, between two numbers", func(t *testing.T) {
		begin := after(t, 0, 1).Max
		s.write(t, func(_ context.Context, tx *store.Tx) error {
			tx.Changed(domain.ChangeSession, "ended", domain.TokensEnded)
			tx.Changed(domain.ChangeSession, "unaffected", domain.TokensUnaffected)
			tx.Changed(domain.ChangeSession, "unknown", domain.TokensUnknown)
			tx.Changed(domain.ChangeSession, "stale", domain.TokensStale)
			return nil
		})
		end := after(t, 0, 1).Max
		between := func(after, upTo int64, limit int) (subjects []string) {
			t.Helper()
			found, err := s.Read().Facts.Between(t.Context(), after, upTo, limit)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range found {
				if subjects = append(subjects, c.Subject); c.At.IsZero() || c.Seq <= after || c.Seq > upTo {
					t.Errorf("got %+v", c)
				}
			}
			return subjects
		}
		same(t, "all", between(begin, end, 10), []string{"ended", "unknown", "stale"})
		same(t, "limited", between(begin, end, 2), []string{"ended", "unknown"})
		same(t, "without the last", between(begin, end-1, 10), []string{"ended", "unknown"})
		same(t, "after the end", between(end, end+10, 10), []string(nil))
		before := func(at time.Time) int64 {
			t.Helper()
			seq, err := s.Read().Facts.Before(t.Context(), at)
			if err != nil {
				t.Fatal(err)
			}
			return seq
		}
		same(t, "the newest from before tomorrow", before(time.Now().Add(24*time.Hour)), end)
		same(t, "from before last year", before(time.Now().AddDate(-1, 0, 0)), int64(0))
	})

	t.Run("a purge removes what is old, some at a time, but never the newest", func(t *testing.T) {
		for range 5 {
			s.write(t, func(_ context.Context, tx *store.Tx) error {
				tx.Changed(domain.ChangeSession, "old", domain.TokensStale)
				return nil
			})
		}
		purge := func(age time.Duration, n int) (removed int) {
			t.Helper()
			s.write(t, func(ctx context.Context, tx *store.Tx) (err error) {
				removed, err = tx.Changes.Purge(ctx, time.Now().Add(-age), n)
				return err
			})
			return removed
		}
		before := after(t, 0, 1000)
		if n := purge(time.Hour, 1000); n != 0 {
			t.Errorf("%d young ones are gone", n)
		}
		if n := purge(-time.Hour, 2); n != 2 {
			t.Errorf("%d are gone, want 2", n)
		}
		if n := purge(-time.Hour, 1000); n != len(before.Changes)-3 {
			t.Errorf("%d are gone, want %d", n, len(before.Changes)-3)
		}
		left := after(t, 0, 1000)
		same(t, "what is left", left.Changes, before.Changes[len(before.Changes)-1:])
		same(t, "the highest number", left.Max, before.Max)
	})

	// A follower of numbers can miss a change if a transaction takes number 7, another takes 8 and commits, the follower sees 8, and then 7
	// commits. Here many transactions commit at once while a follower reads.
	t.Run("a follower who reads on from the highest number it saw misses nothing", func(t *testing.T) {
		const writers, each = 8, 25
		begin := after(t, 0, 1).Max
		seen, last := map[string]bool{}, begin
		follow := func() {
			feed, err := s.Read().Changes.After(t.Context(), last, 7)
			if err != nil && !errors.Is(err, domain.ErrUnavailable) { // on a busy machine it may be late; a follower asks again
				t.Error(err)
			}
			for _, c := range feed.Changes {
				seen[c.Subject], last = true, c.Seq
			}
		}
		done := make(chan struct{})
		defer func() { <-done }()
		go func() {
			defer close(done)
			race(t, writers, func(w int) (bool, error) {
				for i := 0; i < each; {
					err := s.WithinTx(t.Context(), func(ctx context.Context, tx *store.Tx) error {
						tx.Changed(domain.ChangeSession, fmt.Sprintf("%d-%d", w, i), domain.TokensStale)
						return tx.Meta.Put(ctx, fmt.Sprint("writer", w), fmt.Sprint(i))
					})
					switch {
					case err == nil:
						i++
					case !errors.Is(err, domain.ErrUnavailable): // on a busy machine it may be late
						return false, err
					}
				}
				return true, nil
			})
		}()
		for running := true; running; {
			select {
			case <-done:
				running = false
			default:
			}
			follow()
		}
		for last < after(t, last, 1).Max {
			follow()
		}
		if len(seen) != writers*each {
			t.Errorf("the follower saw %d of %d changes", len(seen), writers*each)
		}
	})
}
