package profile_test

import (
	"errors"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/app/profile"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
	"github.com/signet-auth/signet/test/testkit"
	"github.com/signet-auth/signet/test/testkit/rig"
)

func is(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: got %v, want %v", what, err, want)
	}
}

// told collects what commits tell the feed.
func told(r *rig.Rig) *[]domain.Change {
	var all []domain.Change
	r.DB.OnCommit(func(c store.Commit) {
		all = append(all, c.Changes...)
		r.Follower.Committed(c)
		r.Dispatcher.Committed(c)
	})
	return &all
}

func TestUpdate(t *testing.T) {
	t.Run("changes what is given, tells everybody, and writes the names of it", func(t *testing.T) {
		r := rig.New(t)
		u := r.User(t, "ada@example.com")
		changes := told(r)
		r.Clock.Move(time.Hour)
		got, err := r.NewUpdateProfile().Handle(t.Context(), profile.UpdateInput{
			Actor: r.Actor(u), From: rig.From, LastName: new("Lovelace"), Metadata: new(`{ "theme": "dark" }`),
		})
		if err != nil {
			t.Fatal(err)
		}
		stored, err := r.DB.Read().Users.ByID(t.Context(), u.ID)
		if err != nil {
			t.Fatal(err)
		}
		for what, is := range map[string]domain.User{"answered": got, "stored": stored} {
			if is.FirstName != "Ada" || is.LastName != "Lovelace" || is.Metadata != `{"theme":"dark"}` || !is.UpdatedAt.Equal(r.Clock.Now()) {
				t.Errorf("%s: %+v", what, is)
			}
		}
		if diff := cmp.Diff([]domain.Change{{Kind: domain.ChangePrincipal, Subject: string(u.ID)}}, *changes); diff != "" {
			t.Error(diff)
		}
		events := r.Events(t, domain.EventUserUpdated)
		if len(events) != 1 || events[0].SubjectID != string(u.ID) || events[0].ActorID != u.ID.Principal() {
			t.Fatalf("got %+v", events)
		}
		if diff := cmp.Diff(map[string]string{"changed": "last_name metadata"}, events[0].Details); diff != "" {
			t.Error(diff)
		}
	})

	t.Run("that changes nothing writes nothing", func(t *testing.T) {
		r := rig.New(t)
		u := r.User(t, "ada@example.com")
		changes := told(r)
		for _, in := range []profile.UpdateInput{{}, {FirstName: new("Ada"), LastName: new(""), Metadata: new("")}} {
			in.Actor = r.Actor(u)
			if _, err := r.NewUpdateProfile().Handle(t.Context(), in); err != nil {
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
		_, err := r.NewUpdateProfile().Handle(t.Context(), profile.UpdateInput{Actor: r.Actor(u), Locale: new("!"), Metadata: new("[]")})
		var e *domain.Error
		if !errors.As(err, &e) || len(e.Fields) != 2 || r.Store.Count() != 0 {
			t.Errorf("got %v after %d queries", err, r.Store.Count())
		}
	})

	t.Run("is for a live user with a token for Signet itself", func(t *testing.T) {
		r := rig.New(t)
		u := r.User(t, "ada@example.com")
		update := func(a domain.Actor) error {
			_, err := r.NewUpdateProfile().Handle(t.Context(), profile.UpdateInput{Actor: a, FirstName: new("Eve")})
			return err
		}
		elsewhere, nobody := r.Actor(u), r.Actor(u)
		elsewhere.Audience = "shop"
		nobody.ID = domain.PrincipalID(r.System.NewID())
		is(t, "nobody", update(domain.Anonymous()), domain.ErrTokenMissing)
		is(t, "a service", update(domain.Actor{Kind: domain.ActorService, ID: u.ID.Principal(), Audience: domain.PlatformKey}), domain.ErrTokenMissing)
		is(t, "another audience", update(elsewhere), domain.ErrWrongAudience)
		is(t, "an unknown user", update(nobody), domain.ErrTokenInvalid)
		r.Principal(t, u.ID, func(p *domain.Principal) { p.State = domain.Disabled })
		is(t, "a disabled one", update(r.Actor(u)), domain.ErrTokenInvalid)
		if stored, err := r.DB.Read().Users.ByID(t.Context(), u.ID); err != nil || stored.FirstName != "Ada" {
			t.Errorf("got %+v, %v", stored, err)
		}
	})

	t.Run("in parallel loses none", func(t *testing.T) {
		r := rig.New(t)
		u := r.User(t, "ada@example.com")
		update := r.NewUpdateProfile()
		for _, err := range testkit.Together(9, func(i int) error {
			in := profile.UpdateInput{Actor: r.Actor(u)}
			member := []**string{&in.FirstName, &in.LastName, &in.Metadata}[i%3]
			*member = new([]string{"First", "Last", `{"n":` + strconv.Itoa(i) + `}`}[i%3])
			_, err := update.Handle(t.Context(), in)
			return err
		}) {
			is(t, "update", err, nil)
		}
		stored, err := r.DB.Read().Users.ByID(t.Context(), u.ID)
		if err != nil || stored.FirstName != "First" || stored.LastName != "Last" || stored.Metadata == "{}" {
			t.Errorf("got %+v, %v", stored, err)
		}
	})
}
