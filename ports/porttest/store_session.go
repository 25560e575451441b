package porttest

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

func storeSessions(t *testing.T, s storeTest) {
	get := func(t *testing.T, id domain.SessionID) domain.Session {
		t.Helper()
		session, err := s.Read().Sessions.ByID(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		return session
	}
	end := func(t *testing.T, reason domain.EndReason, at time.Time, ids ...domain.SessionID) (ended []domain.SessionID) {
		t.Helper()
		s.write(t, func(ctx context.Context, tx *store.Tx) (err error) {
			ended, err = tx.Sessions.End(ctx, ids, reason, at)
			return err
		})
		return ended
	}

	t.Run("a session comes back as it went", func(t *testing.T) {
		session, family := newSession(s.user(t).ID, noon)
		session.Cookie, session.AMR, session.Level = true, []string{"pwd", "otp", "mfa"}, domain.AAL2
		s.write(t, func(ctx context.Context, tx *store.Tx) error { return tx.Sessions.Insert(ctx, session, family) })
		same(t, "session", get(t, session.ID), session)
	})

	t.Run("unknown ids are not found, and nobody's session can't be", func(t *testing.T) {
		for _, id := range []domain.SessionID{newID[domain.SessionID](), "nonsense"} {
			_, err := s.Read().Sessions.ByID(t.Context(), id)
			fails(t, "ByID", err, domain.ErrNotFound)
		}
		session, family := newSession(newID[domain.UserID](), noon)
		err := s.WithinTx(t.Context(), func(ctx context.Context, tx *store.Tx) error { return tx.Sessions.Insert(ctx, session, family) })
		fails(t, "Insert", err, domain.ErrNotFound)
	})

	t.Run("last seen and static are what its family knows", func(t *testing.T) {
		session, family := s.session(t, s.user(t).ID, noon)
		next := family
		next.Generation, next.Hash, next.RotatedAt, next.Static = 1, newBytes(32), noon.Add(time.Hour), true
		s.write(t, func(ctx context.Context, tx *store.Tx) error {
			_, err := tx.Sessions.Advance(ctx, family, next)
			return err
		})
		session.LastSeenAt, session.Static = noon.Add(time.Hour), true
		same(t, "session", get(t, session.ID), session)
		end(t, domain.EndedByLogout, noon.Add(2*time.Hour), session.ID)
		session.EndedAt, session.EndReason = noon.Add(2*time.Hour), domain.EndedByLogout
		same(t, "ended", get(t, session.ID), session)
	})

	t.Run("live ones come least recently refreshed first, without the ended and lapsed", func(t *testing.T) {
		user := s.user(t).ID
		now := noon.Add(policy.Idle)
		first, firstFamily := s.session(t, user, noon.Add(time.Microsecond)) // refreshed below
		second, _ := s.session(t, user, noon.Add(2*time.Microsecond))
		third, _ := s.session(t, user, noon.Add(3*time.Microsecond))
		idle, _ := s.session(t, user, noon) // lapses at now
		ended, _ := s.session(t, user, noon.Add(time.Hour))
		past, pastFamily := s.session(t, user, now.Add(-policy.Absolute)) // refreshed, but at its absolute end
		s.session(t, s.user(t).ID, now)
		end(t, domain.EndedByLogout, now, ended.ID)
		for family, at := range map[*domain.Family]time.Time{&firstFamily: noon.Add(time.Hour), &pastFamily: now} {
			to := *family
			to.Generation, to.RotatedAt = 1, at
			s.write(t, func(ctx context.Context, tx *store.Tx) error {
				_, err := tx.Sessions.Advance(ctx, *family, to)
				return err
			})
		}
		first.LastSeenAt = noon.Add(time.Hour)
		got, err := s.Read().Sessions.LiveByUser(t.Context(), user, policy, now)
		if err != nil {
			t.Fatal(err)
		}
		same(t, "live", got, []domain.Session{second, third, first})
		ids, err := s.Read().Sessions.LiveIDs(t.Context(), user, policy, now)
		if err != nil {
			t.Fatal(err)
		}
		same(t, "their ids", ids, []domain.SessionID{second.ID, third.ID, first.ID})
		for _, nobody := range []domain.UserID{newID[domain.UserID](), "nonsense"} {
			if got, err := s.Read().Sessions.LiveIDs(t.Context(), nobody, policy, now); err != nil || len(got) != 0 {
				t.Errorf("%q has %v (%v)", nobody, got, err)
			}
		}
		for _, session := range []domain.Session{get(t, idle.ID), get(t, past.ID), get(t, ended.ID)} {
			if session.IsLive(policy, now) {
				t.Errorf("the domain takes %+v for live", session)
			}
		}
	})

	t.Run("the open ones of a user are those that have not ended, lapsed ones too", func(t *testing.T) {
		user := s.user(t).ID
		lapsed, _ := s.session(t, user, noon.Add(-365*24*time.Hour))
		live, _ := s.session(t, user, noon)
		over, _ := s.session(t, user, noon)
		s.session(t, s.user(t).ID, noon)
		end(t, domain.EndedByLogout, noon, over.ID)
		want := []domain.SessionID{lapsed.ID, live.ID}
		slices.Sort(want)
		got, err := s.Read().Sessions.OpenByUser(t.Context(), user)
		if err != nil {
			t.Fatal(err)
		}
		same(t, "open", got, want)
		for _, nobody := range []domain.UserID{newID[domain.UserID](), "nonsense"} {
			if got, err := s.Read().Sessions.OpenByUser(t.Context(), nobody); err != nil || len(got) != 0 {
				t.Errorf("%q has %v (%v)", nobody, got, err)
			}
		}
	})

	t.Run("End ends what has not ended, with its families, and says which", func(t *testing.T) {
		user := s.user(t).ID
		a, family := s.session(t, user, noon)
		b, _ := s.session(t, user, noon)
		same(t, "first", end(t, domain.EndedByLogout, noon.Add(time.Minute), a.ID), []domain.SessionID{a.ID})
		same(t, "second", end(t, domain.EndedByAdmin, noon.Add(time.Hour), a.ID, b.ID, newID[domain.SessionID](), "nonsense"), []domain.SessionID{b.ID})
		same(t, "third", end(t, domain.EndedByAdmin, noon.Add(time.Hour), a.ID, b.ID), []domain.SessionID(nil))
		same(t, "none", end(t, domain.EndedByAdmin, noon), []domain.SessionID(nil))

		got := get(t, a.ID)
		if !got.EndedAt.Equal(noon.Add(time.Minute)) || got.EndReason != domain.EndedByLogout {
			t.Errorf("the first end was overwritten: %v %s", got.EndedAt, got.EndReason)
		}
		f, _, err := s.Read().Sessions.Family(t.Context(), family.ID)
		if err != nil || !f.EndedAt.Equal(noon.Add(time.Minute)) {
			t.Errorf("the family ended at %v (%v)", f.EndedAt, err)
		}
	})

	t.Run("EndBeyond keeps the most recently refreshed of the live ones, and ends the others with their families", func(t *testing.T) {
		user, now := s.user(t).ID, noon.Add(policy.Idle)
		lapsed, _ := s.session(t, user, noon)
		first, family := s.session(t, user, noon.Add(time.Minute))
		second, _ := s.session(t, user, noon.Add(2*time.Minute))
		third, _ := s.session(t, user, noon.Add(3*time.Minute))
		others, _ := s.session(t, s.user(t).ID, noon.Add(time.Minute))
		s.write(t, func(ctx context.Context, tx *store.Tx) error { // the first is the last by now
			to := family
			to.Generation, to.RotatedAt = 1, now
			_, err := tx.Sessions.Advance(ctx, family, to)
			return err
		})
		surplus := []domain.SessionID{second.ID, third.ID}
		slices.Sort(surplus)
		for _, row := range []struct {
			user domain.UserID
			keep int
			want []domain.SessionID
		}{
			{"nonsense", 0, nil}, {user, 3, nil}, {user, 1, surplus}, {user, 1, nil}, {user, 0, []domain.SessionID{first.ID}},
		} {
			s.write(t, func(ctx context.Context, tx *store.Tx) error {
				ended, err := tx.Sessions.EndBeyond(ctx, row.user, row.keep, policy, domain.EndedByLimit, now)
				same(t, fmt.Sprintf("%d are kept: the ended", row.keep), ended, row.want)
				return err
			})
		}
		if got := get(t, first.ID); !got.EndedAt.Equal(now) || got.EndReason != domain.EndedByLimit {
			t.Errorf("the first ended %v, %q", got.EndedAt, got.EndReason)
		}
		if f, _, err := s.Read().Sessions.Family(t.Context(), family.ID); err != nil || !f.EndedAt.Equal(now) {
			t.Errorf("its family ended %v (%v)", f.EndedAt, err)
		}
		for _, id := range []domain.SessionID{lapsed.ID, others.ID} {
			if got := get(t, id); !got.EndedAt.IsZero() {
				t.Errorf("%s ended, too", id)
			}
		}
	})

	t.Run("of many parallel ends one counts", func(t *testing.T) {
		session, _ := s.session(t, s.user(t).ID, noon)
		won := race(t, racers, func(int) (ok bool, err error) {
			err = s.WithinTx(t.Context(), func(ctx context.Context, tx *store.Tx) error {
				ended, err := tx.Sessions.End(ctx, []domain.SessionID{session.ID}, domain.EndedByLogout, noon)
				ok = slices.Contains(ended, session.ID)
				return err
			})
			return ok, err
		})
		if won != 1 {
			t.Errorf("%d ended it", won)
		}
	})

	t.Run("at a limit of N parallel logins under the principal's lock leave N", func(t *testing.T) {
		u, limit := s.user(t), 5
		race(t, racers, func(int) (bool, error) {
			return true, s.WithinTx(t.Context(), func(ctx context.Context, tx *store.Tx) error {
				if _, err := tx.Principals.Lock(ctx, u.Principal.ID); err != nil {
					return err
				}
				if _, err := tx.Sessions.EndBeyond(ctx, u.ID, limit-1, policy, domain.EndedByLimit, noon); err != nil {
					return err
				}
				session, family := newSession(u.ID, noon)
				return tx.Sessions.Insert(ctx, session, family)
			})
		})
		live, err := s.Read().Sessions.LiveByUser(t.Context(), u.ID, policy, noon)
		if err != nil || len(live) != limit {
			t.Errorf("%d are live, want %d (%v)", len(live), limit, err)
		}
	})
}

func storeFamilies(t *testing.T, s storeTest) {
	advance := func(t *testing.T, from, to domain.Family) (ok bool) {
		t.Helper()
		s.write(t, func(ctx context.Context, tx *store.Tx) (err error) {
			ok, err = tx.Sessions.Advance(ctx, from, to)
			return err
		})
		return ok
	}
	next := func(f domain.Family, at time.Time) domain.Family {
		f.Generation, f.Hash, f.Salt, f.AdvancedAt, f.RotatedAt = f.Generation+1, newBytes(32), newBytes(32), at, at
		return f
	}

	t.Run("a family comes with its session, ended ones too", func(t *testing.T) {
		session, family := s.session(t, s.user(t).ID, noon)
		f, of, err := s.Read().Sessions.Family(t.Context(), family.ID)
		if err != nil {
			t.Fatal(err)
		}
		same(t, "family", f, family)
		same(t, "session", of, session)
		s.write(t, func(ctx context.Context, tx *store.Tx) error {
			_, err := tx.Sessions.End(ctx, []domain.SessionID{session.ID}, domain.EndedByLogout, noon)
			return err
		})
		session.EndedAt, session.EndReason, family.EndedAt = noon, domain.EndedByLogout, noon
		f, of, err = s.Read().Sessions.Family(t.Context(), family.ID)
		if err != nil {
			t.Fatal(err)
		}
		same(t, "ended family", f, family)
		same(t, "ended session", of, session)
	})

	t.Run("unknown ids are not found", func(t *testing.T) {
		for _, id := range []domain.FamilyID{newID[domain.FamilyID](), "nonsense"} {
			_, _, err := s.Read().Sessions.Family(t.Context(), id)
			fails(t, "Family", err, domain.ErrNotFound)
		}
	})

	t.Run("Advance writes the next state, once", func(t *testing.T) {
		session, family := s.session(t, s.user(t).ID, noon)
		to := next(family, noon.Add(time.Minute))
		if !advance(t, family, to) {
			t.Fatal("it did not advance")
		}
		if advance(t, family, next(family, noon.Add(time.Hour))) {
			t.Error("it advanced from a generation that is over")
		}
		stale := to
		stale.Hash = newBytes(32)
		if advance(t, stale, next(to, noon.Add(time.Hour))) {
			t.Error("it advanced from a hash that is not there")
		}
		f, of, err := s.Read().Sessions.Family(t.Context(), family.ID)
		if err != nil {
			t.Fatal(err)
		}
		same(t, "family", f, to)
		if !of.LastSeenAt.Equal(noon.Add(time.Minute)) || of.ID != session.ID {
			t.Errorf("the session is %+v", of)
		}
	})

	t.Run("a recovery keeps the generation", func(t *testing.T) {
		_, family := s.session(t, s.user(t).ID, noon)
		to := next(family, noon.Add(time.Minute))
		to.Generation, to.AdvancedAt = family.Generation, family.AdvancedAt
		if !advance(t, family, to) {
			t.Error("it was refused")
		}
	})

	t.Run("a family becomes static once, and what took it for another kind does not advance", func(t *testing.T) {
		_, family := s.session(t, s.user(t).ID, noon)
		used := family.Used(noon.Add(time.Minute))
		if !advance(t, family, used) {
			t.Fatal("it did not become static")
		}
		if advance(t, family, next(family, noon.Add(time.Hour))) {
			t.Error("a static family rotated")
		}
		again := used.Used(noon.Add(2 * time.Hour))
		if !advance(t, used, again) {
			t.Error("it could not be used again")
		}
		f, of, err := s.Read().Sessions.Family(t.Context(), family.ID)
		if err != nil {
			t.Fatal(err)
		}
		same(t, "family", f, again)
		if !of.Static || !of.LastSeenAt.Equal(noon.Add(2*time.Hour)) {
			t.Errorf("the session is %+v", of)
		}
	})

	t.Run("after the end of the session nothing advances", func(t *testing.T) {
		session, family := s.session(t, s.user(t).ID, noon)
		s.write(t, func(ctx context.Context, tx *store.Tx) error {
			_, err := tx.Sessions.End(ctx, []domain.SessionID{session.ID}, domain.EndedByLogout, noon)
			return err
		})
		if advance(t, family, next(family, noon)) {
			t.Error("it advanced")
		}
	})

	t.Run("of many parallel refreshes one advances", func(t *testing.T) {
		_, family := s.session(t, s.user(t).ID, noon)
		won := race(t, racers, func(int) (ok bool, err error) {
			err = s.WithinTx(t.Context(), func(ctx context.Context, tx *store.Tx) (err error) {
				ok, err = tx.Sessions.Advance(ctx, family, next(family, noon.Add(time.Second)))
				return err
			})
			return ok, err
		})
		if won != 1 {
			t.Errorf("%d of %d advanced", won, racers)
		}
	})

	t.Run("of a refresh and the session's end, in any order, no live family is left", func(t *testing.T) {
		for range 20 {
			session, family := s.session(t, s.user(t).ID, noon)
			race(t, 2, func(i int) (bool, error) {
				return true, s.WithinTx(t.Context(), func(ctx context.Context, tx *store.Tx) (err error) {
					if i == 0 {
						_, err = tx.Sessions.Advance(ctx, family, next(family, noon))
					} else {
						_, err = tx.Sessions.End(ctx, []domain.SessionID{session.ID}, domain.EndedByAdmin, noon)
					}
					return err
				})
			})
			f, of, err := s.Read().Sessions.Family(t.Context(), family.ID)
			if err != nil || f.EndedAt.IsZero() || of.EndedAt.IsZero() {
				t.Fatalf("family ended %v, session ended %v (%v)", f.EndedAt, of.EndedAt, err)
			}
		}
	})
}
