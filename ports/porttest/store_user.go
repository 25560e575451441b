package porttest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

func storePrincipals(t *testing.T, s storeTest) {
	t.Run("all that an update writes is read back", func(t *testing.T) {
		p := s.user(t).Principal
		p.State, p.DisabledReason, p.DisabledUntil = domain.Disabled, "asked to", noon.Add(time.Hour)
		p.PV, p.CredentialEpoch, p.UpdatedAt = 7, 9, noon.Add(time.Minute)
		s.write(t, func(ctx context.Context, tx *store.Tx) error { return tx.Principals.Update(ctx, p) })
		s.write(t, func(ctx context.Context, tx *store.Tx) error {
			got, err := tx.Principals.Lock(ctx, p.ID)
			same(t, "principal", got, p)
			return err
		})
		u, err := s.Read().Users.ByID(t.Context(), domain.UserID(p.ID))
		if err != nil {
			t.Fatal(err)
		}
		same(t, "principal of the user", u.Principal, p)
		other, gone := s.user(t).Principal, s.user(t).Principal
		gone.Delete(noon)
		s.write(t, func(ctx context.Context, tx *store.Tx) error { return tx.Principals.Update(ctx, gone) })
		all, err := s.Read().Principals.ByIDs(t.Context(), []domain.PrincipalID{p.ID, other.ID, gone.ID, newID[domain.PrincipalID](), "nonsense"})
		same(t, "principals by their ids", all, map[domain.PrincipalID]domain.Principal{p.ID: p, other.ID: other})
		if err != nil {
			t.Error(err)
		}
	})

	t.Run("a service account is one too", func(t *testing.T) {
		s.write(t, func(ctx context.Context, tx *store.Tx) error {
			p, err := tx.Principals.Lock(ctx, domain.PlatformID.Principal())
			if err == nil && p.Kind != domain.KindServiceAccount {
				t.Errorf("its kind is %s", p.Kind)
			}
			return err
		})
	})

	t.Run("unknown and malformed ids are not found", func(t *testing.T) {
		for _, id := range []domain.PrincipalID{newID[domain.PrincipalID](), "", "nonsense"} {
			s.write(t, func(ctx context.Context, tx *store.Tx) error {
				_, err := tx.Principals.Lock(ctx, id)
				fails(t, "Lock", err, domain.ErrNotFound)
				return nil
			})
		}
		err := s.WithinTx(t.Context(), func(ctx context.Context, tx *store.Tx) error {
			return tx.Principals.Update(ctx, domain.Principal{ID: newID[domain.PrincipalID](), State: domain.Active, UpdatedAt: noon})
		})
		fails(t, "Update", err, domain.ErrNotFound)
	})

	t.Run("deleted principals are not found", func(t *testing.T) {
		p := s.user(t).Principal
		p.State = domain.Deleted
		s.write(t, func(ctx context.Context, tx *store.Tx) error { return tx.Principals.Update(ctx, p) })
		s.write(t, func(ctx context.Context, tx *store.Tx) error {
			_, err := tx.Principals.Lock(ctx, p.ID)
			fails(t, "Lock", err, domain.ErrNotFound)
			return nil
		})
	})

	t.Run("what is decided under the lock stays true", func(t *testing.T) {
		p := s.user(t).Principal
		race(t, racers, func(int) (bool, error) {
			return true, s.WithinTx(t.Context(), func(ctx context.Context, tx *store.Tx) error {
				held, err := tx.Principals.Lock(ctx, p.ID)
				if err != nil {
					return err
				}
				held.PV++
				return tx.Principals.Update(ctx, held)
			})
		})
		u, err := s.Read().Users.ByID(t.Context(), domain.UserID(p.ID))
		if err != nil || u.PV != racers {
			t.Errorf("PV is %d after %d increments (%v)", u.PV, racers, err)
		}
	})
}

func storeUsers(t *testing.T, s storeTest) {
	t.Run("a user comes back as it went, by id and by address in any case", func(t *testing.T) {
		u := newUser(t, address(t, "Grace.Hopper@Example.COM"))
		u.VerifyEmail(noon.Add(time.Minute))
		s.write(t, func(ctx context.Context, tx *store.Tx) error { return tx.Users.Insert(ctx, u) })
		got, err := s.Read().Users.ByID(t.Context(), u.ID)
		if err != nil {
			t.Fatal(err)
		}
		same(t, "by id", got, u)
		got, err = s.Read().Users.ByEmail(t.Context(), address(t, "gRACE.hopper@example.com"))
		if err != nil {
			t.Fatal(err)
		}
		same(t, "by address", got, u)
	})

	t.Run("what was left empty is empty", func(t *testing.T) {
		u := newUser(t, newAddress(t))
		u.PasswordHash, u.FirstName, u.LastName, u.Locale, u.Metadata = "", "", "", "", "{}"
		s.write(t, func(ctx context.Context, tx *store.Tx) error { return tx.Users.Insert(ctx, u) })
		got, err := s.Read().Users.ByID(t.Context(), u.ID)
		if err != nil {
			t.Fatal(err)
		}
		same(t, "user", got, u)
	})

	t.Run("quotes, backslashes and question marks are text", func(t *testing.T) {
		u := newUser(t, newAddress(t))
		u.FirstName, u.LastName = `'; DROP TABLE users; -- ?0 \' \x00 %s`, "x''\\"
		s.write(t, func(ctx context.Context, tx *store.Tx) error { return tx.Users.Insert(ctx, u) })
		got, err := s.Read().Users.ByID(t.Context(), u.ID)
		if err != nil {
			t.Fatal(err)
		}
		same(t, "user", got, u)
	})

	t.Run("unknown and malformed ids are not found", func(t *testing.T) {
		for _, id := range []domain.UserID{newID[domain.UserID](), "", "nonsense", domain.UserID(domain.PlatformID)} {
			_, err := s.Read().Users.ByID(t.Context(), id)
			fails(t, "ByID", err, domain.ErrNotFound)
		}
		_, err := s.Read().Users.ByEmail(t.Context(), newAddress(t))
		fails(t, "ByEmail", err, domain.ErrNotFound)
	})

	t.Run("deleted users are not found", func(t *testing.T) {
		u := s.user(t)
		u.State = domain.Deleted
		s.write(t, func(ctx context.Context, tx *store.Tx) error { return tx.Principals.Update(ctx, u.Principal) })
		_, err := s.Read().Users.ByID(t.Context(), u.ID)
		fails(t, "ByID", err, domain.ErrNotFound)
		_, err = s.Read().Users.ByEmail(t.Context(), u.Email)
		fails(t, "ByEmail", err, domain.ErrNotFound)
	})

	t.Run("an address in another case is taken, and the error does not repeat it", func(t *testing.T) {
		first := s.user(t)
		again := newUser(t, address(t, first.Email.Canonical()))
		err := s.WithinTx(t.Context(), func(ctx context.Context, tx *store.Tx) error { return tx.Users.Insert(ctx, again) })
		fails(t, "Insert", err, domain.ErrEmailTaken)
		if err := leaks(err, first.Email.Canonical(), first.Email.Mailbox(), first.PasswordHash); err != nil {
			t.Error(err)
		}
		other := s.user(t)
		other.Email = first.Email
		err = s.WithinTx(t.Context(), func(ctx context.Context, tx *store.Tx) error { return tx.Users.Update(ctx, other) })
		fails(t, "Update", err, domain.ErrEmailTaken)
		_, err = s.Read().Users.ByID(t.Context(), again.ID)
		fails(t, "the refused user", err, domain.ErrNotFound)
	})

	t.Run("of many registrations of one address one becomes a user", func(t *testing.T) {
		email := newAddress(t)
		won := race(t, racers, func(int) (bool, error) {
			u := newUser(t, email)
			err := s.WithinTx(t.Context(), func(ctx context.Context, tx *store.Tx) error { return tx.Users.Insert(ctx, u) })
			if errors.Is(err, domain.ErrEmailTaken) {
				return false, nil
			}
			return err == nil, err
		})
		if won != 1 {
			t.Errorf("%d of %d succeeded", won, racers)
		}
	})

	t.Run("an update writes what it names and leaves the password alone", func(t *testing.T) {
		u := s.user(t)
		u.Email, u.FirstName, u.LastName, u.Locale = newAddress(t), "Grace", "", "en"
		u.Metadata, u.EmailVerifiedAt, u.UpdatedAt = `{"b": 2}`, noon.Add(time.Hour), noon.Add(time.Hour)
		changed := u
		changed.PasswordHash = "not this"
		s.write(t, func(ctx context.Context, tx *store.Tx) error { return tx.Users.Update(ctx, changed) })
		got, err := s.Read().Users.ByID(t.Context(), u.ID)
		if err != nil {
			t.Fatal(err)
		}
		same(t, "user", got, u)
		err = s.WithinTx(t.Context(), func(ctx context.Context, tx *store.Tx) error { return tx.Users.Update(ctx, newUser(t, newAddress(t))) })
		fails(t, "an unknown user", err, domain.ErrNotFound)
	})

	storePasswords(t, s)
	storeLogins(t, s)
}

func storePasswords(t *testing.T, s storeTest) {
	t.Run("SetPassword writes the hash and leaves the epoch to the caller", func(t *testing.T) {
		u := s.user(t)
		s.write(t, func(ctx context.Context, tx *store.Tx) error {
			return tx.Users.SetPassword(ctx, u.ID, "new", noon.Add(time.Hour))
		})
		u.PasswordHash, u.UpdatedAt = "new", noon.Add(time.Hour)
		got, err := s.Read().Users.ByID(t.Context(), u.ID)
		if err != nil {
			t.Fatal(err)
		}
		same(t, "user", got, u)
		err = s.WithinTx(t.Context(), func(ctx context.Context, tx *store.Tx) error {
			return tx.Users.SetPassword(ctx, newID[domain.UserID](), "new", noon)
		})
		fails(t, "an unknown user", err, domain.ErrNotFound)
	})

	t.Run("a re-hash loses to a password change in between", func(t *testing.T) {
		u := s.user(t)
		replace := func(old, hash string) (ok bool) {
			s.write(t, func(ctx context.Context, tx *store.Tx) (err error) {
				ok, err = tx.Users.ReplaceHash(ctx, u.ID, old, hash)
				return err
			})
			return ok
		}
		if !replace(u.PasswordHash, "stronger") {
			t.Error("the hash that stands was not replaced")
		}
		if replace(u.PasswordHash, "late") {
			t.Error("a hash that no longer stands was replaced")
		}
		if got, err := s.Read().Users.ByID(t.Context(), u.ID); err != nil || got.PasswordHash != "stronger" {
			t.Errorf("the hash is %q (%v)", got.PasswordHash, err)
		}
	})
}

func storeLogins(t *testing.T, s storeTest) {
	t.Run("the last login is the latest, whatever the order of writing, and users is not touched", func(t *testing.T) {
		u := s.user(t)
		for _, at := range []time.Duration{time.Minute, time.Hour, time.Second} {
			s.write(t, func(ctx context.Context, tx *store.Tx) error { return tx.Users.RecordLogin(ctx, u.ID, noon.Add(at)) })
		}
		got, err := s.Read().Users.ByID(t.Context(), u.ID)
		if err != nil {
			t.Fatal(err)
		}
		u.LastLoginAt = noon.Add(time.Hour)
		same(t, "user", got, u)
	})

	t.Run("nobody's login is not found", func(t *testing.T) {
		err := s.WithinTx(t.Context(), func(ctx context.Context, tx *store.Tx) error {
			return tx.Users.RecordLogin(ctx, newID[domain.UserID](), noon)
		})
		fails(t, "RecordLogin", err, domain.ErrNotFound)
	})
}
