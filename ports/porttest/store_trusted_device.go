package porttest

import (
	"context"
	"testing"
	"time"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

func newTrustedDevice(user domain.UserID, at time.Time) domain.TrustedDevice {
	return domain.TrustedDevice{
		ID: newID[domain.TrustedDeviceID](), UserID: user, Hash: newBytes(32), Epoch: 1 << 40, Class: "Firefox on Linux", CreatedAt: at,
		ExpiresAt: at.Add(time.Hour),
	}
}

func storeTrustedDevices(t *testing.T, s storeTest) {
	ofUser := func(t *testing.T, id domain.UserID) []domain.TrustedDevice {
		t.Helper()
		all, err := s.Read().Trusted.ByUser(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	insert := func(t *testing.T, all ...domain.TrustedDevice) {
		t.Helper()
		s.write(t, func(ctx context.Context, tx *store.Tx) error {
			for _, d := range all {
				if err := tx.Trusted.Insert(ctx, d); err != nil {
					return err
				}
			}
			return nil
		})
	}

	t.Run("are kept whole, and found by user and id", func(t *testing.T) {
		u, other := s.user(t).ID, s.user(t).ID
		newer, older, theirs := newTrustedDevice(u, noon), newTrustedDevice(u, noon.Add(-time.Second)), newTrustedDevice(other, noon)
		older.Class, older.LastUsedAt = "", noon
		insert(t, newer, older, theirs)
		same(t, "all", ofUser(t, u), []domain.TrustedDevice{older, newer})
		same(t, "none", ofUser(t, s.user(t).ID), []domain.TrustedDevice(nil))
		same(t, "nobody's", ofUser(t, "nonsense"), []domain.TrustedDevice(nil))
		found, err := s.Read().Trusted.ByID(t.Context(), theirs.ID)
		if err != nil {
			t.Fatal(err)
		}
		same(t, "by its id", found, theirs)
		for _, id := range []domain.TrustedDeviceID{newID[domain.TrustedDeviceID](), "nonsense", ""} {
			_, err := s.Read().Trusted.ByID(t.Context(), id)
			fails(t, "another id", err, domain.ErrNotFound)
		}
	})
	t.Run("have a token that no other has", func(t *testing.T) {
		d := newTrustedDevice(s.user(t).ID, noon)
		insert(t, d)
		copied := newTrustedDevice(s.user(t).ID, noon)
		copied.Hash = d.Hash
		if err := s.WithinTx(t.Context(), func(ctx context.Context, tx *store.Tx) error { return tx.Trusted.Insert(ctx, copied) }); err == nil {
			t.Error("two have one")
		}
	})
	t.Run("know their last use, and go, alone and with their user", func(t *testing.T) {
		u, other := s.user(t), s.user(t)
		first, second, third, theirs := newTrustedDevice(u.ID, noon), newTrustedDevice(u.ID, noon.Add(1e9)), newTrustedDevice(u.ID, noon.Add(2e9)), newTrustedDevice(other.ID, noon)
		insert(t, first, second, third, theirs)
		s.write(t, func(ctx context.Context, tx *store.Tx) error {
			for _, id := range []domain.TrustedDeviceID{second.ID, newID[domain.TrustedDeviceID](), "nonsense"} {
				if err := tx.Trusted.Use(ctx, id, noon.Add(time.Minute)); err != nil {
					return err
				}
			}
			return nil
		})
		second.LastUsedAt = noon.Add(time.Minute)
		same(t, "used", ofUser(t, u.ID), []domain.TrustedDevice{first, second, third})
		for range 2 {
			s.write(t, func(ctx context.Context, tx *store.Tx) error {
				if err := tx.Trusted.Delete(ctx, "nonsense", second.ID); err != nil {
					return err
				}
				if err := tx.Trusted.Delete(ctx, u.ID); err != nil {
					return err
				}
				return tx.Trusted.Delete(ctx, u.ID, first.ID, third.ID, theirs.ID, "nonsense")
			})
		}
		same(t, "left", ofUser(t, u.ID), []domain.TrustedDevice{second})
		same(t, "another's", ofUser(t, other.ID), []domain.TrustedDevice{theirs})
		s.write(t, func(ctx context.Context, tx *store.Tx) error { return tx.Erasure.User(ctx, u.ID) })
		_, err := s.Read().Trusted.ByID(t.Context(), second.ID)
		fails(t, "after its user", err, domain.ErrNotFound)
	})
}
