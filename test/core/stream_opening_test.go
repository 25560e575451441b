package core_test

import (
	"errors"
	"testing"
	"time"

	"github.com/signet-auth/signet/app/stream"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/test/testkit/rig"
)

func TestACursorIsOfOneServiceAndGenuine(t *testing.T) {
	l := newLandscape(t, rig.New(t))
	f := l.follow(t, "")
	f.until(t, "ready")
	for name, in := range map[string]stream.OpenInput{
		"of another service": {Actor: func() domain.Actor { a := l.actor; a.ID = domain.PlatformID.Principal(); return a }(), Cursor: f.cursor},
		"changed":            {Actor: l.actor, Cursor: f.cursor[:len(f.cursor)-4] + "AAAA"},
		"made up":            {Actor: l.actor, Cursor: "sgcu_1"},
	} {
		if _, err := l.Stream.Open(t.Context(), in); !errors.Is(err, domain.ErrInvalidCursor) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if len(f.cursor) > 96 {
		t.Errorf("a cursor has %d bytes", len(f.cursor))
	}
}

func TestOnlyServicesFollow(t *testing.T) {
	l := newLandscape(t, rig.New(t))
	user := l.SignedIn(t, l.User(t, "ann@example.com"))
	elsewhere := l.actor
	elsewhere.Raw, elsewhere.Audience = false, "other"
	for want, a := range map[*domain.Error]domain.Actor{domain.ErrForbidden: user, domain.ErrWrongAudience: elsewhere} {
		if _, err := l.Stream.Open(t.Context(), stream.OpenInput{Actor: a}); !errors.Is(err, want) {
			t.Errorf("%v, want %v", err, want)
		}
	}
}

func TestPlaces(t *testing.T) {
	l := newLandscape(t, rig.New(t))
	l.Stream.Settings.Places, l.Stream.Settings.PerService = 3, 2
	open := func() (*stream.Stream, error) {
		return l.Stream.Open(t.Context(), stream.OpenInput{Actor: l.actor})
	}
	refused := func(why string) {
		t.Helper()
		var e *domain.Error
		if _, err := open(); !errors.As(err, &e) || !errors.Is(err, domain.ErrBusy) || e.RetryAfter < time.Second || e.RetryAfter > 10*time.Second {
			t.Errorf("%s: %v", why, err)
		}
	}
	var held []*stream.Stream
	for range 2 {
		s, err := open()
		if err != nil {
			t.Fatal(err)
		}
		held = append(held, s)
	}
	refused("the third of one service")
	held[0].Close()
	s, err := open()
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
	l.Stream.Drain()
	refused("while draining")
}
