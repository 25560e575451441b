package core_test

import (
	"errors"
	"testing"
	"time"

	"github.com/signet-auth/signet/app/auth"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/test/testkit/race"
	"github.com/signet-auth/signet/test/testkit/rig"
)

// refreshable is a bench whose user is logged in; no limits.
func refreshable(t *testing.T) (*authBench, domain.User, auth.LoginOutput) {
	t.Helper()
	b, u := known(t)
	out, err := b.unlimited(t).Auth.Login(t.Context(), with(rig.Password))
	if err != nil {
		t.Fatal(err)
	}
	return b, u, out
}

func (b *authBench) refresh(t *testing.T, token domain.Secret) (auth.RefreshOutput, error) {
	t.Helper()
	return b.Auth.Refresh(t.Context(), auth.RefreshInput{From: rig.From, Token: token})
}

// beforeWrite sets what happens before each write.
func (b *authBench) beforeWrite(do func()) {
	b.Store.Before(func(query string) error {
		if query == "Rotate" || query == "WithinTx" {
			do()
		}
		return nil
	})
}

func TestAnOrdinaryRefresh(t *testing.T) {
	b, _, out := refreshable(t)
	first, err := b.refresh(t, out.RefreshToken)
	if err != nil {
		t.Fatal(err)
	}
	b.Store.Reset()
	if _, err := b.refresh(t, first.RefreshToken); err != nil {
		t.Fatal(err)
	}
	if all, rotations := b.Store.Count(), b.Store.Count("Rotate"); all != 1 || rotations != 1 {
		t.Errorf("it takes %d queries, %d of them the rotation: want one statement", all, rotations)
	}
}

func TestAForgedRefreshTokenNeverGetsAsFarAsAWrite(t *testing.T) {
	b, _, out := refreshable(t)
	_, forged, err := domain.NewFamily(family(t, out), out.Session.ID, domain.FirstPartyClient, domain.RefreshKeys{make([]byte, 32)}, b.System.Entropy, rig.Noon)
	if err != nil {
		t.Fatal(err)
	}
	b.Store.Reset()
	_, err = b.refresh(t, forged.Text())
	is(t, "refresh", err, domain.ErrForged)
	if n := b.Store.Count("Rotate", "WithinTx"); n != 0 {
		t.Errorf("%d writes were tried", n)
	}
}

func TestAClientThatKeepsItsTokenAndComesByBothWaysAtOnceStaysIn(t *testing.T) {
	for range 10 {
		b, _, out := refreshable(t)
		b.Settings.KeepBearers = true
		b.Rebuild(t)
		for i, err := range race.Together(2, func(i int) error {
			_, err := b.Auth.Refresh(t.Context(), auth.RefreshInput{From: rig.From, Token: out.RefreshToken, By: auth.Carrier(i)})
			return err
		}) {
			is(t, []string{"body", "bearer"}[i], err, nil)
		}
		if b.sessions(t) != 1 {
			t.Error("the session ended")
		}
	}
}

func TestARefreshThatLosesTheRace(t *testing.T) {
	t.Run("answers with the winner's token", func(t *testing.T) {
		b, _, out := refreshable(t)
		var winner auth.RefreshOutput
		other := rig.On(t, b.Database, b.Clock)
		b.beforeWrite(func() {
			if winner.RefreshToken.IsZero() {
				winner, _ = other.Auth.Refresh(t.Context(), auth.RefreshInput{From: rig.From, Token: out.RefreshToken})
			}
		})
		got, err := b.refresh(t, out.RefreshToken)
		if err != nil || got.RefreshToken.Reveal() != winner.RefreshToken.Reveal() {
			t.Errorf("another token, or %v", err)
		}
	})

	t.Run("to the removal of the session is refused", func(t *testing.T) {
		b, _, out := refreshable(t)
		b.Store.After(func(query string) {
			if query == "Rotate" {
				b.Database.Exec(t, "DELETE FROM sessions")
			}
		})
		_, err := b.refresh(t, out.RefreshToken)
		is(t, "refresh", err, domain.ErrTokenInvalid)
	})

	t.Run("to the end of the session is refused", func(t *testing.T) {
		b, _, out := refreshable(t)
		other := rig.On(t, b.Database, b.Clock)
		b.beforeWrite(func() { other.End(t, out.Session.ID) })
		_, err := b.refresh(t, out.RefreshToken)
		is(t, "refresh", err, domain.ErrTokenInvalid)
	})
}

func TestParallelReuseIsToldOnceAndIsNoForgery(t *testing.T) {
	b, _, out := refreshable(t)
	_, err := b.refresh(t, out.RefreshToken)
	is(t, "refresh", err, nil)
	b.Clock.Move(time.Hour)
	b.Poll(t)
	for _, err := range race.Together(20, func(int) error {
		_, err := b.Auth.Refresh(t.Context(), auth.RefreshInput{From: rig.From, Token: out.RefreshToken})
		return err
	}) {
		if !errors.Is(err, domain.ErrTokenInvalid) || errors.Is(err, domain.ErrForged) {
			t.Errorf("got %v", err)
		}
	}
	b.Settle(t)
	if mails, events := len(b.Inbox.List()), len(b.Events(t, domain.EventRefreshReused)); mails != 1 || events != 1 {
		t.Errorf("%d mails, %d events", mails, events)
	}
}

// family is which family a login's token is of.
func family(t *testing.T, out auth.LoginOutput) domain.FamilyID {
	t.Helper()
	token, ok := domain.ParseRefreshToken(out.RefreshToken)
	if !ok {
		t.Fatal("no refresh token")
	}
	return token.Family
}
