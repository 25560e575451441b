package porttest

import (
	"context"
	"testing"
	"time"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

// storeRotation is about the one write outside of transactions.
func storeRotation(t *testing.T, s storeTest) {
	policy := domain.SessionPolicy{Idle: 14 * 24 * time.Hour, Absolute: 30 * 24 * time.Hour}
	step := func(f domain.Family, at time.Time) domain.Family {
		f.Generation, f.Hash, f.Salt, f.AdvancedAt, f.RotatedAt = f.Generation+1, newBytes(32), newBytes(32), at, at
		return f
	}
	// claimed is everything that a token says about its family.
	claimed := func(f domain.Family) domain.Family {
		return domain.Family{ID: f.ID, Generation: f.Generation, Hash: f.Hash}
	}
	rotate := func(t *testing.T, from, to domain.Family) (domain.ProvedSession, bool) {
		t.Helper()
		session, ok, err := s.Rotate(t.Context(), claimed(from), to, policy)
		if err != nil {
			t.Fatal(err)
		}
		return session, ok
	}
	proved := func(s domain.Session) domain.ProvedSession {
		return domain.ProvedSession{ID: s.ID, Level: s.Level, AuthTime: s.AuthTime}
	}
	family := func(t *testing.T, id domain.FamilyID) domain.Family {
		t.Helper()
		f, _, err := s.Read().Sessions.Family(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}

	t.Run("writes the next state and tells whose family it was", func(t *testing.T) {
		session, f := s.session(t, s.user(t).ID, noon)
		to := step(f, noon.Add(time.Minute))
		got, ok := rotate(t, f, to)
		same(t, "whose it was", got, proved(session))
		if !ok {
			t.Fatal("it did not rotate")
		}
		session.AMR, session.Level, session.AuthTime = []string{"pwd", "otp", "mfa"}, domain.AAL2, noon.Add(90*time.Second+time.Microsecond)
		s.write(t, func(ctx context.Context, tx *store.Tx) error { return tx.Sessions.Prove(ctx, session) })
		risen := to
		to = step(to, noon.Add(2*time.Minute))
		got, _ = rotate(t, risen, to)
		same(t, "whose it was after a proof", got, proved(session))
		same(t, "family", family(t, f.ID), to)
		if _, ok := rotate(t, f, step(f, noon.Add(time.Hour))); ok {
			t.Error("it rotated from a generation that is over")
		}
		stale := to
		stale.Hash = newBytes(32)
		if _, ok := rotate(t, stale, step(to, noon.Add(time.Hour))); ok {
			t.Error("it rotated from a hash that is not there")
		}
		same(t, "family", family(t, f.ID), to)
	})

	for name, prepare := range map[string]func(t *testing.T) (f domain.Family, at time.Time){
		"an unknown family": func(t *testing.T) (domain.Family, time.Time) {
			_, f := newSession(newID[domain.UserID](), noon)
			return f, noon
		},
		"an id that is none": func(t *testing.T) (domain.Family, time.Time) {
			_, f := newSession(newID[domain.UserID](), noon)
			f.ID = "nonsense"
			return f, noon
		},
		"an ended session": func(t *testing.T) (domain.Family, time.Time) {
			session, f := s.session(t, s.user(t).ID, noon)
			s.write(t, func(ctx context.Context, tx *store.Tx) error {
				_, err := tx.Sessions.End(ctx, []domain.SessionID{session.ID}, domain.EndedByLogout, noon)
				return err
			})
			return f, noon
		},
		"a session at its absolute end": func(t *testing.T) (domain.Family, time.Time) {
			session, f := newSession(s.user(t).ID, noon)
			session.ExpiresAt = noon.Add(time.Hour)
			s.write(t, func(ctx context.Context, tx *store.Tx) error { return tx.Sessions.Insert(ctx, session, f) })
			return f, noon.Add(time.Hour)
		},
		"a session at the end of its idle time": func(t *testing.T) (domain.Family, time.Time) {
			session, f := newSession(s.user(t).ID, noon)
			session.ExpiresAt = noon.Add(365 * 24 * time.Hour)
			s.write(t, func(ctx context.Context, tx *store.Tx) error { return tx.Sessions.Insert(ctx, session, f) })
			return f, noon.Add(policy.Idle)
		},
		"a static family": func(t *testing.T) (domain.Family, time.Time) {
			session, f := newSession(s.user(t).ID, noon)
			f.Static = true
			s.write(t, func(ctx context.Context, tx *store.Tx) error { return tx.Sessions.Insert(ctx, session, f) })
			return f, noon
		},
	} {
		t.Run("leaves "+name+" alone", func(t *testing.T) {
			f, at := prepare(t)
			before, _, known := s.Read().Sessions.Family(t.Context(), f.ID)
			if id, ok := rotate(t, f, step(f, at)); ok || id.ID != "" {
				t.Errorf("it rotated, of session %q", id)
			}
			if known == nil {
				same(t, "family", family(t, f.ID), before)
			}
		})
	}

	t.Run("of many at once one rotates", func(t *testing.T) {
		_, f := s.session(t, s.user(t).ID, noon)
		won := race(t, racers, func(int) (bool, error) {
			_, ok, err := s.Rotate(t.Context(), claimed(f), step(f, noon.Add(time.Second)), policy)
			return ok, err
		})
		if won != 1 {
			t.Errorf("%d of %d rotated", won, racers)
		}
	})

	t.Run("beside the session's end leaves no live family", func(t *testing.T) {
		for range 20 {
			session, f := s.session(t, s.user(t).ID, noon)
			race(t, 2, func(i int) (bool, error) {
				if i == 0 {
					_, _, err := s.Rotate(t.Context(), claimed(f), step(f, noon), policy)
					return true, err
				}
				return true, s.WithinTx(t.Context(), func(ctx context.Context, tx *store.Tx) error {
					_, err := tx.Sessions.End(ctx, []domain.SessionID{session.ID}, domain.EndedByAdmin, noon)
					return err
				})
			})
			got, of, err := s.Read().Sessions.Family(t.Context(), f.ID)
			if err != nil || got.EndedAt.IsZero() || of.EndedAt.IsZero() {
				t.Fatalf("family ended %v, session ended %v (%v)", got.EndedAt, of.EndedAt, err)
			}
		}
	})

	t.Run("inside a transaction is an error at once", func(t *testing.T) {
		_, f := s.session(t, s.user(t).ID, noon)
		s.write(t, func(ctx context.Context, _ *store.Tx) error {
			_, ok, err := s.Rotate(ctx, claimed(f), step(f, noon), policy)
			if ok {
				t.Error("it rotated")
			}
			fails(t, "Rotate", err, domain.ErrInternal)
			return nil
		})
	})
}
