package core_test

import (
	"testing"
	"time"

	"github.com/signet-auth/signet/app/base"
	"github.com/signet-auth/signet/app/session"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/test/testkit/race"
	"github.com/signet-auth/signet/test/testkit/rig"
)

// home is a rig with a user who is logged in twice.
func home(t *testing.T) (r *rig.Rig, u domain.User, one, two domain.Session) {
	t.Helper()
	r = rig.New(t)
	u = r.User(t, "ada@example.com")
	one, _ = r.Session(t, u, r.Platform(t))
	two, _ = r.Session(t, u, r.Platform(t))
	return r, u, one, two
}

// as is the actor of a token of the session.
func as(s domain.Session) domain.Actor {
	return domain.Actor{Kind: domain.ActorUser, ID: s.UserID.Principal(), SessionID: s.ID, Audience: domain.PlatformKey, AuthTime: s.AuthTime}
}

func TestAFullLastPageHasNoCursor(t *testing.T) {
	r, _, one, _ := home(t)
	out, err := r.App.Sessions.List(t.Context(), session.ListInput{Actor: as(one), Paging: base.Paging{Limit: 2}})
	if err != nil || len(out.Sessions) != 2 || out.Next != "" {
		t.Errorf("%d sessions, cursor %q, %v", len(out.Sessions), out.Next, err)
	}
}

func TestEndOthers(t *testing.T) {
	end := func(r *rig.Rig, actor domain.Actor) (int, error) {
		return r.App.Sessions.EndOthers(t.Context(), session.EndOthersInput{Actor: actor, From: rig.From})
	}

	t.Run("does not count what lapsed", func(t *testing.T) {
		r, u, _, _ := home(t)
		r.Clock.Move(r.Settings.Sessions.Idle - time.Minute)
		r.Poll(t)
		own, _ := r.Session(t, u, r.Platform(t))
		r.Clock.Move(time.Minute)
		if n, err := end(r, as(own)); n != 0 || err != nil {
			t.Errorf("%d, %v", n, err)
		}
	})

	t.Run("by a session that is over ends nothing", func(t *testing.T) {
		r, _, one, two := home(t)
		r.End(t, one.ID)
		gone := as(two)
		gone.SessionID = domain.SessionID(r.System.NewID())
		for what, actor := range map[string]domain.Actor{"ended": as(one), "gone": gone} {
			_, err := end(r, actor)
			is(t, what, err, domain.ErrTokenInvalid)
		}
		if n := r.Database.Int(t, "SELECT count(*) FROM sessions WHERE ended_at IS NULL"); n != 1 {
			t.Errorf("%d live", n)
		}
	})
}

func TestStats(t *testing.T) {
	// watched is a rig whose reader may count, and has one session.
	watched := func(t *testing.T) (*rig.Rig, domain.Actor) {
		t.Helper()
		r := rig.New(t)
		s, _ := r.Session(t, r.User(t, "root@example.com", domain.RolePlatformReader), r.Platform(t))
		r.Poll(t)
		return r, as(s)
	}

	t.Run("are counted once for all who ask", func(t *testing.T) {
		r, reader := watched(t)
		r.Store.Reset()
		for _, err := range race.Together(20, func(int) error { _, err := r.App.Sessions.Stats(t.Context(), reader); return err }) {
			is(t, "stats", err, nil)
		}
		if n := r.Store.Count("Sessions.CountLive"); n != 1 {
			t.Errorf("counted %d times", n)
		}
	})

	t.Run("are unavailable while nothing can be counted, and not remembered so", func(t *testing.T) {
		r, reader := watched(t)
		if err := r.Directory.Require(t.Context(), reader, domain.UserRead); err != nil {
			t.Fatal(err)
		}
		r.Store.Down()
		_, err := r.App.Sessions.Stats(t.Context(), reader)
		is(t, "stats", err, domain.ErrUnavailable)
		r.Store.Up()
		_, err = r.App.Sessions.Stats(t.Context(), reader)
		is(t, "afterwards", err, nil)
	})
}
