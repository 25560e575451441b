package session_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/app/session"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/test/testkit"
	"github.com/signet-auth/signet/test/testkit/rig"
)

// live are the sessions of the user that neither ended nor lapsed, oldest first.
func live(t *testing.T, r *rig.Rig, u domain.User) (ids []domain.SessionID) {
	t.Helper()
	all, err := r.DB.Read().Sessions.LiveByUser(t.Context(), u.ID, r.Sessions, r.Clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range all {
		ids = append(ids, s.ID)
	}
	return ids
}

func TestEndOne(t *testing.T) {
	end := func(r *rig.Rig, actor domain.Actor, id domain.SessionID) error {
		return r.NewEndSession().Handle(t.Context(), session.EndOneInput{Actor: actor, From: rig.From, ID: string(id)})
	}

	t.Run("ends it, says who did and why, and is not found again", func(t *testing.T) {
		r, u, all := home(t, 2)
		is(t, "end", end(r, as(all[0]), all[1].ID), nil)
		if diff := cmp.Diff([]domain.SessionID{all[0].ID}, live(t, r, u)); diff != "" {
			t.Error(diff)
		}
		events := r.Events(t, domain.EventSessionEnded)
		if len(events) != 1 || events[0].ActorID != u.ID.Principal() || events[0].SessionID != all[1].ID || events[0].Details["reason"] != "ended_by_user" {
			t.Errorf("events %+v", events)
		}
		is(t, "again", end(r, as(all[0]), all[1].ID), domain.ErrNotFound)
	})

	t.Run("ends the one that asks, too, and takes capitals in an id", func(t *testing.T) {
		r, u, all := home(t, 1)
		is(t, "end", end(r, as(all[0]), domain.SessionID(strings.ToUpper(string(all[0].ID)))), nil)
		if n := len(live(t, r, u)); n != 0 {
			t.Errorf("%d live", n)
		}
	})

	t.Run("finds nobody else's, none that lapsed, and nothing that is no id", func(t *testing.T) {
		r, _, all := home(t, 1)
		eve := r.User(t, "eve@example.com")
		hers, _ := r.Session(t, eve, r.Platform(t))
		for _, id := range []domain.SessionID{hers.ID, domain.SessionID(r.System.NewID()), "", "nonsense", "%"} {
			is(t, string(id), end(r, as(all[0]), id), domain.ErrNotFound)
		}
		if n := len(live(t, r, eve)); n != 1 {
			t.Errorf("eve has %d sessions", n)
		}
		r.Clock.Move(r.Sessions.Idle)
		is(t, "lapsed", end(r, as(all[0]), all[0].ID), domain.ErrNotFound)
		if n := len(r.Events(t, domain.EventSessionEnded)); n != 0 {
			t.Errorf("%d ends", n)
		}
	})

	t.Run("succeeds once of 20 that are made together", func(t *testing.T) {
		r, _, all := home(t, 2)
		found := 0
		for _, err := range testkit.Together(20, func(int) error { return end(r, as(all[0]), all[1].ID) }) {
			if err == nil {
				found++
				continue
			}
			is(t, "a later one", err, domain.ErrNotFound)
		}
		if n := len(r.Events(t, domain.EventSessionEnded)); found != 1 || n != 1 {
			t.Errorf("%d successes, %d events", found, n)
		}
	})

	t.Run("is for users with a token of the platform", func(t *testing.T) {
		r, _, all := home(t, 1)
		for want, actor := range strangers(all[0]) {
			is(t, "end", end(r, actor, all[0].ID), want)
		}
	})
}

func TestEndOthers(t *testing.T) {
	type outcome struct {
		revoked int
		err     error
	}
	end := func(r *rig.Rig, actor domain.Actor) (o outcome) {
		o.revoked, o.err = r.NewEndOthers().Handle(t.Context(), session.EndOthersInput{Actor: actor, From: rig.From})
		return o
	}

	t.Run("leaves the one that asks, and counts what was live", func(t *testing.T) {
		r, u, all := home(t, 3)
		eve := r.User(t, "eve@example.com")
		r.Session(t, eve, r.Platform(t))
		r.End(t, all[2].ID)
		if o := end(r, as(all[1])); o.err != nil || o.revoked != 1 {
			t.Errorf("%+v", o)
		}
		if diff := cmp.Diff([]domain.SessionID{all[1].ID}, live(t, r, u)); diff != "" {
			t.Error(diff)
		}
		if n := len(live(t, r, eve)); n != 1 {
			t.Errorf("eve has %d sessions", n)
		}
		if o := end(r, as(all[1])); o.err != nil || o.revoked != 0 {
			t.Errorf("again: %+v", o)
		}
	})

	t.Run("does not count what lapsed", func(t *testing.T) {
		r, u, _ := home(t, 2)
		r.Clock.Move(r.Sessions.Idle - time.Minute)
		r.Poll(t)
		own, _ := r.Session(t, u, r.Platform(t))
		r.Clock.Move(time.Minute)
		if o := end(r, as(own)); o.err != nil || o.revoked != 0 {
			t.Errorf("%+v", o)
		}
	})

	t.Run("by a session that is over ends nothing", func(t *testing.T) {
		r, u, all := home(t, 2)
		r.End(t, all[0].ID)
		is(t, "ended", end(r, as(all[0])).err, domain.ErrTokenInvalid)
		gone := as(all[1])
		gone.SessionID = domain.SessionID(r.System.NewID())
		is(t, "gone", end(r, gone).err, domain.ErrTokenInvalid)
		if n := len(live(t, r, u)); n != 1 {
			t.Errorf("%d live", n)
		}
	})

	t.Run("of ten sessions that end each other together exactly one stays", func(t *testing.T) {
		r, u, all := home(t, 10)
		outcomes := testkit.Together(len(all), func(i int) outcome { return end(r, as(all[i])) })
		stays := slices.IndexFunc(outcomes, func(o outcome) bool { return o.err == nil })
		if stays < 0 || outcomes[stays].revoked != 9 {
			t.Fatalf("%+v", outcomes)
		}
		for i, o := range outcomes {
			if i != stays {
				is(t, "a later one", o.err, domain.ErrTokenInvalid)
			}
		}
		if diff := cmp.Diff([]domain.SessionID{all[stays].ID}, live(t, r, u)); diff != "" {
			t.Error(diff)
		}
	})

	t.Run("is for users with a token of the platform", func(t *testing.T) {
		r, _, all := home(t, 1)
		for want, actor := range strangers(all[0]) {
			is(t, "end", end(r, actor).err, want)
		}
	})
}
