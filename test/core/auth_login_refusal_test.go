package core_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
	"github.com/signet-auth/signet/test/testkit/rig"
)

func TestAWrongLogin(t *testing.T) {
	long := strings.Repeat("x", 80)
	for _, test := range []struct {
		name     string
		happen   func(t *testing.T, b *authBench, u domain.User)
		password string
		decoy    bool
	}{
		{"by a wrong password", func(*testing.T, *authBench, domain.User) {}, "wrong", false},
		{"by one too long for the hash", func(*testing.T, *authBench, domain.User) {}, long, true},
		{"by the beginning of which the hash is", func(t *testing.T, b *authBench, u domain.User) { b.SetPassword(t, u.ID, long[:72]) }, long, true},
		{"with the right one cut by a NUL", func(*testing.T, *authBench, domain.User) {}, rig.Password + "\x00", true},
		{"of nobody", func(t *testing.T, b *authBench, _ domain.User) { b.forget(t) }, rig.Password, true},
		{"of a disabled user", func(t *testing.T, b *authBench, u domain.User) {
			b.Principal(t, u.ID, func(p *domain.Principal) { p.State = domain.Disabled })
		}, rig.Password, false},
		{"of a user without password", func(t *testing.T, b *authBench, _ domain.User) {
			b.Database.Exec(t, "UPDATE users SET password_hash = NULL")
		}, rig.Password, true},
		{"of a locked account", func(t *testing.T, b *authBench, _ domain.User) {
			b.Settings.Guard.Lockout.Failures = 1
			b.Rebuild(t)
			_, _ = b.Auth.Login(t.Context(), with("wrong"))
			b.Steps.Take()
		}, rig.Password, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			b, u := known(t)
			test.happen(t, b, u)
			b.Steps.Take()
			b.Queries("Users.Candidate", "WithinTx")
			var compared string
			b.Hasher.AfterVerify = func(hash string) { compared = hash }
			_, err := b.Auth.Login(t.Context(), with(test.password))
			if !errors.Is(err, domain.ErrInvalidCredentials) || errors.Unwrap(err) != nil {
				t.Errorf("got %v", err)
			}
			want := []string{
				"take failures", "take login", "reserve", "Users.Candidate", "verify", "WithinTx",
			}
			if diff := cmp.Diff(want, b.Steps.Take()); diff != "" {
				t.Errorf("its steps are not those of any other: %s", diff)
			}
			if (compared == "") != test.decoy {
				t.Errorf("compared with %q", compared)
			}
			if n := b.sessions(t); n != 0 {
				t.Errorf("%d sessions", n)
			}
		})
	}
}

// forget removes all users.
func (b *authBench) forget(t *testing.T) {
	t.Helper()
	b.Database.Exec(t, "DELETE FROM users")
	b.Database.Exec(t, "DELETE FROM principals WHERE kind = 'user'")
}

func TestAShedLogin(t *testing.T) {
	returned := []string{"return login", "return failures"}

	t.Run("by a full queue has looked at no account and gives its budgets back", func(t *testing.T) {
		b, _ := known(t)
		b.Hasher.BeforeReserve = func() error { return domain.ErrBusy }
		b.Store.Reset()
		_, err := b.Auth.Login(t.Context(), with(rig.Password))
		is(t, "login", err, domain.ErrBusy)
		if steps := b.Steps.Take(); !slices.Equal(steps, append([]string{"take failures", "take login", "reserve"}, returned...)) {
			t.Errorf("steps %v", steps)
		}
		if n := b.Store.Count("Users.ByEmail"); n != 0 {
			t.Errorf("%d looks at accounts", n)
		}
	})

	t.Run("by a database that is away gives its budgets back, and takes no place from those who can be served", func(t *testing.T) {
		b, _ := known(t)
		if _, err := b.Directory.Service(t.Context(), ""); err != nil {
			t.Fatal(err)
		}
		b.Store.Down()
		_, err := b.Auth.Login(t.Context(), with(rig.Password))
		is(t, "login", err, domain.ErrUnavailable)
		if steps := b.Steps.Take(); !slices.Equal(steps, append([]string{"take failures", "take login"}, returned...)) {
			t.Errorf("steps %v", steps)
		}
	})

	t.Run("for an unknown service takes no budget and no place", func(t *testing.T) {
		b, _ := known(t)
		in := with(rig.Password)
		in.Service = "nowhere"
		_, err := b.Auth.Login(t.Context(), in)
		is(t, "login", err, domain.ErrUnknownService)
		if steps := b.Steps.Take(); len(steps) != 0 {
			t.Errorf("steps %v", steps)
		}
	})

	t.Run("whose failure can't be counted is not answered as one, and keeps the budget", func(t *testing.T) {
		b, _ := known(t)
		b.Store.Before(func(query string) error {
			if query == "WithinTx" {
				return domain.ErrUnavailable
			}
			return nil
		})
		_, err := b.Auth.Login(t.Context(), with("wrong"))
		is(t, "login", err, domain.ErrUnavailable)
		if steps := b.Steps.Take(); slices.Contains(steps, "return login") {
			t.Errorf("steps %v", steps)
		}
	})
}

func TestWhatChangesDuringTheHash(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(t *testing.T, b *authBench, u domain.User)
		want   error
	}{
		{"a new password refuses the old one", func(t *testing.T, b *authBench, u domain.User) { b.SetPassword(t, u.ID, "another one") }, domain.ErrInvalidCredentials},
		{"a disabled user is refused", func(t *testing.T, b *authBench, u domain.User) {
			b.Principal(t, u.ID, func(p *domain.Principal) { p.State = domain.Disabled })
		}, domain.ErrInvalidCredentials},
		{"a deleted user is refused", func(t *testing.T, b *authBench, u domain.User) {
			b.Principal(t, u.ID, func(p *domain.Principal) { p.State = domain.Deleted })
		}, domain.ErrInvalidCredentials},
		{"the same password hashed again changes nothing", func(t *testing.T, b *authBench, u domain.User) {
			hash := b.Hash(t, rig.Password)
			b.Write(t, func(ctx context.Context, tx *store.Tx) error {
				ok, err := tx.Users.ReplaceHash(ctx, u.ID, u.PasswordHash, hash)
				if err == nil && !ok {
					err = errors.New("not replaced")
				}
				return err
			})
		}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			b, u := known(t)
			b.Hasher.AfterVerify = func(string) { test.change(t, b, u) }
			_, err := b.Auth.Login(t.Context(), with(rig.Password))
			is(t, "login", err, test.want)
			steps := b.Steps.Take()
			if n := b.sessions(t); (n == 1) != (test.want == nil) {
				t.Errorf("%d sessions", n)
			}
			if slices.Contains(steps, "return login") != (test.want == nil) {
				t.Errorf("steps %v", steps)
			}
		})
	}
}
