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

func TestValidateJWT(t *testing.T) {
	b, u, _ := inside(t)
	shop, role := b.Service(t, "shop", []string{"invoice:read"}, "invoice:*")
	b.Assign(t, u, role, time.Time{})
	validate := &auth.ValidateJWT{Directory: b.Directory}
	actor := domain.Actor{Kind: domain.ActorUser, ID: u.ID.Principal(), SessionID: "s", Audience: "shop"}

	t.Run("answers with what the user may do at the audience now", func(t *testing.T) {
		out, err := validate.Handle(t.Context(), actor)
		if err != nil || len(out.Permissions) != 1 || out.Permissions[0] != "invoice:read" || out.Audience != "shop" {
			t.Errorf("got %+v, %v", out, err)
		}
	})

	t.Run("refuses who is no user", func(t *testing.T) {
		_, err := validate.Handle(t.Context(), domain.Anonymous())
		is(t, "anonymous", err, domain.ErrTokenMissing)
	})

	t.Run("refuses a token of a deleted service, also when another took its key for a name", func(t *testing.T) {
		b.Write(t, func(ctx context.Context, tx *store.Tx) error {
			shop.State = domain.ServiceDeleted
			tx.Changed(domain.ChangeService, string(shop.ID))
			return tx.Services.Update(ctx, shop)
		})
		_, err := validate.Handle(t.Context(), actor)
		is(t, "deleted", err, domain.ErrTokenInvalid)

		impostor, _ := b.Service(t, "impostor", []string{"invoice:read"}, "*:*")
		impostor.Name = "shop"
		b.Write(t, func(ctx context.Context, tx *store.Tx) error {
			tx.Changed(domain.ChangeService, string(impostor.ID))
			return tx.Services.Update(ctx, impostor)
		})
		_, err = validate.Handle(t.Context(), actor)
		is(t, "another of that name", err, domain.ErrTokenInvalid)
	})
}

func TestLogout(t *testing.T) {
	logout := func(t *testing.T, b *bench, access, refresh domain.Secret) error {
		t.Helper()
		return b.NewLogout().Handle(t.Context(), auth.LogoutInput{From: rig.From, AccessToken: access, RefreshToken: refresh})
	}
	var none domain.Secret
	bad := domain.NewSecret("bad")

	for _, test := range []struct {
		name            string
		access, refresh func(auth.LoginOutput) domain.Secret
		want            error
		ended           bool
	}{
		{"by the access token", func(o auth.LoginOutput) domain.Secret { return o.Access.Token }, nil, nil, true},
		{"by the refresh token", nil, func(o auth.LoginOutput) domain.Secret { return o.RefreshToken }, nil, true},
		{
			"by the refresh token beside a bad access token",
			func(auth.LoginOutput) domain.Secret { return bad }, func(o auth.LoginOutput) domain.Secret { return o.RefreshToken }, nil, true,
		},
		{"by nothing", nil, nil, domain.ErrTokenMissing, false},
		{"by a bad access token", func(auth.LoginOutput) domain.Secret { return bad }, nil, domain.ErrTokenInvalid, false},
		{"by a bad refresh token", nil, func(auth.LoginOutput) domain.Secret { return bad }, domain.ErrTokenInvalid, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			b, _, out := inside(t)
			access, refresh := none, none
			if test.access != nil {
				access = test.access(out)
			}
			if test.refresh != nil {
				refresh = test.refresh(out)
			}
			is(t, "logout", logout(t, b, access, refresh), test.want)
			if ended := b.sessions(t) == 0; ended != test.ended {
				t.Errorf("ended: %v", ended)
			}
		})
	}

	t.Run("works with an access token that expired, and again", func(t *testing.T) {
		b, _, out := inside(t)
		b.Clock.Move(time.Hour)
		for range 2 {
			is(t, "logout", logout(t, b, out.Access.Token, none), nil)
		}
		if n := len(b.Events(t, domain.EventSessionEnded)); n != 1 || b.sessions(t) != 0 {
			t.Errorf("%d events, %d sessions", n, b.sessions(t))
		}
	})

	t.Run("is no success while nothing can be written", func(t *testing.T) {
		b, _, out := inside(t)
		b.Store.Down()
		is(t, "logout", logout(t, b, out.Access.Token, none), domain.ErrUnavailable)
		is(t, "by the refresh token", logout(t, b, none, out.RefreshToken), domain.ErrUnavailable)
	})
}
