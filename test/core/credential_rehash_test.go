package core_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/signet-auth/signet/adapters/pwhash"
	"github.com/signet-auth/signet/app/auth"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/test/testkit/rig"
)

// outdated is a rig whose user's hash was made under another setting.
func outdated(t *testing.T) (*rig.Watched, domain.User) {
	t.Helper()
	w := rig.NewWatched(t)
	u := w.User(t, "ada@example.com")
	w.Hasher.PasswordHasher = rig.NewHasher(t, w.Clock, pwhash.Bcrypt{Cost: 5})
	return w, u
}

// logIn logs in and waits for what goes on behind the answer.
func logIn(t *testing.T, w *rig.Watched, password string, want error) {
	t.Helper()
	_, err := w.Auth.Login(t.Context(), auth.LoginInput{From: rig.From, Email: "ada@example.com", Password: domain.NewSecret(password)})
	if w.Passwords.Wait(); !errors.Is(err, want) {
		t.Errorf("login: got %v, want %v", err, want)
	}
}

func storedHash(t *testing.T, w *rig.Watched) string {
	t.Helper()
	return w.Database.Text(t, "SELECT password_hash FROM users")
}

func TestAnOutdatedHashIsReplacedOnce(t *testing.T) {
	w, _ := outdated(t)
	logIn(t, w, rig.Password, nil)
	first := storedHash(t, w)
	if !strings.HasPrefix(first, "$2a$05$") {
		t.Errorf("stored: %.7s", first)
	}
	if logIn(t, w, rig.Password, nil); storedHash(t, w) != first {
		t.Error("it was hashed again")
	}
}

func TestAHashOfTheOldPasswordLosesToANewPassword(t *testing.T) {
	w, u := outdated(t)
	w.Hasher.AfterHash = func() { w.SetPassword(t, u.ID, "another one") }
	logIn(t, w, rig.Password, nil)
	w.Hasher.AfterHash = nil
	logIn(t, w, rig.Password, domain.ErrInvalidCredentials)
	logIn(t, w, "another one", nil)
}

func TestAFullQueueFailsNoLogin(t *testing.T) {
	w, u := outdated(t)
	places := 0
	w.Hasher.BeforeReserve = func() error {
		if places++; places > 1 {
			return domain.ErrBusy
		}
		return nil
	}
	logIn(t, w, rig.Password, nil)
	if storedHash(t, w) != u.PasswordHash || w.Log.String() == "" {
		t.Error("the hash changed, or nothing was logged")
	}
}
