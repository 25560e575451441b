package session_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/app/session"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/test/testkit/rig"
)

// home is a rig with a user who is logged in a number of times, a second apart, oldest first.
func home(t *testing.T, times int) (*rig.Rig, domain.User, []domain.Session) {
	t.Helper()
	r := rig.New(t)
	u := r.User(t, "ada@example.com")
	all := make([]domain.Session, times)
	for i := range all {
		all[i], _ = r.Session(t, u, r.Platform(t))
		r.Clock.Move(time.Second)
	}
	r.Poll(t)
	return r, u, all
}

// as is who sends a token of the session.
func as(s domain.Session) domain.Actor {
	return domain.Actor{Kind: domain.ActorUser, ID: s.UserID.Principal(), SessionID: s.ID, Audience: domain.PlatformKey, AuthTime: s.AuthTime}
}

// strangers are actors that none of the calls is for.
func strangers(s domain.Session) map[error]domain.Actor {
	elsewhere := as(s)
	elsewhere.Audience = "shop"
	return map[error]domain.Actor{domain.ErrTokenMissing: domain.Anonymous(), domain.ErrWrongAudience: elsewhere}
}

func is(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: got %v, want %v", what, err, want)
	}
}

func TestList(t *testing.T) {
	t.Run("is in pages, newest first, to the last", func(t *testing.T) {
		r, _, all := home(t, 5)
		var got []domain.SessionID
		in := session.ListInput{Actor: as(all[0]), Limit: 2}
		for pages := 1; ; pages++ {
			out, err := r.NewListSessions().Handle(t.Context(), in)
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range out.Sessions {
				got = append(got, s.ID)
			}
			if in.Cursor = out.Next; in.Cursor == "" {
				if pages != 3 {
					t.Errorf("%d pages", pages)
				}
				break
			}
		}
		want := []domain.SessionID{all[4].ID, all[3].ID, all[2].ID, all[1].ID, all[0].ID}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})

	t.Run("has no cursor when the last page is full", func(t *testing.T) {
		r, _, all := home(t, 2)
		out, err := r.NewListSessions().Handle(t.Context(), session.ListInput{Actor: as(all[0]), Limit: 2})
		if err != nil || len(out.Sessions) != 2 || out.Next != "" {
			t.Errorf("%d sessions, cursor %q, %v", len(out.Sessions), out.Next, err)
		}
	})

	t.Run("takes no cursor of another user's list", func(t *testing.T) {
		r, _, all := home(t, 2)
		eve, _ := r.Session(t, r.User(t, "eve@example.com"), r.Platform(t))
		out, err := r.NewListSessions().Handle(t.Context(), session.ListInput{Actor: as(all[0]), Limit: 1})
		if err != nil {
			t.Fatal(err)
		}
		_, err = r.NewListSessions().Handle(t.Context(), session.ListInput{Actor: as(eve), Limit: 1, Cursor: out.Next})
		is(t, "eve", err, domain.ErrInvalidCursor)
	})

	t.Run("is for users with a token of the platform", func(t *testing.T) {
		r, _, all := home(t, 1)
		r.Store.Reset()
		for want, actor := range strangers(all[0]) {
			_, err := r.NewListSessions().Handle(t.Context(), session.ListInput{Actor: actor, Limit: 1})
			is(t, "list", err, want)
		}
		if n := r.Store.Count(); n != 0 {
			t.Errorf("%d queries", n)
		}
	})
}
