package auth_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/app/auth"
	"github.com/signet-auth/signet/domain"
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
