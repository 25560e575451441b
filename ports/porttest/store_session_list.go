package porttest

import (
	"context"
	"testing"
	"time"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

func storeSessionLists(t *testing.T, s storeTest) {
	seen := func(t *testing.T, family domain.Family, at time.Time) {
		t.Helper()
		to := family
		to.Generation, to.RotatedAt = family.Generation+1, at
		s.write(t, func(ctx context.Context, tx *store.Tx) error {
			_, err := tx.Sessions.Advance(ctx, family, to)
			return err
		})
	}
	end := func(t *testing.T, id domain.SessionID) {
		t.Helper()
		s.write(t, func(ctx context.Context, tx *store.Tx) error {
			_, err := tx.Sessions.End(ctx, []domain.SessionID{id}, domain.EndedByLogout, noon)
			return err
		})
	}
	page := func(t *testing.T, user domain.UserID, now time.Time, after domain.Cursor, limit int) []domain.Session {
		t.Helper()
		got, err := s.Read().Sessions.PageByUser(t.Context(), user, policy, now, after, limit)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	behind := func(s domain.Session) domain.Cursor { return domain.Cursor{At: s.CreatedAt, ID: string(s.ID)} }

	t.Run("a page is of live sessions, newest first", func(t *testing.T) {
		user, now := s.user(t).ID, noon.Add(policy.Idle)
		s.session(t, user, noon) // lapses at now
		kept, family := s.session(t, user, noon.Add(-time.Hour))
		first, _ := s.session(t, user, noon.Add(time.Microsecond))
		second, _ := s.session(t, user, noon.Add(time.Hour))
		over, _ := s.session(t, user, noon.Add(2*time.Hour))
		_, past := s.session(t, user, now.Add(-policy.Absolute)) // at its absolute end
		s.session(t, s.user(t).ID, now)
		end(t, over.ID)
		seen(t, family, now)
		seen(t, past, now)
		kept.LastSeenAt = now
		same(t, "page", page(t, user, now, domain.Cursor{}, 10), []domain.Session{second, first, kept})
		for _, nobody := range []domain.UserID{newID[domain.UserID](), "nonsense"} {
			same(t, "nobody's", page(t, nobody, now, domain.Cursor{}, 10), []domain.Session(nil))
		}
	})

	t.Run("pages follow each other without gap or overlap, equal times too", func(t *testing.T) {
		user := s.user(t).ID
		for i := range 7 {
			s.session(t, user, noon.Add(time.Duration(i/3)*time.Second))
		}
		whole := page(t, user, noon, domain.Cursor{}, 10)
		var joined []domain.Session
		after := domain.Cursor{}
		for range 4 {
			part := page(t, user, noon, after, 2)
			joined = append(joined, part...)
			after = behind(part[len(part)-1])
		}
		if len(whole) != 7 {
			t.Fatalf("%d sessions", len(whole))
		}
		same(t, "pages", joined, whole)
		same(t, "behind the last", page(t, user, noon, after, 2), []domain.Session(nil))
		same(t, "behind no id", page(t, user, noon, domain.Cursor{At: noon, ID: "nonsense"}, 2), []domain.Session(nil))
	})

	t.Run("the count is of live sessions and of users who have one", func(t *testing.T) {
		count := func(now time.Time) domain.SessionCount {
			t.Helper()
			n, err := s.Read().Sessions.CountLive(t.Context(), policy, now)
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		// Far after the times of other tests, so that only these sessions are live.
		then := noon.Add(1000 * 24 * time.Hour)
		same(t, "none", count(then), domain.SessionCount{})
		ada, eve, bob := s.user(t).ID, s.user(t).ID, s.user(t).ID
		idle, idleFamily := s.session(t, ada, then)
		s.session(t, ada, then)
		s.session(t, eve, then)
		over, _ := s.session(t, bob, then)
		end(t, over.ID)
		same(t, "fresh", count(then), domain.SessionCount{Sessions: 3, Users: 2})
		seen(t, idleFamily, then.Add(time.Hour))
		same(t, "just before the idle end", count(then.Add(policy.Idle-time.Microsecond)), domain.SessionCount{Sessions: 3, Users: 2})
		same(t, "at it", count(then.Add(policy.Idle)), domain.SessionCount{Sessions: 1, Users: 1})
		seen(t, domain.Family{ID: idleFamily.ID, Generation: 1, Hash: idleFamily.Hash, Salt: idleFamily.Salt, AdvancedAt: then}, then.Add(policy.Absolute))
		same(t, "just before the absolute end", count(idle.ExpiresAt.Add(-time.Microsecond)), domain.SessionCount{Sessions: 1, Users: 1})
		same(t, "at it", count(idle.ExpiresAt), domain.SessionCount{})
	})
}
