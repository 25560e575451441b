package core_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/test/testkit/rig"
)

// known is a bench with a user.
func known(t *testing.T) (*authBench, domain.User) {
	t.Helper()
	b := newAuthBench(t)
	u := b.User(t, "ada@example.com")
	b.Steps.Take()
	return b, u
}

func (b *authBench) sessions(t *testing.T) (live int) {
	t.Helper()
	return b.Database.Int(t, "SELECT count(*) FROM sessions WHERE ended_at IS NULL")
}

func TestALoginChecksInTheOrderThatKeepsItCheapAndQuiet(t *testing.T) {
	b, _ := known(t)
	b.Queries("Services.Find", "Users.Candidate", "WithinTx")
	if _, err := b.Directory.Service(t.Context(), ""); err != nil {
		t.Fatal(err)
	}
	b.Steps.Take()
	_, err := b.Auth.Login(t.Context(), with(rig.Password))
	is(t, "login", err, nil)
	want := []string{"take failures", "take login", "reserve", "Users.Candidate", "verify", "WithinTx", "return login", "return failures"}
	if diff := cmp.Diff(want, b.Steps.Take()); diff != "" {
		t.Error(diff)
	}
}

func TestFailuresAndLocksNameTheAddressApart(t *testing.T) {
	b, u := known(t)
	b.Settings.Guard.Lockout.Failures = 1
	b.Rebuild(t)
	_, err := b.Auth.Login(t.Context(), with("wrong"))
	is(t, "login", err, domain.ErrInvalidCredentials)
	b.Base.Audit.Flush(t.Context())
	for _, kind := range []domain.EventType{domain.EventLoginFailed, domain.EventUserLocked} {
		events := b.Events(t, kind)
		if len(events) != 1 || events[0].SubjectID != string(u.ID) || events[0].Trace.Identifier != "ada@example.com" || len(events[0].Details) != 0 {
			t.Errorf("%s: %+v", kind, events)
		}
	}
}

func TestUnprovedMailboxes(t *testing.T) {
	pending := func(t *testing.T) *authBench {
		t.Helper()
		b := newAuthBench(t)
		if _, err := b.Auth.Register(t.Context(), registration("ada@example.com")); err != nil {
			t.Fatal(err)
		}
		b.Steps.Take()
		return b
	}

	t.Run("a locked address is not told so either", func(t *testing.T) {
		b := pending(t)
		b.Settings.Guard.Lockout.Failures = 1
		b.Rebuild(t)
		_, _ = b.Auth.Login(t.Context(), with("wrong"))
		_, err := b.Auth.Login(t.Context(), with(rig.Password))
		is(t, "login", err, domain.ErrInvalidCredentials)
	})

	t.Run("a registration never shadows a user", func(t *testing.T) {
		b := pending(t)
		u := b.User(t, "ada@example.com")
		b.SetPassword(t, u.ID, "the user's own")
		_, err := b.Auth.Login(t.Context(), with(rig.Password))
		is(t, "the registration's", err, domain.ErrInvalidCredentials)
		_, err = b.Auth.Login(t.Context(), with("the user's own"))
		is(t, "the user's", err, nil)
	})

	t.Run("a user's are let in only by the weaker mode", func(t *testing.T) {
		b, _ := known(t)
		b.Database.Exec(t, "UPDATE users SET email_verified_at = NULL")
		_, err := b.Auth.Login(t.Context(), with(rig.Password))
		is(t, "required", err, domain.ErrEmailNotVerified)
		b.Settings.Registration.Unverified = true
		b.Rebuild(t)
		_, err = b.Auth.Login(t.Context(), with(rig.Password))
		is(t, "optional", err, nil)
	})
}
