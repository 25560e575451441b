package session_test

import (
	"testing"
	"time"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/test/testkit"
	"github.com/signet-auth/signet/test/testkit/rig"
)

func TestStats(t *testing.T) {
	// watched is a rig whose reader may count, and has one session.
	watched := func(t *testing.T) (*rig.Rig, domain.Actor) {
		t.Helper()
		r := rig.New(t)
		s, _ := r.Session(t, r.User(t, "root@example.com", domain.RolePlatformReader), r.Platform(t))
		r.Poll(t)
		return r, as(s)
	}

	t.Run("counts once a minute, whoever asks how often", func(t *testing.T) {
		r, reader := watched(t)
		stats := r.NewSessionStats()
		r.Store.Reset()
		for _, err := range testkit.Together(20, func(int) error { _, err := stats.Handle(t.Context(), reader); return err }) {
			is(t, "stats", err, nil)
		}
		r.Session(t, r.User(t, "ada@example.com"), r.Platform(t))
		if got, err := stats.Handle(t.Context(), reader); err != nil || got != (domain.SessionCount{Sessions: 1, Users: 1}) {
			t.Errorf("got %+v, %v", got, err)
		}
		if n := r.Store.Count("Sessions.CountLive"); n != 1 {
			t.Errorf("counted %d times", n)
		}
		r.Clock.Move(time.Minute)
		r.Poll(t)
		if got, err := stats.Handle(t.Context(), reader); err != nil || got != (domain.SessionCount{Sessions: 2, Users: 2}) {
			t.Errorf("a minute later: %+v, %v", got, err)
		}
	})

	t.Run("are for who may read users, at the platform, now", func(t *testing.T) {
		r, reader := watched(t)
		stats := r.NewSessionStats()
		if _, err := stats.Handle(t.Context(), reader); err != nil { // remembered, and still not for everybody
			t.Fatal(err)
		}
		user, _ := r.Session(t, r.User(t, "ada@example.com"), r.Platform(t))
		_, err := stats.Handle(t.Context(), as(user))
		is(t, "a user", err, domain.ErrForbidden)
		for want, actor := range strangers(user) {
			_, err := stats.Handle(t.Context(), actor)
			is(t, "stats", err, want)
		}
	})

	t.Run("are unavailable while nothing can be counted, and not remembered so", func(t *testing.T) {
		r, reader := watched(t)
		stats := r.NewSessionStats()
		if err := r.Directory.Require(t.Context(), reader, domain.UserRead); err != nil {
			t.Fatal(err)
		}
		r.Store.Down()
		_, err := stats.Handle(t.Context(), reader)
		is(t, "stats", err, domain.ErrUnavailable)
		r.Store.Up()
		_, err = stats.Handle(t.Context(), reader)
		is(t, "afterwards", err, nil)
	})
}
