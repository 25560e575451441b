package core_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
	"github.com/signet-auth/signet/test/testkit/race"
	"github.com/signet-auth/signet/test/testkit/rig"
)

func TestAToken(t *testing.T) {
	t.Run("costs no query from the second time on, even with the database away", func(t *testing.T) {
		r, _, _, token := accessToken(t)
		accepted(t, r, token)
		r.Store.Reset()
		r.Store.Down()
		for _, err := range race.Together(20, func(int) error {
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
		r, _, _, token := accessToken(t)
		for _, err := range race.Together(50, func(int) error {
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

	t.Run("can't be judged when its session can't be read", func(t *testing.T) {
		r, _, _, token := accessToken(t)
		r.Store.Down()
		if _, err := authenticate(t, r, token); !errors.Is(err, domain.ErrUnavailable) {
			t.Errorf("got %v", err)
		}
	})
}

func TestATokenOfSomebodyElsesSessionIsRefused(t *testing.T) {
	r, _, s, token := accessToken(t)
	stranger := r.User(t, "eve@example.com")
	r.Database.Exec(t, "UPDATE sessions SET user_id = ? WHERE id = ?", string(stranger.ID), string(s.ID))
	refused(t, r, token, false)
}

func TestAForgedTokenCostsNoQuery(t *testing.T) {
	r, _, _, token := accessToken(t)
	accepted(t, r, token)
	r.Store.Reset()
	for range 3 {
		refused(t, r, domain.NewSecret(token.Reveal()[:len(token.Reveal())-4]+"AAAA"), true)
	}
	if n := r.Store.Count(); n != 0 {
		t.Errorf("%d queries", n)
	}
}

// TestWhatEndsDuringAReadIsOver: a caller that asked before the end may get either answer, a later caller must be refused.
func TestWhatEndsDuringAReadIsOver(t *testing.T) {
	for _, row := range []struct {
		name, query string
		end         func(t *testing.T, r *rig.Rig, s domain.Session)
		forged      bool
	}{
		{"a session", "Sessions.ByID", func(t *testing.T, r *rig.Rig, s domain.Session) { t.Helper(); r.End(t, s.ID) }, false},
		{"a signing key", "Keys.All", func(t *testing.T, r *rig.Rig, _ domain.Session) { t.Helper(); revokeAll(t, r) }, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			r, _, s, token := accessToken(t)
			read, answer := make(chan struct{}), make(chan struct{})
			r.Keys.Flush(domain.FeedPlace{})
			r.Store.After(func(query string) {
				if query == row.query {
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
			row.end(t, r, s)
			close(answer)
			<-done //nolint:errcheck // either will do
			refused(t, r, token, row.forged)
		})
	}
}

func revokeAll(t *testing.T, r *rig.Rig) {
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
			tx.Changed(domain.ChangeSigningKey, k.KID, domain.TokensStale)
		}
		return nil
	})
}

// TestATokenAboveItsSessionIsRefused: a token says what was proved when it was made. One that was made after a step-up that this replica has
// not heard of is good; one whose level the session lost is not.
func TestATokenAboveItsSessionIsRefused(t *testing.T) {
	risen := func(t *testing.T, r *rig.Rig, u domain.User, s domain.Session) domain.Secret {
		t.Helper()
		s.Level, s.AuthTime = domain.AAL2, s.AuthTime.Add(time.Hour)
		token, err := r.SignIn.AccessToken(t.Context(), u, s, r.Platform(t), r.Directory.Applied(), r.Clock.Now())
		if err != nil {
			t.Fatal(err)
		}
		return token.Token
	}
	t.Run("by a session of a lower level", func(t *testing.T) {
		r, u, s, token := accessToken(t)
		accepted(t, r, token)
		refused(t, r, risen(t, r, u, s), false)
		accepted(t, r, token)
	})
	t.Run("by a session whose level was proved earlier", func(t *testing.T) {
		r, u, s, _ := accessToken(t)
		r.Database.Exec(t, "UPDATE sessions SET level = 2 WHERE id = ?", string(s.ID))
		refused(t, r, risen(t, r, u, s), false)
	})
	t.Run("but not by what was cached before the session rose", func(t *testing.T) {
		r, u, s, token := accessToken(t)
		accepted(t, r, token)
		r.Database.Exec(t, "UPDATE sessions SET level = 2, auth_time = ? WHERE id = ?", s.AuthTime.Add(time.Hour).Format("2006-01-02 15:04:05.999999-07:00"), string(s.ID))
		actor, err := authenticate(t, r, risen(t, r, u, s))
		if err != nil || actor.Level != domain.AAL2 {
			t.Errorf("%s, %v", actor.Level, err)
		}
		if actor, err := authenticate(t, r, token); err != nil || actor.Level != domain.AAL1 {
			t.Errorf("the token from before: %s, %v", actor.Level, err)
		}
	})
}
