package porttest

import (
	"context"
	"testing"
	"time"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

func storeCandidates(t *testing.T, s storeTest) {
	find := func(t *testing.T, email domain.Email, key []byte, now time.Time) domain.Candidate {
		t.Helper()
		got, err := s.Read().Users.Candidate(t.Context(), email, key, now)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	register := func(t *testing.T, all ...domain.Registration) {
		t.Helper()
		s.write(t, func(ctx context.Context, tx *store.Tx) error {
			for _, r := range all {
				if err := tx.Registrations.Insert(ctx, r); err != nil {
					return err
				}
			}
			return nil
		})
	}
	key := newBytes(32)
	none := domain.Lockout{Key: key}

	t.Run("at an address that nobody has there is the run alone", func(t *testing.T) {
		same(t, "candidate", find(t, newAddress(t), key, noon), domain.Candidate{Run: none})
	})

	t.Run("an account comes with its principal and last login, in any case of the address, whatever waits beside it", func(t *testing.T) {
		u := newUser(t, newAddress(t))
		u.VerifyEmail(noon.Add(time.Minute))
		s.write(t, func(ctx context.Context, tx *store.Tx) error { return tx.Users.Insert(ctx, u) })
		register(t, newRegistration(u.Email, noon))
		same(t, "before the first login", find(t, address(t, u.Email.Canonical()), key, noon), domain.Candidate{User: u, Run: none})
		u.LastLoginAt = noon.Add(time.Hour)
		s.write(t, func(ctx context.Context, tx *store.Tx) error { return tx.Users.RecordLogin(ctx, u.ID, u.LastLoginAt) })
		same(t, "after it", find(t, u.Email, key, noon), domain.Candidate{User: u, Run: none})
	})

	t.Run("without an account it is the newest registration that can still be proved", func(t *testing.T) {
		email := newAddress(t)
		old, young := newRegistration(email, noon), newRegistration(address(t, email.Canonical()), noon.Add(time.Second))
		young.ExpiresAt = noon.Add(time.Hour)
		register(t, old, young, newRegistration(newAddress(t), noon.Add(time.Minute)))
		same(t, "the newest", find(t, email, key, young.ExpiresAt.Add(-time.Microsecond)), domain.Candidate{Registration: young, Run: none})
		same(t, "at its end", find(t, email, key, young.ExpiresAt), domain.Candidate{Registration: old, Run: none})
		same(t, "when all are over", find(t, email, key, old.ExpiresAt), domain.Candidate{Run: none})
	})

	t.Run("a deleted account is none", func(t *testing.T) {
		u := s.user(t)
		waiting := newRegistration(u.Email, noon)
		register(t, waiting)
		u.Delete(noon)
		s.write(t, func(ctx context.Context, tx *store.Tx) error { return tx.Principals.Update(ctx, u.Principal) })
		same(t, "candidate", find(t, u.Email, key, noon), domain.Candidate{Registration: waiting, Run: none})
	})

	t.Run("the run is that of the key, for known and unknown addresses", func(t *testing.T) {
		run := domain.Lockout{Key: newBytes(32), Failures: 2, Locks: 1, LockedUntil: noon.Add(time.Hour), UpdatedAt: noon}
		s.write(t, func(ctx context.Context, tx *store.Tx) error { return tx.Lockouts.Save(ctx, run) })
		u := s.user(t)
		same(t, "known", find(t, u.Email, run.Key, noon), domain.Candidate{User: u, Run: run})
		same(t, "unknown", find(t, newAddress(t), run.Key, noon), domain.Candidate{Run: run})
	})
}
