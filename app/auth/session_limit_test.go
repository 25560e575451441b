package auth_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/signet-auth/signet/app/auth"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/test/testkit"
	"github.com/signet-auth/signet/test/testkit/rig"
)

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
