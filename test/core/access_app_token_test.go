package core_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/signet-auth/signet/app/access"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
	"github.com/signet-auth/signet/test/testkit/race"
	"github.com/signet-auth/signet/test/testkit/rig"
)

// minted is an access token of a service, got with one of its application tokens.
func minted(t *testing.T, r *rig.Rig, s domain.Service, token domain.AppToken, change func(*access.Subject)) domain.Secret {
	t.Helper()
	principal, err := r.Directory.Principal(t.Context(), s.ID.Principal())
	if err != nil {
		t.Fatal(err)
	}
	subject := access.Subject{Principal: principal, Client: domain.Client{Key: s.Key}, AppToken: token.ID, Scopes: token.Scopes}
	if change != nil {
		change(&subject)
	}
	out, err := r.Minter.Mint(t.Context(), subject, r.Platform(t), r.Clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	return out.Token
}

// backEnd is a rig with a service, an application token of it and an access token that was got with it.
func backEnd(t *testing.T) (*rig.Rig, domain.Service, domain.AppToken, domain.Secret, domain.Secret) {
	t.Helper()
	r := rig.New(t)
	s, _ := r.Service(t, "shop", nil)
	token, text := r.AppToken(t, s, nil)
	r.Poll(t)
	return r, s, token, text, minted(t, r, s, token, nil)
}

func TestABackEndsTokens(t *testing.T) {
	t.Run("cost no query from the second time on, even with the database away", func(t *testing.T) {
		r, _, _, raw, token := backEnd(t)
		accepted(t, r, raw)
		accepted(t, r, token)
		r.Store.Reset()
		r.Store.Down()
		for _, text := range []domain.Secret{raw, token} {
			for _, err := range race.Together(20, func(int) error {
				_, err := r.Authenticator.Authenticate(t.Context(), text)
				return err
			}) {
				if err != nil {
					t.Error(err)
				}
			}
		}
		if n := r.Store.Count(); n != 0 {
			t.Errorf("%d queries", n)
		}
	})

	t.Run("end with what they rest on", func(t *testing.T) {
		for name, end := range map[string]func(t *testing.T, r *rig.Rig, s domain.Service, token domain.AppToken){
			"the application token": func(t *testing.T, r *rig.Rig, _ domain.Service, token domain.AppToken) {
				t.Helper()
				r.Write(t, func(ctx context.Context, tx *store.Tx) error {
					token.Revoke(r.Clock.Now())
					tx.Changed(domain.ChangeAppToken, string(token.ID), domain.TokensStale)
					return tx.AppTokens.Update(ctx, token)
				})
			},
			"the service": func(t *testing.T, r *rig.Rig, s domain.Service, _ domain.AppToken) {
				t.Helper()
				changeService(t, r, s, func(s *domain.Service) { s.State = domain.ServiceInactive })
			},
			"the account": func(t *testing.T, r *rig.Rig, s domain.Service, _ domain.AppToken) {
				t.Helper()
				r.Principal(t, domain.UserID(s.ID), func(p *domain.Principal) { p.Disable("off", time.Time{}, r.Clock.Now()) })
			},
		} {
			t.Run(name, func(t *testing.T) {
				r, s, app, raw, token := backEnd(t)
				accepted(t, r, raw)
				accepted(t, r, token)
				end(t, r, s, app)
				refused(t, r, raw, false)
				refused(t, r, token, false)
			})
		}
	})

	t.Run("that Signet never made are forged, and remembered for a second", func(t *testing.T) {
		r, _, _, _, _ := backEnd(t)
		_, unknown, err := domain.NewAppTokenSecret(domain.AppTokenSecretID(r.System.NewID()), r.System.Entropy, r.Clock.Now())
		if err != nil {
			t.Fatal(err)
		}
		r.Store.Reset()
		refused(t, r, unknown, true)
		refused(t, r, unknown, true)
		if n := r.Store.Count("AppTokens.BySecret"); n != 1 {
			t.Errorf("%d look-ups within a second", n)
		}
		r.Clock.Move(domain.UnknownAge)
		refused(t, r, unknown, true)
		if n := r.Store.Count("AppTokens.BySecret"); n != 2 {
			t.Errorf("%d look-ups after a second", n)
		}
	})

	t.Run("are one kind or the other (RFC 8725 §3.12)", func(t *testing.T) {
		r, s, app, _, _ := backEnd(t)
		u := r.User(t, "ada@example.com")
		session, _ := r.Session(t, u, r.Platform(t))
		other, _ := r.Service(t, "other", nil)
		foreign, _ := r.AppToken(t, other, nil)
		for name, change := range map[string]func(*access.Subject){
			"with a session":                       func(c *access.Subject) { c.SessionID = session.ID },
			"without an application token":         func(c *access.Subject) { c.AppToken = "" },
			"with another's application token":     func(c *access.Subject) { c.AppToken = foreign.ID },
			"of a user, with an application token": func(c *access.Subject) { c.Principal.ID = u.ID.Principal() },
			"of a kind of a later release":         func(c *access.Subject) { c.Principal.Kind = "team" },
		} {
			t.Run(name, func(t *testing.T) { refused(t, r, minted(t, r, s, app, change), false) })
		}
	})

	t.Run("are narrowed by what the scopes are now, and by what was asked for", func(t *testing.T) {
		r, s, app, _, _ := backEnd(t)
		token := minted(t, r, s, app, func(c *access.Subject) { c.Asked = []string{domain.UserRead, domain.RoleRead} })
		scopesOf := func() []string {
			actor, err := authenticate(t, r, token)
			if err != nil {
				t.Fatal(err)
			}
			return actor.Scopes.Texts()
		}
		if got := scopesOf(); len(got) != 2 {
			t.Errorf("asked for: %v", got)
		}
		r.Write(t, func(ctx context.Context, tx *store.Tx) error {
			app.Scopes = domain.RestoreScopes([]string{domain.PlatformKey + "/" + domain.UserRead})
			tx.Changed(domain.ChangeAppToken, string(app.ID), domain.TokensStale)
			return tx.AppTokens.Update(ctx, app)
		})
		if got := scopesOf(); len(got) != 1 || got[0] != domain.PlatformKey+"/"+domain.UserRead {
			t.Errorf("after the scopes were cut: %v", got)
		}
	})

	t.Run("can't be judged when they can't be read", func(t *testing.T) {
		r, _, _, raw, _ := backEnd(t)
		r.Store.Down()
		if _, err := authenticate(t, r, raw); !errors.Is(err, domain.ErrUnavailable) {
			t.Errorf("got %v", err)
		}
	})
}
