package porttest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

func newKey(alg domain.Algorithm, state domain.KeyState, at time.Time) domain.SigningKey {
	return domain.SigningKey{
		KID: string(newID[domain.EventID]()), Algorithm: alg, State: state, Private: newBytes(64), Public: []byte(`{"kty":"EC"}`), CreatedAt: at,
	}
}

func storeKeys(t *testing.T, s storeTest) {
	insert := func(k domain.SigningKey) error {
		return s.WithinTx(t.Context(), func(ctx context.Context, tx *store.Tx) error { return tx.Keys.Insert(ctx, k) })
	}
	all := func(t *testing.T) []domain.SigningKey {
		t.Helper()
		keys, err := s.Read().Keys.All(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return keys
	}
	active, next := newKey(domain.ES256, domain.KeyActive, noon), newKey(domain.ES256, domain.KeyNext, noon.Add(time.Hour))
	active.ActivatedAt = noon

	t.Run("at first there is none, and of many first starts one makes a key", func(t *testing.T) {
		same(t, "none", all(t), []domain.SigningKey(nil))
		won := race(t, racers, func(int) (ok bool, err error) {
			err = s.WithinTx(t.Context(), func(ctx context.Context, tx *store.Tx) error {
				ok = false
				if err := tx.Keys.LockRing(ctx); err != nil {
					return err
				}
				there, err := tx.Keys.All(ctx)
				if err != nil || len(there) > 0 {
					return err
				}
				ok = true
				return tx.Keys.Insert(ctx, active)
			})
			return ok, err
		})
		if won != 1 {
			t.Errorf("%d made one", won)
		}
	})

	t.Run("keys come back as they went, newest first", func(t *testing.T) {
		if err := insert(next); err != nil {
			t.Fatal(err)
		}
		same(t, "all", all(t), []domain.SigningKey{next, active})
	})

	t.Run("a second active or next key of an algorithm is refused, with the lock and without", func(t *testing.T) {
		conflicts(t, "active", insert(newKey(domain.ES256, domain.KeyActive, noon)), "key_exists")
		conflicts(t, "next", insert(newKey(domain.ES256, domain.KeyNext, noon)), "key_exists")
		won := race(t, racers, func(int) (bool, error) {
			err := insert(newKey(domain.EdDSA, domain.KeyActive, noon.Add(-time.Hour)))
			if errors.Is(err, domain.ErrKeyExists) {
				return false, nil
			}
			return err == nil, err
		})
		if won != 1 {
			t.Errorf("%d active keys of an algorithm", won)
		}
	})

	t.Run("an update writes state, times and the private half, and a revoked key is gone", func(t *testing.T) {
		retired := active
		retired.State, retired.RetiredAt, retired.ExpiresAt = domain.KeyRetired, noon.Add(time.Hour), noon.Add(2*time.Hour)
		retired.CreatedAt, retired.Private = noon.Add(-time.Minute), []byte{}
		promoted := next
		promoted.State, promoted.ActivatedAt = domain.KeyActive, noon.Add(time.Hour)
		err := s.WithinTx(t.Context(), func(ctx context.Context, tx *store.Tx) error { return tx.Keys.Update(ctx, promoted) })
		conflicts(t, "while the other is active", err, "key_exists")
		s.write(t, func(ctx context.Context, tx *store.Tx) error {
			if err := tx.Keys.Update(ctx, retired); err != nil {
				return err
			}
			return tx.Keys.Update(ctx, promoted)
		})
		same(t, "all", all(t)[:2], []domain.SigningKey{promoted, retired})
		retired.State = domain.KeyRevoked
		s.write(t, func(ctx context.Context, tx *store.Tx) error { return tx.Keys.Update(ctx, retired) })
		for _, k := range all(t) {
			if k.KID == retired.KID {
				t.Error("a revoked key is listed")
			}
		}
		err = s.WithinTx(t.Context(), func(ctx context.Context, tx *store.Tx) error {
			return tx.Keys.Update(ctx, newKey(domain.RS256, domain.KeyRetired, noon))
		})
		fails(t, "an unknown key", err, domain.ErrNotFound)
	})

	t.Run("a deleted key is gone, and its place is free; deleting again is no error", func(t *testing.T) {
		gone := newKey(domain.RS256, domain.KeyNext, noon)
		if err := insert(gone); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			s.write(t, func(ctx context.Context, tx *store.Tx) error { return tx.Keys.Delete(ctx, gone.KID) })
		}
		if err := insert(newKey(domain.RS256, domain.KeyNext, noon)); err != nil {
			t.Error(err)
		}
		for _, k := range all(t) {
			if k.KID == gone.KID {
				t.Error("it is listed")
			}
		}
	})
}
