package porttest

import (
	"context"
	"testing"
	"time"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

func storeLockouts(t *testing.T, s storeTest) {
	get := func(t *testing.T, key []byte) domain.Lockout {
		t.Helper()
		l, err := s.Read().Lockouts.ByKey(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		return l
	}

	t.Run("where nothing failed there is the zero run with the key", func(t *testing.T) {
		key := newBytes(32)
		same(t, "ByKey", get(t, key), domain.Lockout{Key: key})
		s.write(t, func(ctx context.Context, tx *store.Tx) error {
			l, err := tx.Lockouts.Lock(ctx, key)
			same(t, "Lock", l, domain.Lockout{Key: key})
			return err
		})
	})

	t.Run("a run is saved, saved again and cleared", func(t *testing.T) {
		l := domain.Lockout{Key: newBytes(32), Failures: 3, UpdatedAt: noon}
		s.write(t, func(ctx context.Context, tx *store.Tx) error { return tx.Lockouts.Save(ctx, l) })
		same(t, "first", get(t, l.Key), l)
		l.Failures, l.Locks, l.LockedUntil, l.UpdatedAt = 0, 1, noon.Add(time.Hour), noon.Add(time.Minute)
		s.write(t, func(ctx context.Context, tx *store.Tx) error { return tx.Lockouts.Save(ctx, l) })
		same(t, "second", get(t, l.Key), l)
		for range 2 {
			s.write(t, func(ctx context.Context, tx *store.Tx) error { return tx.Lockouts.Clear(ctx, l.Key) })
		}
		same(t, "cleared", get(t, l.Key), domain.Lockout{Key: l.Key})
	})

	t.Run("parallel failures are counted one after the other, from the first", func(t *testing.T) {
		key, p := newBytes(32), domain.LockoutPolicy{Failures: racers, First: time.Minute, Longest: time.Hour}
		locks := race(t, racers, func(int) (locked bool, err error) {
			err = s.WithinTx(t.Context(), func(ctx context.Context, tx *store.Tx) error {
				l, err := tx.Lockouts.Lock(ctx, key)
				if err != nil {
					return err
				}
				locked = l.Fail(p, noon)
				return tx.Lockouts.Save(ctx, l)
			})
			return locked, err
		})
		if locks != 1 {
			t.Errorf("%d of %d failures began a lock, want 1", locks, racers)
		}
	})
}
