package porttest

import (
	"context"
	"testing"
	"time"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

func storeRenewals(t *testing.T, s storeTest) {
	renew := func(ctx context.Context, f domain.Family) (ok bool, err error) {
		err = s.WithinTx(ctx, func(ctx context.Context, tx *store.Tx) (err error) {
			ok, err = tx.Sessions.Renew(ctx, f)
			return err
		})
		return ok, err
	}
	advance := func(ctx context.Context, from domain.Family, at time.Time) (ok bool, err error) {
		to := from
		to.Generation, to.Hash, to.Salt, to.AdvancedAt, to.RotatedAt = from.Generation+1, newBytes(32), newBytes(32), at, at
		err = s.WithinTx(ctx, func(ctx context.Context, tx *store.Tx) (err error) {
			ok, err = tx.Sessions.Advance(ctx, from, to)
			return err
		})
		return ok, err
	}
	end := func(ctx context.Context, id domain.SessionID, at time.Time) (bool, error) {
		return true, s.WithinTx(ctx, func(ctx context.Context, tx *store.Tx) error {
			_, err := tx.Sessions.End(ctx, []domain.SessionID{id}, domain.EndedByLogout, at)
			return err
		})
	}
	family := func(t *testing.T, id domain.FamilyID) (domain.Family, domain.Session) {
		t.Helper()
		f, session, err := s.Read().Sessions.Family(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		return f, session
	}

	t.Run("a family takes the place of the one before, and the session goes on", func(t *testing.T) {
		session, old := s.session(t, s.user(t).ID, noon)
		static := old
		static.Static = true
		s.write(t, func(ctx context.Context, tx *store.Tx) error {
			_, err := tx.Sessions.Advance(ctx, old, static)
			return err
		})
		fresh := newFamily(session.ID, noon.Add(time.Hour))
		if ok, err := renew(t.Context(), fresh); !ok || err != nil {
			t.Fatalf("got %v, %v", ok, err)
		}
		static.EndedAt, session.LastSeenAt = noon.Add(time.Hour), noon.Add(time.Hour)
		got, of := family(t, fresh.ID)
		same(t, "the new family", got, fresh)
		same(t, "its session", of, session)
		live, err := s.Read().Sessions.LiveIDs(t.Context(), session.UserID, policy, noon.Add(time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		same(t, "live, once", live, []domain.SessionID{session.ID})
		got, _ = family(t, old.ID)
		same(t, "the old family", got, static)
		byID, err := s.Read().Sessions.ByID(t.Context(), session.ID)
		if err != nil {
			t.Fatal(err)
		}
		same(t, "the session, which keeps no token for good any more", byID, session)

		if ok, err := advance(t.Context(), static, noon.Add(2*time.Hour)); ok || err != nil {
			t.Errorf("the old family advanced: %v, %v", ok, err)
		}
		if ok, err := advance(t.Context(), fresh, noon.Add(2*time.Hour)); !ok || err != nil {
			t.Errorf("the new family did not advance: %v, %v", ok, err)
		}
		if _, err := end(t.Context(), session.ID, noon.Add(3*time.Hour)); err != nil {
			t.Fatal(err)
		}
		if got, _ := family(t, fresh.ID); !got.EndedAt.Equal(noon.Add(3 * time.Hour)) {
			t.Errorf("the new family ended at %v", got.EndedAt)
		}
		if got, _ := family(t, old.ID); !got.EndedAt.Equal(noon.Add(time.Hour)) {
			t.Errorf("the end of the old family was overwritten: %v", got.EndedAt)
		}
	})

	t.Run("a session that has ended, and nobody's, get none", func(t *testing.T) {
		session, _ := s.session(t, s.user(t).ID, noon)
		if _, err := end(t.Context(), session.ID, noon); err != nil {
			t.Fatal(err)
		}
		for _, id := range []domain.SessionID{session.ID, newID[domain.SessionID](), "nonsense"} {
			f := newFamily(id, noon)
			if ok, err := renew(t.Context(), f); ok || err != nil {
				t.Errorf("%s: got %v, %v", id, ok, err)
			}
			_, _, err := s.Read().Sessions.Family(t.Context(), f.ID)
			fails(t, "the family", err, domain.ErrNotFound)
		}
	})

	t.Run("other sessions of the user are left alone", func(t *testing.T) {
		user := s.user(t).ID
		session, _ := s.session(t, user, noon)
		_, other := s.session(t, user, noon)
		if ok, err := renew(t.Context(), newFamily(session.ID, noon)); !ok || err != nil {
			t.Fatalf("got %v, %v", ok, err)
		}
		if got, _ := family(t, other.ID); !got.EndedAt.IsZero() {
			t.Errorf("it ended at %v", got.EndedAt)
		}
	})

	t.Run("of a renewal and a refresh, in any order, the old family is over and the new one begins", func(t *testing.T) {
		for round := range 20 {
			session, old := s.session(t, s.user(t).ID, noon)
			fresh := newFamily(session.ID, noon)
			race(t, 2, func(i int) (bool, error) {
				switch {
				case i == 1:
					return renew(t.Context(), fresh)
				case round%2 == 0:
					return advance(t.Context(), old, noon)
				}
				to := old
				to.Generation, to.Hash = 1, newBytes(32)
				_, ok, err := s.Rotate(t.Context(), old, to, policy)
				return ok, err
			})
			if got, of := family(t, old.ID); got.EndedAt.IsZero() || !of.EndedAt.IsZero() {
				t.Fatalf("the old family ended %v, the session %v", got.EndedAt, of.EndedAt)
			}
			if got, _ := family(t, fresh.ID); !got.EndedAt.IsZero() || got.Generation != 0 {
				t.Fatalf("the new family is %+v", got)
			}
		}
	})

	t.Run("of a renewal and the session's end, in any order, no live family is left", func(t *testing.T) {
		for range 20 {
			session, old := s.session(t, s.user(t).ID, noon)
			fresh := newFamily(session.ID, noon)
			renewed := race(t, 2, func(i int) (bool, error) {
				if i == 0 {
					_, err := end(t.Context(), session.ID, noon)
					return false, err
				}
				return renew(t.Context(), fresh)
			})
			if got, _ := family(t, old.ID); got.EndedAt.IsZero() {
				t.Fatal("the old family lives")
			}
			if renewed == 0 {
				continue
			}
			if got, _ := family(t, fresh.ID); got.EndedAt.IsZero() {
				t.Fatal("the new family lives")
			}
		}
	})

	t.Run("of many parallel renewals one family is left", func(t *testing.T) {
		session, _ := s.session(t, s.user(t).ID, noon)
		families := make([]domain.Family, racers)
		for i := range families {
			families[i] = newFamily(session.ID, noon)
		}
		if won := race(t, racers, func(i int) (bool, error) { return renew(t.Context(), families[i]) }); won != racers {
			t.Errorf("%d renewed", won)
		}
		live := 0
		for _, f := range families {
			if got, _ := family(t, f.ID); got.EndedAt.IsZero() {
				live++
			}
		}
		if live != 1 {
			t.Errorf("%d families live", live)
		}
	})
}
