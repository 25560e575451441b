package auth_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/app/auth"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
	"github.com/signet-auth/signet/test/testkit"
	"github.com/signet-auth/signet/test/testkit/rig"
)

// known is a bench with a user.
func known(t *testing.T) (*bench, domain.User) {
	t.Helper()
	b := newBench(t)
	u := b.User(t, "ada@example.com")
	b.steps.take()
	return b, u
}

func (b *bench) sessions(t *testing.T) (live int) {
	t.Helper()
	return b.Database.Int(t, "SELECT count(*) FROM sessions WHERE ended_at IS NULL")
}

func TestLogin(t *testing.T) {
	b, u := known(t)
	b.watch("Services.Find", "Users.ByEmail", "Registrations.LiveByEmail", "Lockouts.ByKey", "WithinTx")
	if _, err := b.Directory.Service(t.Context(), ""); err != nil {
		t.Fatal(err)
	}
	b.steps.take()
	out, err := b.login().Handle(t.Context(), with(rig.Password))
	if err != nil {
		t.Fatal(err)
	}

	t.Run("checks in the order that keeps it cheap and quiet", func(t *testing.T) {
		want := []string{
			"take failures", "take login", "reserve", "Users.ByEmail", "Registrations.LiveByEmail", "Lockouts.ByKey", "verify",
			"WithinTx", "return login", "return failures",
		}
		if diff := cmp.Diff(want, b.steps.take()); diff != "" {
			t.Error(diff)
		}
	})

	t.Run("answers with tokens of a live session", func(t *testing.T) {
		actor, err := b.Authenticator.Authenticate(t.Context(), out.Access.Token)
		if err != nil || actor.ID != u.ID.Principal() || actor.SessionID != out.Session.ID || out.User.LastLoginAt != rig.Noon {
			t.Errorf("got %+v, %v", actor, err)
		}
		if _, err := b.NewRefresh().Handle(t.Context(), auth.RefreshInput{From: rig.From, Token: out.RefreshToken}); err != nil {
			t.Error(err)
		}
	})

	t.Run("is on record", func(t *testing.T) {
		events := b.Events(t, domain.EventLoginSucceeded)
		if len(events) != 1 || events[0].ActorID != u.ID.Principal() || events[0].SessionID != out.Session.ID || events[0].Trace.IP != rig.From.IP {
			t.Errorf("got %+v", events)
		}
	})
}

func TestAWrongLogin(t *testing.T) {
	long := strings.Repeat("x", 80)
	for _, test := range []struct {
		name     string
		happen   func(t *testing.T, b *bench, u domain.User)
		password string
		decoy    bool
	}{
		{"by a wrong password", func(*testing.T, *bench, domain.User) {}, "wrong", false},
		{"by one too long for the hash", func(*testing.T, *bench, domain.User) {}, long, true},
		{"by the beginning of which the hash is", func(t *testing.T, b *bench, u domain.User) { b.setPassword(t, u.ID, long[:72]) }, long, true},
		{"with the right one cut by a NUL", func(*testing.T, *bench, domain.User) {}, rig.Password + "\x00", true},
		{"of nobody", func(t *testing.T, b *bench, _ domain.User) { b.forget(t) }, rig.Password, true},
		{"of a disabled user", func(t *testing.T, b *bench, u domain.User) {
			b.Principal(t, u.ID, func(p *domain.Principal) { p.State = domain.Disabled })
		}, rig.Password, false},
		{"of a user without password", func(t *testing.T, b *bench, _ domain.User) {
			b.Database.Exec(t, "UPDATE users SET password_hash = NULL")
		}, rig.Password, true},
		{"of a locked account", func(t *testing.T, b *bench, _ domain.User) {
			b.Guard.Lockout.Failures = 1
			_, _ = b.login().Handle(t.Context(), with("wrong"))
			b.steps.take()
		}, rig.Password, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			b, u := known(t)
			test.happen(t, b, u)
			b.steps.take()
			b.watch("Users.ByEmail", "Registrations.LiveByEmail", "Lockouts.ByKey", "WithinTx")
			var compared string
			b.hasher.verified = func(hash string) { compared = hash }
			_, err := b.login().Handle(t.Context(), with(test.password))
			if !errors.Is(err, domain.ErrInvalidCredentials) || errors.Unwrap(err) != nil {
				t.Errorf("got %v", err)
			}
			want := []string{
				"take failures", "take login", "reserve", "Users.ByEmail", "Registrations.LiveByEmail", "Lockouts.ByKey", "verify", "WithinTx",
			}
			if diff := cmp.Diff(want, b.steps.take()); diff != "" {
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
func (b *bench) forget(t *testing.T) {
	t.Helper()
	b.Database.Exec(t, "DELETE FROM users")
	b.Database.Exec(t, "DELETE FROM principals WHERE kind = 'user'")
}

func TestAShedLogin(t *testing.T) {
	returned := []string{"return login", "return failures"}

	t.Run("by a full queue has looked at no account and gives its budgets back", func(t *testing.T) {
		b, _ := known(t)
		b.hasher.reserve = func() error { return domain.ErrBusy }
		b.Store.Reset()
		_, err := b.login().Handle(t.Context(), with(rig.Password))
		is(t, "login", err, domain.ErrBusy)
		if steps := b.steps.take(); !slices.Equal(steps, append([]string{"take failures", "take login", "reserve"}, returned...)) {
			t.Errorf("steps %v", steps)
		}
		if n := b.Store.Count("Users.ByEmail"); n != 0 {
			t.Errorf("%d looks at accounts", n)
		}
	})

	t.Run("by a database that is away gives its budgets back, and hashes nothing", func(t *testing.T) {
		b, _ := known(t)
		if _, err := b.Directory.Service(t.Context(), ""); err != nil {
			t.Fatal(err)
		}
		b.Store.Down()
		_, err := b.login().Handle(t.Context(), with(rig.Password))
		is(t, "login", err, domain.ErrUnavailable)
		if steps := b.steps.take(); !slices.Equal(steps, append([]string{"take failures", "take login", "reserve"}, returned...)) {
			t.Errorf("steps %v", steps)
		}
	})

	t.Run("for an unknown service takes no budget and no place", func(t *testing.T) {
		b, _ := known(t)
		in := with(rig.Password)
		in.Service = "nowhere"
		_, err := b.login().Handle(t.Context(), in)
		is(t, "login", err, domain.ErrUnknownService)
		if steps := b.steps.take(); len(steps) != 0 {
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
		_, err := b.login().Handle(t.Context(), with("wrong"))
		is(t, "login", err, domain.ErrUnavailable)
		if steps := b.steps.take(); slices.Contains(steps, "return login") {
			t.Errorf("steps %v", steps)
		}
	})
}

func TestWhatChangesDuringTheHash(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(t *testing.T, b *bench, u domain.User)
		want   error
	}{
		{"a new password refuses the old one", func(t *testing.T, b *bench, u domain.User) { b.setPassword(t, u.ID, "another one") }, domain.ErrInvalidCredentials},
		{"a disabled user is refused", func(t *testing.T, b *bench, u domain.User) {
			b.Principal(t, u.ID, func(p *domain.Principal) { p.State = domain.Disabled })
		}, domain.ErrInvalidCredentials},
		{"a deleted user is refused", func(t *testing.T, b *bench, u domain.User) {
			b.Principal(t, u.ID, func(p *domain.Principal) { p.State = domain.Deleted })
		}, domain.ErrInvalidCredentials},
		{"the same password hashed anew changes nothing", func(t *testing.T, b *bench, u domain.User) {
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
			b.hasher.verified = func(string) { test.change(t, b, u) }
			_, err := b.login().Handle(t.Context(), with(rig.Password))
			is(t, "login", err, test.want)
			steps := b.steps.take()
			if n := b.sessions(t); (n == 1) != (test.want == nil) {
				t.Errorf("%d sessions", n)
			}
			if slices.Contains(steps, "return login") != (test.want == nil) {
				t.Errorf("steps %v", steps)
			}
		})
	}
}

func TestLocks(t *testing.T) {
	attempt := func(t *testing.T, b *bench, password string) error {
		t.Helper()
		_, err := b.login().Handle(t.Context(), with(password))
		return err
	}
	locking := func(t *testing.T) *bench {
		t.Helper()
		b, _ := known(t)
		b.unlimited().Guard.Lockout.Failures = 3
		for range 3 {
			is(t, "a failure", attempt(t, b, "wrong"), domain.ErrInvalidCredentials)
		}
		return b
	}

	t.Run("refuse the right password, and end by themselves", func(t *testing.T) {
		b := locking(t)
		is(t, "locked", attempt(t, b, rig.Password), domain.ErrInvalidCredentials)
		b.Clock.Move(15*time.Minute - time.Microsecond)
		b.Poll(t)
		is(t, "still locked", attempt(t, b, rig.Password), domain.ErrInvalidCredentials)
		b.Clock.Move(time.Microsecond)
		is(t, "over", attempt(t, b, rig.Password), nil)
		if n := b.Database.Int(t, "SELECT count(*) FROM login_failures"); n != 0 {
			t.Error("the run was not forgotten")
		}
	})

	t.Run("are on record once, with the address apart", func(t *testing.T) {
		b := locking(t)
		is(t, "one more", attempt(t, b, "wrong"), domain.ErrInvalidCredentials)
		events := b.Events(t, domain.EventUserLocked)
		if len(events) != 1 || events[0].Trace.Identifier != "ada@example.com" {
			t.Errorf("got %+v", events)
		}
	})

	t.Run("are prolonged by no guess while they last, and twice as long the next time", func(t *testing.T) {
		b := locking(t)
		for range 5 {
			is(t, "a guess", attempt(t, b, "wrong"), domain.ErrInvalidCredentials)
		}
		b.Clock.Move(15 * time.Minute)
		for range 3 {
			is(t, "another failure", attempt(t, b, "wrong"), domain.ErrInvalidCredentials)
		}
		b.Clock.Move(30*time.Minute - time.Microsecond)
		b.Poll(t)
		is(t, "still locked", attempt(t, b, rig.Password), domain.ErrInvalidCredentials)
		b.Clock.Move(time.Microsecond)
		is(t, "over", attempt(t, b, rig.Password), nil)
	})

	t.Run("happen to nobody's address too", func(t *testing.T) {
		b := locking(t)
		b.Database.Exec(t, "DELETE FROM login_failures")
		b.forget(t)
		for range 3 {
			is(t, "a failure", attempt(t, b, "wrong"), domain.ErrInvalidCredentials)
		}
		if n := b.Database.Int(t, "SELECT count(*) FROM login_failures WHERE locked_until IS NOT NULL"); n != 1 {
			t.Errorf("%d locks", n)
		}
	})
}

func TestFailedLoginsAreNoted(t *testing.T) {
	b, u := known(t)
	_, _ = b.login().Handle(t.Context(), with("wrong"))
	b.Failures.Flush(t.Context())
	events := b.Events(t, domain.EventLoginFailed)
	if len(events) != 1 || events[0].Outcome != domain.Failed || events[0].SubjectID != string(u.ID) ||
		events[0].Trace.Identifier != "ada@example.com" || events[0].ActorKind != domain.ActorAnonymous {
		t.Errorf("got %+v", events)
	}
}

func TestUnprovedMailboxes(t *testing.T) {
	pending := func(t *testing.T) *bench {
		t.Helper()
		b := newBench(t)
		if _, err := b.register().Handle(t.Context(), registration("ada@example.com")); err != nil {
			t.Fatal(err)
		}
		b.steps.take()
		return b
	}

	t.Run("the right password of a registration is told so, and costs no budget", func(t *testing.T) {
		b := pending(t)
		_, err := b.login().Handle(t.Context(), with(rig.Password))
		is(t, "login", err, domain.ErrEmailNotVerified)
		if steps := b.steps.take(); !slices.Contains(steps, "return login") {
			t.Errorf("steps %v", steps)
		}
	})

	t.Run("a wrong one is not", func(t *testing.T) {
		b := pending(t)
		_, err := b.login().Handle(t.Context(), with("wrong"))
		is(t, "login", err, domain.ErrInvalidCredentials)
	})

	t.Run("a locked address is not told so either", func(t *testing.T) {
		b := pending(t)
		b.Guard.Lockout.Failures = 1
		_, _ = b.login().Handle(t.Context(), with("wrong"))
		_, err := b.login().Handle(t.Context(), with(rig.Password))
		is(t, "login", err, domain.ErrInvalidCredentials)
	})

	t.Run("of several registrations the newest counts", func(t *testing.T) {
		b := pending(t)
		b.Clock.Move(time.Minute)
		in := registration("ada@example.com")
		in.Password = domain.NewSecret("the newer password")
		if _, err := b.register().Handle(t.Context(), in); err != nil {
			t.Fatal(err)
		}
		_, err := b.login().Handle(t.Context(), with(rig.Password))
		is(t, "the older", err, domain.ErrInvalidCredentials)
		_, err = b.login().Handle(t.Context(), with("the newer password"))
		is(t, "the newer", err, domain.ErrEmailNotVerified)
	})

	t.Run("an expired registration is nobody", func(t *testing.T) {
		b := pending(t)
		b.Clock.Move(7 * 24 * time.Hour)
		b.Poll(t)
		_, err := b.login().Handle(t.Context(), with(rig.Password))
		is(t, "login", err, domain.ErrInvalidCredentials)
	})

	t.Run("a registration never shadows a user", func(t *testing.T) {
		b := pending(t)
		u := b.User(t, "ada@example.com")
		b.setPassword(t, u.ID, "the user's own")
		_, err := b.login().Handle(t.Context(), with(rig.Password))
		is(t, "the registration's", err, domain.ErrInvalidCredentials)
		_, err = b.login().Handle(t.Context(), with("the user's own"))
		is(t, "the user's", err, nil)
	})

	t.Run("a user's are let in only by the weaker mode", func(t *testing.T) {
		b, _ := known(t)
		b.Database.Exec(t, "UPDATE users SET email_verified_at = NULL")
		login := b.login()
		_, err := login.Handle(t.Context(), with(rig.Password))
		is(t, "required", err, domain.ErrEmailNotVerified)
		login.Unproved = true
		_, err = login.Handle(t.Context(), with(rig.Password))
		is(t, "optional", err, nil)
	})
}

func TestTheLimitOfSessions(t *testing.T) {
	// full is a bench whose user has three sessions, begun a minute apart, of three at most.
	full := func(t *testing.T) (*bench, []auth.LoginOutput) {
		t.Helper()
		b, _ := known(t)
		b.unlimited().Sessions.Max = 3
		var out []auth.LoginOutput
		for range 3 {
			o, err := b.login().Handle(t.Context(), with(rig.Password))
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, o)
			b.Clock.Move(time.Minute)
			b.Poll(t)
		}
		return b, out
	}
	ended := func(t *testing.T, b *bench, out []auth.LoginOutput) (which string) {
		t.Helper()
		for i, o := range out {
			s, err := b.DB.Read().Sessions.ByID(t.Context(), o.Session.ID)
			if err != nil {
				t.Fatal(err)
			}
			if s.EndReason == domain.EndedByLimit {
				which += fmt.Sprint(i)
			}
		}
		return which
	}

	t.Run("ends the least recently refreshed one", func(t *testing.T) {
		b, out := full(t)
		if _, err := b.NewRefresh().Handle(t.Context(), auth.RefreshInput{From: rig.From, Token: out[0].RefreshToken}); err != nil {
			t.Fatal(err)
		}
		b.Clock.Move(time.Minute)
		if _, err := b.login().Handle(t.Context(), with(rig.Password)); err != nil {
			t.Fatal(err)
		}
		if which := ended(t, b, out); which != "1" {
			t.Errorf("ended: %q", which)
		}
		if _, err := b.Authenticator.Authenticate(t.Context(), out[1].Access.Token); !errors.Is(err, domain.ErrTokenInvalid) {
			t.Errorf("its token: %v", err)
		}
	})

	t.Run("ends as many as are too many when it was lowered", func(t *testing.T) {
		b, out := full(t)
		b.Sessions.Max = 1
		if _, err := b.login().Handle(t.Context(), with(rig.Password)); err != nil {
			t.Fatal(err)
		}
		if which := ended(t, b, out); which != "012" {
			t.Errorf("ended: %q", which)
		}
	})

	t.Run("refuses the login under the other policy, ends none, and gives the budget back", func(t *testing.T) {
		b, out := full(t)
		b.Sessions.Deny = true
		b.Guard.Shared = ledger{b.Guard.Shared, b.steps}
		b.steps.take()
		_, err := b.login().Handle(t.Context(), with(rig.Password))
		is(t, "login", err, domain.ErrSessionLimitReached)
		if which := ended(t, b, out); which != "" || b.sessions(t) != 3 {
			t.Errorf("ended: %q of %d", which, b.sessions(t))
		}
		if steps := b.steps.take(); !slices.Contains(steps, "return login") {
			t.Errorf("steps %v", steps)
		}
	})

	t.Run("does not count what lapsed", func(t *testing.T) {
		b, out := full(t)
		b.Clock.Move(14 * 24 * time.Hour)
		b.Poll(t)
		if _, err := b.login().Handle(t.Context(), with(rig.Password)); err != nil {
			t.Fatal(err)
		}
		if which := ended(t, b, out); which != "" {
			t.Errorf("ended: %q", which)
		}
	})

	t.Run("is none when it is 0", func(t *testing.T) {
		b, out := full(t)
		b.Sessions.Max = 0
		if _, err := b.login().Handle(t.Context(), with(rig.Password)); err != nil {
			t.Fatal(err)
		}
		if which := ended(t, b, out); which != "" || b.sessions(t) != 4 {
			t.Errorf("ended: %q of %d", which, b.sessions(t))
		}
	})

	t.Run("is exactly what 20 parallel logins leave", func(t *testing.T) {
		b, _ := full(t)
		login := b.login()
		for _, err := range testkit.Together(20, func(int) error {
			_, err := login.Handle(t.Context(), with(rig.Password))
			return err
		}) {
			if err != nil {
				t.Error(err)
			}
		}
		if n := b.sessions(t); n != 3 {
			t.Errorf("%d sessions", n)
		}
	})
}
