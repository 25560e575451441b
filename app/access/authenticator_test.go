package access_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/adapters/jwtoken"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
	"github.com/signet-auth/signet/test/testkit"
	"github.com/signet-auth/signet/test/testkit/rig"
)

func TestAToken(t *testing.T) {
	t.Run("says who it is", func(t *testing.T) {
		r, u, s, token := login(t)
		got, err := authenticate(t, r, token)
		if err != nil {
			t.Fatal(err)
		}
		want := domain.Actor{
			Kind: domain.ActorUser, ID: u.ID.Principal(), SessionID: s.ID, Audience: domain.PlatformKey,
			ClientID: domain.FirstPartyClientKey, TokenID: got.TokenID,
			AuthTime: rig.Noon.Truncate(time.Second), ExpiresAt: rig.Noon.Truncate(time.Second).Add(15 * time.Minute),
		}
		if diff := cmp.Diff(want, got); diff != "" || got.TokenID == "" {
			t.Error(diff)
		}
	})

	t.Run("costs no query from the second time on, even with the database away", func(t *testing.T) {
		r, _, _, token := login(t)
		accepted(t, r, token)
		r.Store.Reset()
		r.Store.Down()
		for _, err := range testkit.Together(20, func(int) error {
			_, err := r.Authenticator.Authenticate(t.Context(), token)
			return err
		}) {
			if err != nil {
				t.Error(err)
			}
		}
		if n := r.Store.Count(); n != 0 {
			t.Errorf("%d queries", n)
		}
	})

	t.Run("costs its queries once when many come at once", func(t *testing.T) {
		r, _, _, token := login(t)
		for _, err := range testkit.Together(50, func(int) error {
			_, err := r.Authenticator.Authenticate(t.Context(), token)
			return err
		}) {
			if err != nil {
				t.Error(err)
			}
		}
		if sessions, users := r.Store.Count("Sessions.ByID"), r.Store.Count("Users.ByID"); sessions != 1 || users > 1 {
			t.Errorf("%d of sessions, %d of users", sessions, users)
		}
	})

	t.Run("is good until its time is over, and no longer", func(t *testing.T) {
		r, _, _, token := login(t)
		accepted(t, r, token)
		life := rig.Noon.Truncate(time.Second).Add(15 * time.Minute).Sub(rig.Noon)
		r.Clock.Move(life - time.Microsecond)
		r.Poll(t)
		accepted(t, r, token)
		r.Clock.Move(time.Microsecond)
		r.Poll(t)
		refused(t, r, token, false)
	})

	t.Run("is refused when the feed is stale and the database away", func(t *testing.T) {
		r, _, _, token := login(t)
		accepted(t, r, token)
		r.Store.Down()
		r.Clock.Move(30 * time.Second)
		accepted(t, r, token)
		r.Clock.Move(time.Second)
		if _, err := authenticate(t, r, token); !errors.Is(err, domain.ErrUnavailable) {
			t.Errorf("got %v", err)
		}
		r.Store.Up()
		r.Clock.Move(time.Second)
		accepted(t, r, token)
	})

	t.Run("can't be judged when its session can't be read", func(t *testing.T) {
		r, _, _, token := login(t)
		r.Store.Down()
		if _, err := authenticate(t, r, token); !errors.Is(err, domain.ErrUnavailable) {
			t.Errorf("got %v", err)
		}
	})
}

func TestATokenIsOver(t *testing.T) {
	t.Run("at once when its session ends here", func(t *testing.T) {
		r, _, s, token := login(t)
		accepted(t, r, token)
		r.End(t, s.ID)
		refused(t, r, token, false)
	})

	t.Run("after the next poll when its session ends at another replica", func(t *testing.T) {
		r, _, s, token := login(t)
		accepted(t, r, token)
		rig.On(t, r.Database, r.Clock).End(t, s.ID)
		r.Poll(t)
		refused(t, r, token, false)
	})

	t.Run("when its session ended before it was ever seen", func(t *testing.T) {
		r, _, s, token := login(t)
		r.End(t, s.ID)
		refused(t, r, token, false)
	})

	t.Run("for all who ask after, when its session ends while it is being read", func(t *testing.T) {
		r, _, s, token := login(t)
		read, answer := make(chan struct{}), make(chan struct{})
		r.Store.After(func(query string) {
			if query == "Sessions.ByID" {
				close(read)
				<-answer
			}
		})
		done := make(chan error, 1)
		go func() {
			_, err := r.Authenticator.Authenticate(context.WithoutCancel(t.Context()), token)
			done <- err
		}()
		<-read
		r.Store.After(nil)
		r.End(t, s.ID)
		close(answer)
		<-done //nolint:errcheck // who asked before may have either answer
		refused(t, r, token, false)
	})

	t.Run("when its session is gone", func(t *testing.T) {
		r, _, s, token := login(t)
		r.Database.Exec(t, "DELETE FROM refresh_families WHERE session_id = ?", string(s.ID))
		r.Database.Exec(t, "DELETE FROM sessions WHERE id = ?", string(s.ID))
		refused(t, r, token, false)
	})

	t.Run("when its session is of somebody else", func(t *testing.T) {
		r, _, s, token := login(t)
		stranger := r.User(t, "eve@example.com")
		r.Database.Exec(t, "UPDATE sessions SET user_id = ? WHERE id = ?", string(stranger.ID), string(s.ID))
		refused(t, r, token, false)
	})

	for name, change := range map[string]func(*domain.Principal){
		"when its user is disabled": func(p *domain.Principal) { p.State = domain.Disabled },
		"when its user is disabled for a time": func(p *domain.Principal) {
			p.State, p.DisabledUntil = domain.Disabled, rig.Noon.Add(time.Minute)
		},
		"when its user is deleted": func(p *domain.Principal) { p.State = domain.Deleted },
	} {
		t.Run(name, func(t *testing.T) {
			r, u, _, token := login(t)
			accepted(t, r, token)
			r.Principal(t, u.ID, change)
			refused(t, r, token, false)
		})
	}

	t.Run("only until the time for which its user is disabled has passed", func(t *testing.T) {
		r, u, _, token := login(t)
		r.Principal(t, u.ID, func(p *domain.Principal) { p.State, p.DisabledUntil = domain.Disabled, rig.Noon.Add(time.Minute) })
		r.Clock.Move(time.Minute - time.Microsecond)
		r.Poll(t)
		refused(t, r, token, false)
		r.Clock.Move(time.Microsecond) // the remembered user is judged by the clock: nothing in the feed says it
		accepted(t, r, token)
	})
}

func TestForgedTokens(t *testing.T) {
	r, _, _, token := login(t)
	accepted(t, r, token)

	key, err := jwtoken.KeyMaker{}.Generate(domain.ES256)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := jwtoken.Issuer{}.Signer(key)
	if err != nil {
		t.Fatal(err)
	}
	claims, err := r.Ring.Verify(t.Context(), token, rig.Issuer, r.Clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	claims.TokenID = r.System.NewID()
	stranger, err := signer.Sign(claims)
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(token.Reveal(), ".")
	others := strings.Split(stranger, ".")

	for name, text := range map[string]string{
		"garbage":                        "garbage",
		"a key of somebody else":         stranger,
		"the signature of somebody else": strings.Join([]string{parts[0], parts[1], others[2]}, "."),
		"other claims":                   strings.Join([]string{parts[0], others[1], parts[2]}, "."),
		"no signature":                   parts[0] + "." + parts[1] + ".",
	} {
		t.Run(name, func(t *testing.T) { refused(t, r, domain.NewSecret(text), true) })
	}

	t.Run("are not remembered", func(t *testing.T) {
		r.Store.Reset()
		for range 3 {
			refused(t, r, domain.NewSecret(strings.Join([]string{parts[0], parts[1], others[2]}, ".")), true)
		}
		if n := r.Store.Count(); n != 0 {
			t.Errorf("%d queries", n)
		}
	})
}

func TestALostKeyTakesItsTokensWithIt(t *testing.T) {
	revokeAll := func(t *testing.T, r *rig.Rig) {
		t.Helper()
		r.Write(t, func(ctx context.Context, tx *store.Tx) error {
			there, err := tx.Keys.All(ctx)
			if err != nil {
				return err
			}
			for _, k := range there {
				k.State = domain.KeyRevoked
				if err := tx.Keys.Update(ctx, k); err != nil {
					return err
				}
				tx.Changed(domain.ChangeSigningKey, k.KID)
			}
			return nil
		})
	}

	t.Run("here", func(t *testing.T) {
		r, _, _, token := login(t)
		accepted(t, r, token)
		revokeAll(t, r)
		refused(t, r, token, true)
	})

	t.Run("at other replicas", func(t *testing.T) {
		r, _, _, token := login(t)
		accepted(t, r, token)
		revokeAll(t, rig.On(t, r.Database, r.Clock))
		r.Poll(t)
		refused(t, r, token, true)
	})

	t.Run("also the one that is being verified when the key goes", func(t *testing.T) {
		r, _, _, token := login(t)
		read, answer := make(chan struct{}), make(chan struct{})
		r.Ring.Flush()
		r.Store.After(func(query string) {
			if query == "Keys.All" {
				close(read)
				<-answer
			}
		})
		done := make(chan error, 1)
		go func() {
			_, err := r.Authenticator.Authenticate(context.WithoutCancel(t.Context()), token)
			done <- err
		}()
		<-read // with the key still good
		r.Store.After(nil)
		revokeAll(t, r)
		close(answer)
		<-done //nolint:errcheck // who asked before may have either answer
		refused(t, r, token, true)
	})
}

func TestGenuine(t *testing.T) {
	r, _, s, token := login(t)
	r.End(t, s.ID)
	r.Clock.Move(48 * time.Hour)

	t.Run("reads a token whose time and session are over", func(t *testing.T) {
		claims, err := r.Authenticator.Genuine(t.Context(), token)
		if err != nil || claims.SessionID != s.ID {
			t.Errorf("got %v, %v", claims, err)
		}
	})

	t.Run("refuses what Signet never made", func(t *testing.T) {
		_, err := r.Authenticator.Genuine(t.Context(), domain.NewSecret(token.Reveal()[:len(token.Reveal())-4]+"AAAA"))
		if !errors.Is(err, domain.ErrTokenInvalid) || !errors.Is(err, domain.ErrForged) {
			t.Errorf("got %v", err)
		}
	})
}
