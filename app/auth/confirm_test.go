package auth_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/app/auth"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
	"github.com/signet-auth/signet/test/testkit/rig"
)

func (b *bench) confirm() *auth.Confirm {
	u := b.NewConfirm()
	u.Hasher = b.hasher
	return u
}

func TestConfirm(t *testing.T) {
	confirm := func(t *testing.T, b *bench, actor domain.Actor, password string) (domain.User, error) {
		t.Helper()
		return b.confirm().Handle(t.Context(), actor, rig.From, "current_password", domain.NewSecret(password))
	}
	withUser := func(t *testing.T) (*bench, domain.User, domain.Actor) {
		t.Helper()
		b := newBench(t)
		u := b.User(t, "ada@example.com")
		return b, u, b.Actor(u)
	}
	run := func(t *testing.T, b *bench, u domain.User) domain.Lockout {
		t.Helper()
		run, err := b.DB.Read().Lockouts.ByKey(t.Context(), b.Guard.RunKey(u.Email))
		if err != nil {
			t.Fatal(err)
		}
		return run
	}

	t.Run("goes the way of a login: budget, place, account, hash, and the budget back", func(t *testing.T) {
		b, u, actor := withUser(t)
		b.watch("Users.ByID", "Users.ByEmail")
		got, err := confirm(t, b, actor, rig.Password)
		is(t, "confirm", err, nil)
		if got.ID != u.ID || got.CredentialEpoch != u.CredentialEpoch {
			t.Errorf("got %s, epoch %d", got.ID, got.CredentialEpoch)
		}
		want := []string{"Users.ByID", "take failures", "take login", "reserve", "Users.ByEmail", "verify", "return login", "return failures"}
		if diff := cmp.Diff(want, b.steps.take()); diff != "" {
			t.Error(diff)
		}
	})

	t.Run("counts a wrong password like a login's: budget, run and log", func(t *testing.T) {
		b, u, actor := withUser(t)
		_, err := confirm(t, b, actor, "wrong")
		is(t, "confirm", err, domain.ErrInvalidCredentials)
		if diff := cmp.Diff([]string{"take failures", "take login", "reserve", "verify"}, b.steps.take()); diff != "" {
			t.Error(diff)
		}
		if n := run(t, b, u).Failures; n != 1 {
			t.Errorf("%d failures", n)
		}
		b.Failures.Flush(t.Context())
		events := b.Events(t, domain.EventLoginFailed)
		if len(events) != 1 || events[0].SubjectID != string(u.ID) || events[0].Outcome != domain.Failed {
			t.Errorf("events: %+v", events)
		}
	})

	t.Run("shares the budget with logins, both ways", func(t *testing.T) {
		b, _, actor := withUser(t)
		for range 5 {
			_, err := confirm(t, b, actor, "wrong")
			is(t, "confirm", err, domain.ErrInvalidCredentials)
			_, err = b.login().Handle(t.Context(), with("wrong"))
			is(t, "login", err, domain.ErrInvalidCredentials)
		}
		_, err := confirm(t, b, actor, rig.Password)
		is(t, "confirm", err, domain.ErrRateLimited)
		_, err = b.login().Handle(t.Context(), with(rig.Password))
		is(t, "login", err, domain.ErrRateLimited)
	})

	t.Run("locks the account, and refuses the right password of a locked one as it does a wrong one", func(t *testing.T) {
		b, u, actor := withUser(t)
		b.unlimited()
		b.Guard.Lockout.Failures = 3
		for range 3 {
			_, err := confirm(t, b, actor, "wrong")
			is(t, "confirm", err, domain.ErrInvalidCredentials)
		}
		if !run(t, b, u).IsLocked(b.Clock.Now()) || len(b.Events(t, domain.EventUserLocked)) != 1 {
			t.Error("the account is open, or nobody was told")
		}
		_, err := confirm(t, b, actor, rig.Password)
		is(t, "the right one", err, domain.ErrInvalidCredentials)
		b.Clock.Move(15 * time.Minute)
		_, err = confirm(t, b, actor, rig.Password)
		is(t, "after the lock", err, nil)
	})

	t.Run("gives the budget back when it is shed", func(t *testing.T) {
		b, u, actor := withUser(t)
		b.hasher.reserve = func() error { return domain.ErrBusy }
		_, err := confirm(t, b, actor, "wrong")
		is(t, "confirm", err, domain.ErrBusy)
		if diff := cmp.Diff([]string{"take failures", "take login", "reserve", "return login", "return failures"}, b.steps.take()); diff != "" {
			t.Error(diff)
		}
		if n := run(t, b, u).Failures; n != 0 {
			t.Errorf("%d failures", n)
		}
	})

	t.Run("counts a guess whose author hung up", func(t *testing.T) {
		b, u, actor := withUser(t)
		ctx, hangUp := context.WithCancel(t.Context())
		b.hasher.verified = func(string) { hangUp() }
		_, err := b.confirm().Handle(ctx, actor, rig.From, "current_password", domain.NewSecret("wrong"))
		is(t, "confirm", err, domain.ErrInvalidCredentials)
		if n := run(t, b, u).Failures; n != 1 {
			t.Errorf("%d failures", n)
		}
	})

	t.Run("hands the epoch out that was read before the hash", func(t *testing.T) {
		b, u, actor := withUser(t)
		b.hasher.verified = func(string) { b.setPassword(t, u.ID, "another long password") }
		got, err := confirm(t, b, actor, rig.Password)
		is(t, "confirm", err, nil)
		b.Write(t, func(ctx context.Context, tx *store.Tx) error {
			principal, err := tx.Principals.Lock(ctx, u.ID.Principal())
			if err == nil && principal.CredentialEpoch == got.CredentialEpoch {
				t.Error("the caller can't see that the password was changed meanwhile")
			}
			return err
		})
	})

	t.Run("compares with the account of the token, also when its address is another's now", func(t *testing.T) {
		b, u, actor := withUser(t)
		b.Store.After(func(query string) {
			if query == "Users.ByID" { // the address moves on, and somebody else takes it
				b.Store.After(nil)
				b.Database.Exec(t, "UPDATE users SET email = 'old@example.com', email_canonical = 'old@example.com' WHERE id = ?", string(u.ID))
				b.User(t, "ada@example.com")
			}
		})
		_, err := confirm(t, b, actor, rig.Password) // which both have
		is(t, "confirm", err, domain.ErrInvalidCredentials)
	})

	t.Run("refuses who is no user of Signet's own, before it looks anything up", func(t *testing.T) {
		b, _, actor := withUser(t)
		service := actor
		service.Audience = "shop"
		b.Store.Reset()
		for _, test := range []struct {
			actor domain.Actor
			want  error
		}{{domain.Anonymous(), domain.ErrTokenMissing}, {domain.System(), domain.ErrTokenMissing}, {service, domain.ErrWrongAudience}} {
			_, err := confirm(t, b, test.actor, rig.Password)
			is(t, "confirm", err, test.want)
		}
		if n := b.Store.Count(); n != 0 {
			t.Errorf("%d queries", n)
		}
	})

	t.Run("refuses an account that is gone or disabled", func(t *testing.T) {
		for state, want := range map[domain.PrincipalState]error{domain.Deleted: domain.ErrTokenInvalid, domain.Disabled: domain.ErrInvalidCredentials} {
			b, u, actor := withUser(t)
			b.Principal(t, u.ID, func(p *domain.Principal) { p.State = state })
			_, err := confirm(t, b, actor, rig.Password)
			is(t, string(state), err, want)
		}
	})

	t.Run("wants a password where there is one, by the name of the member", func(t *testing.T) {
		b, _, actor := withUser(t)
		_, err := confirm(t, b, actor, "")
		is(t, "confirm", err, domain.ErrInvalidFields(domain.Required("current_password")))
		if err == nil || err.(*domain.Error).Text != "current_password is required" { //nolint:errorlint // as it comes
			t.Errorf("got %v", err)
		}
		if steps := b.steps.take(); len(steps) != 0 {
			t.Errorf("it took %v", steps)
		}
	})

	t.Run("wants a recent login where there is no password", func(t *testing.T) {
		b, u, actor := withUser(t)
		b.Database.Exec(t, "UPDATE users SET password_hash = NULL")
		for _, password := range []string{"", "anything"} {
			got, err := confirm(t, b, actor, password)
			is(t, "soon", err, nil)
			if got.ID != u.ID {
				t.Errorf("got %s", got.ID)
			}
		}
		b.Clock.Move(10*time.Minute + time.Second)
		_, err := confirm(t, b, actor, "anything")
		is(t, "late", err, domain.ErrReauthRequired)
		if steps := b.steps.take(); len(steps) != 0 {
			t.Errorf("it took %v", steps)
		}
	})
}
