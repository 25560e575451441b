package auth_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/signet-auth/signet/app/auth"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
	"github.com/signet-auth/signet/test/testkit/rig"
)

// inside is a bench whose user is logged in; no limits.
func inside(t *testing.T) (*bench, domain.User, auth.LoginOutput) {
	t.Helper()
	b, u := known(t)
	out, err := b.unlimited().login().Handle(t.Context(), with(rig.Password))
	if err != nil {
		t.Fatal(err)
	}
	return b, u, out
}

func (b *bench) refresh(t *testing.T, token domain.Secret) (auth.RefreshOutput, error) {
	t.Helper()
	return b.NewRefresh().Handle(t.Context(), auth.RefreshInput{From: rig.From, Token: token})
}

// slow is a store on which somebody else always refreshes first.
type slow struct {
	*rig.Store
	first func()
}

func (s slow) WithinTx(ctx context.Context, fn func(context.Context, *store.Tx) error) error {
	s.first()
	return s.Store.WithinTx(ctx, fn)
}

func (s slow) Rotate(ctx context.Context, from, to domain.Family, policy domain.SessionPolicy) (domain.SessionID, bool, error) {
	s.first()
	return s.Store.Rotate(ctx, from, to, policy)
}

func TestAnOrdinaryRefresh(t *testing.T) {
	b, _, out := inside(t)
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
	b, _, out := inside(t)
	_, forged, err := domain.NewFamily(family(t, out), out.Session.ID, domain.FirstPartyClient, domain.RefreshKeys{make([]byte, 32)}, b.System.Entropy, rig.Noon)
	if err != nil {
		t.Fatal(err)
	}
	b.Store.Reset()
	_, err = b.refresh(t, forged.Text())
	is(t, "refresh", err, domain.ErrTokenInvalid)
	if n := b.Store.Count("Rotate", "WithinTx"); n != 0 {
		t.Errorf("%d writes were tried", n)
	}
}

func TestRefreshByBearersThatKeepTheirToken(t *testing.T) {
	keep := func(t *testing.T, b *bench, token domain.Secret, by auth.Carrier) (auth.RefreshOutput, error) {
		t.Helper()
		u := b.NewRefresh()
		u.KeepBearers = true
		return u.Handle(t.Context(), auth.RefreshInput{From: rig.From, Token: token, By: by})
	}
	t.Run("answers the same token to all who come at once", func(t *testing.T) {
		b, _, out := inside(t)
		for _, same := range together(20, func(int) bool {
			got, err := keep(t, b, out.RefreshToken, auth.ByBearer)
			return err == nil && got.RefreshToken.Reveal() == out.RefreshToken.Reveal()
		}) {
			if !same {
				t.Error("another token, or an error")
			}
		}
		s, err := b.DB.Read().Sessions.ByID(t.Context(), out.Session.ID)
		if err != nil || !s.Static {
			t.Errorf("static: %v (%v)", s.Static, err)
		}
	})
	t.Run("of a client that comes by both ways at once ends nobody's session", func(t *testing.T) {
		for range 10 {
			b, _, out := inside(t)
			for i, err := range together(2, func(i int) error { _, err := keep(t, b, out.RefreshToken, auth.Carrier(i)); return err }) {
				is(t, []string{"body", "bearer"}[i], err, nil)
			}
			s, err := b.DB.Read().Sessions.ByID(t.Context(), out.Session.ID)
			if err != nil || !s.EndedAt.IsZero() {
				t.Errorf("ended %v (%v)", s.EndedAt, err)
			}
		}
	})
}

// removing is a store in which something happens just after a rotation.
type removing struct {
	store.Store
	then func()
}

func (s removing) Rotate(ctx context.Context, from, to domain.Family, policy domain.SessionPolicy) (domain.SessionID, bool, error) {
	id, ok, err := s.Store.Rotate(ctx, from, to, policy)
	s.then()
	return id, ok, err
}

func TestARefreshThatLosesTheRace(t *testing.T) {
	t.Run("answers with the winner's token", func(t *testing.T) {
		b, _, out := inside(t)
		var winner auth.RefreshOutput
		loser := b.NewRefresh()
		loser.Store = slow{b.Store, func() {
			if winner.RefreshToken.IsZero() {
				winner, _ = b.refresh(t, out.RefreshToken)
			}
		}}
		got, err := loser.Handle(t.Context(), auth.RefreshInput{From: rig.From, Token: out.RefreshToken})
		if err != nil || got.RefreshToken.Reveal() != winner.RefreshToken.Reveal() {
			t.Errorf("another token, or %v", err)
		}
	})

	t.Run("to the removal of the session is refused", func(t *testing.T) {
		b, _, out := inside(t)
		loser := b.NewRefresh()
		loser.Store = removing{b.Store, func() { b.Database.Exec(t, "DELETE FROM sessions") }}
		_, err := loser.Handle(t.Context(), auth.RefreshInput{From: rig.From, Token: out.RefreshToken})
		is(t, "refresh", err, domain.ErrTokenInvalid)
	})

	t.Run("to the end of the session is refused", func(t *testing.T) {
		b, _, out := inside(t)
		loser := b.NewRefresh()
		loser.Store = slow{b.Store, func() { b.End(t, out.Session.ID) }}
		_, err := loser.Handle(t.Context(), auth.RefreshInput{From: rig.From, Token: out.RefreshToken})
		is(t, "refresh", err, domain.ErrTokenInvalid)
	})
}

func TestReuse(t *testing.T) {
	t.Run("ends the session for all, writes its owner once, and is on record", func(t *testing.T) {
		b, u, out := inside(t)
		second, err := b.refresh(t, out.RefreshToken)
		if err != nil {
			t.Fatal(err)
		}
		b.Clock.Move(time.Hour)
		b.Poll(t)
		for _, err := range together(20, func(int) error {
			_, err := b.NewRefresh().Handle(t.Context(), auth.RefreshInput{From: rig.From, Token: out.RefreshToken})
			return err
		}) {
			is(t, "the old token", err, domain.ErrTokenInvalid)
			if errors.Is(err, domain.ErrForged) {
				t.Error("a genuine token counts as forged")
			}
		}
		_, err = b.refresh(t, second.RefreshToken)
		is(t, "the newer token", err, domain.ErrTokenInvalid)
		b.Settle(t)
		mails := b.Inbox.List()
		if len(mails) != 1 || mails[0].To != u.Email.Mailbox() {
			t.Errorf("mails: %+v", mails)
		}
		events := b.Events(t, domain.EventRefreshReused)
		if len(events) != 1 || events[0].Outcome != domain.Failed || events[0].SessionID != out.Session.ID {
			t.Errorf("events: %+v", events)
		}
	})

	t.Run("is not what a bad secret for a known family is: nobody is logged out by a guess", func(t *testing.T) {
		b, _, out := inside(t)
		stranger, _, err := domain.NewFamily(family(t, out), out.Session.ID, domain.FirstPartyClient, domain.RefreshKeys{make([]byte, 32)}, b.System.Entropy, rig.Noon)
		if err != nil {
			t.Fatal(err)
		}
		_, forged, err := domain.NewFamily(stranger.ID, out.Session.ID, domain.FirstPartyClient, domain.RefreshKeys{make([]byte, 32)}, b.System.Entropy, rig.Noon)
		if err != nil {
			t.Fatal(err)
		}
		_, err = b.refresh(t, forged.Text())
		if !errors.Is(err, domain.ErrTokenInvalid) || !errors.Is(err, domain.ErrForged) {
			t.Errorf("got %v", err)
		}
		_, err = b.refresh(t, out.RefreshToken)
		is(t, "the owner's", err, nil)
	})
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

func TestRefreshChecksEverythingAgain(t *testing.T) {
	for _, test := range []struct {
		name   string
		happen func(t *testing.T, b *bench, u domain.User, out auth.LoginOutput)
		want   error
	}{
		{"the session's end", func(t *testing.T, b *bench, _ domain.User, out auth.LoginOutput) { b.End(t, out.Session.ID) }, domain.ErrTokenInvalid},
		{"its idle time", func(t *testing.T, b *bench, _ domain.User, _ auth.LoginOutput) {
			b.Clock.Move(14 * 24 * time.Hour)
			b.Poll(t)
		}, domain.ErrTokenInvalid},
		{"the user's state", func(t *testing.T, b *bench, u domain.User, _ auth.LoginOutput) {
			b.Principal(t, u.ID, func(p *domain.Principal) { p.State = domain.Disabled })
		}, domain.ErrTokenInvalid},
		{"the user's being there", func(t *testing.T, b *bench, u domain.User, _ auth.LoginOutput) {
			b.Principal(t, u.ID, func(p *domain.Principal) { p.State = domain.Deleted })
		}, domain.ErrTokenInvalid},
		{"nothing that did not change", func(*testing.T, *bench, domain.User, auth.LoginOutput) {}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			b, u, out := inside(t)
			test.happen(t, b, u, out)
			_, err := b.refresh(t, out.RefreshToken)
			is(t, "refresh", err, test.want)
		})
	}

	t.Run("the service, before the token is used up", func(t *testing.T) {
		b, _, out := inside(t)
		_, err := b.NewRefresh().Handle(t.Context(), auth.RefreshInput{From: rig.From, Token: out.RefreshToken, Service: "nowhere"})
		is(t, "refresh", err, domain.ErrUnknownService)
		if n := b.Database.Int(t, "SELECT generation FROM refresh_families"); n != 0 {
			t.Errorf("generation %d", n)
		}
	})
}

func TestRefreshOfASessionByCookie(t *testing.T) {
	// begun is a bench with a session that began with the transport cookie, or not.
	begun := func(t *testing.T, cookie bool) (*bench, auth.LoginOutput) {
		t.Helper()
		b, _ := known(t)
		in := with(rig.Password)
		in.Cookie = cookie
		out, err := b.login().Handle(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		return b, out
	}

	t.Run("says so for good, whatever carries the token", func(t *testing.T) {
		b, in := begun(t, true)
		token := in.RefreshToken
		for _, by := range []auth.Carrier{auth.ByCookie, auth.ByBody, auth.ByBearer} {
			b.Clock.Move(time.Hour)
			b.Poll(t)
			out, err := b.NewRefresh().Handle(t.Context(), auth.RefreshInput{From: rig.From, Token: token, By: by})
			if err != nil {
				t.Fatal(err)
			}
			if !out.Session.Cookie || !out.IdleUntil.Equal(b.Clock.Now().Add(b.Sessions.Idle)) {
				t.Errorf("by %d: %+v until %v", by, out.Session, out.IdleUntil)
			}
			token = out.RefreshToken
		}
	})

	t.Run("takes no cookie that holds the token of another kind of session, and writes nothing", func(t *testing.T) {
		b, in := begun(t, false)
		_, err := b.NewRefresh().Handle(t.Context(), auth.RefreshInput{From: rig.From, Token: in.RefreshToken, By: auth.ByCookie})
		is(t, "refresh", err, domain.ErrTokenInvalid)
		if _, err := b.NewRefresh().Handle(t.Context(), auth.RefreshInput{From: rig.From, Token: in.RefreshToken}); err != nil {
			t.Errorf("in the body afterwards: %v", err)
		}
	})
}
