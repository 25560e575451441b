package porttest

import (
	"context"
	"testing"
	"time"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

func newRegistration(email domain.Email, at time.Time) domain.Registration {
	return domain.NewRegistration(newID[domain.RegistrationID](), newID[domain.UserID](), email, "$2a$04$hash",
		domain.PersonName{First: "Ada", Last: "Lovelace", Locale: "en"}, at, 7*24*time.Hour)
}

func storeRegistrations(t *testing.T, s storeTest) {
	insert := func(t *testing.T, all ...domain.Registration) {
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
	live := func(t *testing.T, email domain.Email, now time.Time) []domain.Registration {
		t.Helper()
		all, err := s.Read().Registrations.LiveByEmail(t.Context(), email, now)
		if err != nil {
			t.Fatal(err)
		}
		return all
	}

	t.Run("several may wait for one address, newest first, in any case of it", func(t *testing.T) {
		email := newAddress(t)
		old, young := newRegistration(email, noon), newRegistration(address(t, email.Canonical()), noon.Add(time.Second))
		insert(t, old, young, newRegistration(newAddress(t), noon))
		same(t, "live", live(t, email, noon.Add(time.Minute)), []domain.Registration{young, old})
		got, err := s.Read().Registrations.ByID(t.Context(), old.ID)
		if err != nil {
			t.Fatal(err)
		}
		same(t, "by id", got, old)
	})

	t.Run("at its end it is over, unless it was extended", func(t *testing.T) {
		r := newRegistration(newAddress(t), noon)
		insert(t, r)
		end := r.ExpiresAt
		same(t, "just before", live(t, r.Email, end.Add(-time.Microsecond)), []domain.Registration{r})
		same(t, "at its end", live(t, r.Email, end), []domain.Registration(nil))
		r.ExpiresAt = end.Add(time.Hour)
		s.write(t, func(ctx context.Context, tx *store.Tx) error { return tx.Registrations.Extend(ctx, r.ID, r.ExpiresAt) })
		same(t, "extended", live(t, r.Email, end), []domain.Registration{r})
	})

	t.Run("unknown ids are not found", func(t *testing.T) {
		for _, id := range []domain.RegistrationID{newID[domain.RegistrationID](), "nonsense"} {
			_, err := s.Read().Registrations.ByID(t.Context(), id)
			fails(t, "ByID", err, domain.ErrNotFound)
		}
		err := s.WithinTx(t.Context(), func(ctx context.Context, tx *store.Tx) error {
			return tx.Registrations.Extend(ctx, newID[domain.RegistrationID](), noon)
		})
		fails(t, "Extend", err, domain.ErrNotFound)
	})

	t.Run("deleting takes the flows along and leaves other registrations alone", func(t *testing.T) {
		email := newAddress(t)
		gone, stays := newRegistration(email, noon), newRegistration(email, noon)
		goneFlow, staysFlow := newFlow(string(gone.ID), email), newFlow(string(stays.ID), email)
		insert(t, gone, stays)
		s.write(t, func(ctx context.Context, tx *store.Tx) error {
			if err := tx.Flows.Insert(ctx, goneFlow); err != nil {
				return err
			}
			return tx.Flows.Insert(ctx, staysFlow)
		})
		s.write(t, func(ctx context.Context, tx *store.Tx) error {
			return tx.Registrations.Delete(ctx, gone.ID, newID[domain.RegistrationID](), "nonsense")
		})
		same(t, "live", live(t, email, noon), []domain.Registration{stays})
		_, err := s.Read().Flows.BySecret(t.Context(), goneFlow.SecretHash)
		fails(t, "its flow", err, domain.ErrNotFound)
		if _, err := s.Read().Flows.BySecret(t.Context(), staysFlow.SecretHash); err != nil {
			t.Errorf("the other's flow: %v", err)
		}
		s.write(t, func(ctx context.Context, tx *store.Tx) error { return tx.Registrations.Delete(ctx) })

		s.write(t, func(ctx context.Context, tx *store.Tx) error { return tx.Registrations.DeleteByEmail(ctx, email) })
		same(t, "after DeleteByEmail", live(t, email, noon), []domain.Registration(nil))
		_, err = s.Read().Flows.BySecret(t.Context(), staysFlow.SecretHash)
		fails(t, "the other's flow", err, domain.ErrNotFound)
		s.write(t, func(ctx context.Context, tx *store.Tx) error { return tx.Registrations.DeleteByEmail(ctx, email) })
	})

	t.Run("LockAddress lets one transaction at a time count and insert", func(t *testing.T) {
		email := newAddress(t)
		won := race(t, racers, func(int) (ok bool, err error) {
			err = s.WithinTx(t.Context(), func(ctx context.Context, tx *store.Tx) error {
				ok = false
				if err := tx.Registrations.LockAddress(ctx, email); err != nil {
					return err
				}
				all, err := tx.Registrations.LiveByEmail(ctx, email, noon)
				if err != nil || len(all) >= domain.MaxPendingRegistrations {
					return err
				}
				ok = true
				return tx.Registrations.Insert(ctx, newRegistration(email, noon))
			})
			return ok, err
		})
		if won != domain.MaxPendingRegistrations {
			t.Errorf("%d inserted, want %d", won, domain.MaxPendingRegistrations)
		}
	})
}
