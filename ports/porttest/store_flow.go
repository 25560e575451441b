package porttest

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

func newFlow(subject string, email domain.Email) domain.Flow {
	return domain.Flow{
		ID: newID[domain.FlowID](), Purpose: domain.PurposeVerifyRegistration, SecretHash: newBytes(32), CodeHash: newBytes(32),
		Subject: subject, Address: email.Canonical(), CreatedAt: noon, CodeExpiresAt: noon.Add(10 * time.Minute), ExpiresAt: noon.Add(time.Hour),
	}
}

func storeFlows(t *testing.T, s storeTest) {
	insert := func(t *testing.T, all ...domain.Flow) {
		t.Helper()
		s.write(t, func(ctx context.Context, tx *store.Tx) error {
			for _, f := range all {
				if err := tx.Flows.Insert(ctx, f); err != nil {
					return err
				}
			}
			return nil
		})
	}
	get := func(t *testing.T, f domain.Flow) domain.Flow {
		t.Helper()
		got, err := s.Read().Flows.BySecret(t.Context(), f.SecretHash)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	consume := func(t *testing.T, id domain.FlowID, now time.Time) (ok bool) {
		t.Helper()
		s.write(t, func(ctx context.Context, tx *store.Tx) (err error) {
			ok, err = tx.Flows.Consume(ctx, id, now)
			return err
		})
		return ok
	}
	live := func(t *testing.T, email domain.Email, now time.Time, purposes ...domain.Purpose) (ids map[domain.FlowID]bool) {
		t.Helper()
		ids = map[domain.FlowID]bool{}
		s.write(t, func(ctx context.Context, tx *store.Tx) error {
			all, err := tx.Flows.LockByAddress(ctx, purposes, email.Canonical(), now)
			for _, f := range all {
				ids[f.ID] = true
			}
			return err
		})
		return ids
	}

	t.Run("a flow comes back as it went, consumed ones too", func(t *testing.T) {
		full, bare := newFlow("subject", newAddress(t)), newFlow("subject", newAddress(t))
		full.Payload, full.Tries = newBytes(100), 2
		bare.CodeHash, bare.CodeExpiresAt, bare.Address = nil, time.Time{}, ""
		insert(t, full, bare)
		same(t, "full", get(t, full), full)
		same(t, "bare", get(t, bare), bare)
		if !consume(t, full.ID, noon.Add(time.Minute)) {
			t.Error("it was not consumed")
		}
		full.ConsumedAt = noon.Add(time.Minute)
		same(t, "consumed", get(t, full), full)
		_, err := s.Read().Flows.BySecret(t.Context(), newBytes(32))
		fails(t, "an unknown secret", err, domain.ErrNotFound)
		byID, err := s.Read().Flows.ByID(t.Context(), full.ID)
		same(t, "by its id", byID, full)
		if err != nil {
			t.Error(err)
		}
		for _, id := range []domain.FlowID{newID[domain.FlowID](), "nonsense"} {
			_, err := s.Read().Flows.ByID(t.Context(), id)
			fails(t, "an unknown id", err, domain.ErrNotFound)
		}
	})

	t.Run("of many first inserts of an id one is written", func(t *testing.T) {
		id := newID[domain.FlowID]()
		won := race(t, racers, func(int) (bool, error) {
			f := newFlow("subject", newAddress(t))
			f.ID = id
			err := s.WithinTx(t.Context(), func(ctx context.Context, tx *store.Tx) error { return tx.Flows.InsertFirst(ctx, f) })
			if errors.Is(err, domain.ErrFlowExists) {
				return false, nil
			}
			return err == nil, err
		})
		if won != 1 {
			t.Errorf("%d were written", won)
		}
	})

	t.Run("of many parallel uses one succeeds", func(t *testing.T) {
		f := newFlow("subject", newAddress(t))
		insert(t, f)
		won := race(t, racers, func(int) (ok bool, err error) {
			err = s.WithinTx(t.Context(), func(ctx context.Context, tx *store.Tx) (err error) {
				ok, err = tx.Flows.Consume(ctx, f.ID, noon)
				return err
			})
			return ok, err
		})
		if won != 1 {
			t.Errorf("%d of %d succeeded", won, racers)
		}
	})

	t.Run("of many parallel tries as many are reserved as there may be", func(t *testing.T) {
		f := newFlow("subject", newAddress(t))
		insert(t, f)
		reserve := func(id domain.FlowID, limit int, now time.Time) (before int, ok bool, err error) {
			err = s.WithinTx(t.Context(), func(ctx context.Context, tx *store.Tx) error {
				before, ok, err = tx.Flows.ReserveTry(ctx, id, limit, now)
				return err
			})
			return before, ok, err
		}
		seen := make([]int, racers)
		won := race(t, racers, func(i int) (ok bool, err error) {
			seen[i], ok, err = reserve(f.ID, 5, noon)
			return ok, err
		})
		slices.Sort(seen)
		if won != 5 || seen[racers-1] != 4 || get(t, f).Tries != 5 {
			t.Errorf("%d reserved a try, the last after %d", won, seen[racers-1])
		}
		consumed := newFlow("subject", newAddress(t))
		insert(t, consumed)
		consume(t, consumed.ID, noon)
		for id, now := range map[domain.FlowID]time.Time{f.ID: f.ExpiresAt, consumed.ID: noon, newID[domain.FlowID](): noon, "nonsense": noon} {
			if _, ok, err := reserve(id, 100, now); ok || err != nil {
				t.Errorf("%s: a try was reserved (%v)", id, err)
			}
		}
	})

	t.Run("what has expired or is unknown can't be consumed", func(t *testing.T) {
		f := newFlow("subject", newAddress(t))
		insert(t, f)
		for id, now := range map[domain.FlowID]time.Time{f.ID: f.ExpiresAt, newID[domain.FlowID](): noon, "nonsense": noon} {
			if consume(t, id, now) {
				t.Errorf("%s was consumed", id)
			}
		}
		if !consume(t, f.ID, f.ExpiresAt.Add(-time.Microsecond)) {
			t.Error("just before its end it was not consumed")
		}
	})

	t.Run("LockByAddress lists the live ones of the purposes and the address", func(t *testing.T) {
		email := newAddress(t)
		a, b, other, used, foreign := newFlow("a", email), newFlow("b", email), newFlow("c", email), newFlow("d", email), newFlow("e", newAddress(t))
		other.Purpose = domain.PurposeVerifyUser
		insert(t, a, b, other, used, foreign)
		consume(t, used.ID, noon)
		same(t, "one purpose", live(t, email, noon, a.Purpose), map[domain.FlowID]bool{a.ID: true, b.ID: true})
		same(t, "two", live(t, email, noon, a.Purpose, other.Purpose), map[domain.FlowID]bool{a.ID: true, b.ID: true, other.ID: true})
		same(t, "none", live(t, email, noon), map[domain.FlowID]bool{})
		same(t, "expired", live(t, email, a.ExpiresAt, a.Purpose), map[domain.FlowID]bool{})
	})

	t.Run("parallel guesses of a code are judged one after the other", func(t *testing.T) {
		email, tries := newAddress(t), 5
		a, b := newFlow("a", email), newFlow("b", email)
		insert(t, a, b)
		judged := race(t, racers, func(int) (ok bool, err error) {
			err = s.WithinTx(t.Context(), func(ctx context.Context, tx *store.Tx) error {
				ok = false
				all, err := tx.Flows.LockByAddress(ctx, []domain.Purpose{a.Purpose}, email.Canonical(), noon)
				if err != nil {
					return err
				}
				var open []domain.FlowID
				for _, f := range all {
					if f.Tries < tries {
						open = append(open, f.ID)
					}
				}
				ok = len(open) > 0
				return tx.Flows.CountTry(ctx, open)
			})
			return ok, err
		})
		if judged != tries {
			t.Errorf("%d guesses were judged, want %d", judged, tries)
		}
		if got := get(t, a); got.Tries != tries {
			t.Errorf("%d tries are counted, want %d", got.Tries, tries)
		}
	})

	t.Run("Supersede voids the live ones of the purpose about the subject", func(t *testing.T) {
		subject := string(newID[domain.UserID]())
		old, other, foreign := newFlow(subject, newAddress(t)), newFlow(subject, newAddress(t)), newFlow("foreign", newAddress(t))
		other.Purpose = domain.PurposeVerifyUser
		insert(t, old, other, foreign)
		s.write(t, func(ctx context.Context, tx *store.Tx) error {
			return tx.Flows.Supersede(ctx, old.Purpose, subject, noon.Add(time.Minute))
		})
		if consume(t, old.ID, noon.Add(time.Minute)) {
			t.Error("a superseded flow was consumed")
		}
		for _, f := range []domain.Flow{other, foreign} {
			if !consume(t, f.ID, noon.Add(time.Minute)) {
				t.Errorf("%s %s was voided too", f.Purpose, f.Subject)
			}
		}
	})
}
