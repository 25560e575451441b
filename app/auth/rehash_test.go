package auth_test

import (
	"testing"

	"github.com/signet-auth/signet/adapters/pwhash"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/test/testkit/rig"
)

func TestRehash(t *testing.T) {
	// outdated is a bench whose user's hash was made under another setting.
	outdated := func(t *testing.T) (*bench, domain.User) {
		t.Helper()
		b, u := known(t)
		b.hasher.PasswordHasher = rig.NewHasher(t, b.Clock, pwhash.Bcrypt{Cost: 5})
		b.Rehash.Hasher = b.hasher
		return b, u
	}
	stored := func(t *testing.T, b *bench) string {
		t.Helper()
		return b.Database.Text(t, "SELECT password_hash FROM users")
	}
	login := func(t *testing.T, b *bench, password string) error {
		t.Helper()
		_, err := b.login().Handle(t.Context(), with(password))
		b.Rehash.Wait()
		return err
	}

	t.Run("brings a hash to the current setting, once, and logs nobody out", func(t *testing.T) {
		b, u := outdated(t)
		is(t, "login", login(t, b, rig.Password), nil)
		first := stored(t, b)
		if first == u.PasswordHash || first[:7] != "$2a$05$" {
			t.Errorf("stored: %.7s", first)
		}
		is(t, "the next login", login(t, b, rig.Password), nil)
		if stored(t, b) != first {
			t.Error("it was hashed again")
		}
	})

	t.Run("is not done for a wrong password", func(t *testing.T) {
		b, u := outdated(t)
		is(t, "login", login(t, b, "wrong"), domain.ErrInvalidCredentials)
		if stored(t, b) != u.PasswordHash {
			t.Error("the hash changed")
		}
	})

	t.Run("loses to a change of the password meanwhile", func(t *testing.T) {
		b, u := outdated(t)
		b.hasher.hashed = func() { b.setPassword(t, u.ID, "another one") }
		is(t, "login", login(t, b, rig.Password), nil)
		b.hasher.hashed = nil
		is(t, "the old password", login(t, b, rig.Password), domain.ErrInvalidCredentials)
		is(t, "the new one", login(t, b, "another one"), nil)
	})

	t.Run("fails no login when the queue is full", func(t *testing.T) {
		b, u := outdated(t)
		places := 0
		b.hasher.reserve = func() error {
			if places++; places > 1 {
				return domain.ErrBusy
			}
			return nil
		}
		is(t, "login", login(t, b, rig.Password), nil)
		if stored(t, b) != u.PasswordHash || b.Log.String() == "" {
			t.Error("the hash changed, or nothing was logged")
		}
	})
}
