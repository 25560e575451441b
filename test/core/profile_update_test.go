package core_test

import (
	"errors"
	"testing"

	"github.com/signet-auth/signet/app/profile"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
	"github.com/signet-auth/signet/test/testkit/rig"
)

// told collects what commits tell the feed.
func told(r *rig.Rig) *[]domain.Change {
	var all []domain.Change
	r.Store.OnCommit(func(c store.Commit) {
		all = append(all, c.Changes...)
		r.Feed.Committed(c)
		r.Outbox.Committed(c)
	})
	return &all
}

func TestUpdate(t *testing.T) {
	t.Run("that changes nothing writes nothing", func(t *testing.T) {
		r := rig.New(t)
		u := r.User(t, "ada@example.com")
		changes := told(r)
		for _, in := range []profile.UpdateInput{{}, {FirstName: new("Ada"), LastName: new(""), Metadata: new("")}} {
			in.Actor = r.SignedIn(t, u)
			if _, err := r.Profile.Update(t.Context(), in); err != nil {
				t.Fatal(err)
			}
		}
		if n := len(r.Events(t, domain.EventUserUpdated)); n != 0 || len(*changes) != 0 {
			t.Errorf("%d events, told %v", n, *changes)
		}
	})

	t.Run("of bad input asks no database", func(t *testing.T) {
		r := rig.New(t)
		u := r.User(t, "ada@example.com")
		r.Store.Reset()
		_, err := r.Profile.Update(t.Context(), profile.UpdateInput{Actor: r.Actor(u), Locale: new("!"), Metadata: new("[]")})
		var e *domain.Error
		if !errors.As(err, &e) || len(e.Fields) != 2 || r.Store.Count() != 0 {
			t.Errorf("got %v after %d queries", err, r.Store.Count())
		}
	})

	t.Run("by a user who is gone, logged out or disabled meanwhile is refused", func(t *testing.T) {
		r := rig.New(t)
		u := r.User(t, "ada@example.com")
		update := func(a domain.Actor) error {
			_, err := r.Profile.Update(t.Context(), profile.UpdateInput{Actor: a, FirstName: new("Eve")})
			return err
		}
		gone, ended := r.SignedIn(t, u), r.SignedIn(t, u)
		gone.ID = domain.PrincipalID(r.System.NewID())
		is(t, "gone", update(gone), domain.ErrTokenInvalid)
		r.End(t, ended.SessionID) // such as by a takeover: otherwise the person who lost the account could still set the name
		is(t, "logged out", update(ended), domain.ErrTokenInvalid)
		active := r.SignedIn(t, u)
		r.Principal(t, u.ID, func(p *domain.Principal) { p.State = domain.Disabled })
		is(t, "disabled", update(active), domain.ErrTokenInvalid)
		if stored, err := r.DB.Read().Users.ByID(t.Context(), u.ID); err != nil || stored.FirstName != "Ada" {
			t.Errorf("got %+v, %v", stored, err)
		}
	})
}
