package auth_test

import (
	"testing"
	"time"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/test/testkit/rig"
)

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
