package core_test

import (
	"errors"
	"testing"

	"github.com/signet-auth/signet/app/auth"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/test/testkit/rig"
)

func TestALoginEndsAsManySessionsAsAreTooMany(t *testing.T) {
	r := rig.New(t)
	r.User(t, "ada@example.com")
	in := auth.LoginInput{From: rig.From, Email: "ada@example.com", Password: domain.NewSecret(rig.Password)}
	for _, limit := range []int{3, 3, 3, 1} { // lowered before the last
		r.Settings.Sessions.Max = limit
		r.Rebuild(t)
		if _, err := r.Auth.Login(t.Context(), in); err != nil {
			t.Fatal(err)
		}
	}
	if n := r.Database.Int(t, "SELECT count(*) FROM sessions WHERE end_reason = ?", string(domain.EndedByLimit)); n != 3 {
		t.Errorf("%d ended", n)
	}
}

func TestNoTokenIsMadeWhileWhatTheUserHoldsCantBeRead(t *testing.T) {
	r := rig.New(t)
	u, platform := r.User(t, "ada@example.com"), r.Platform(t)
	s, _ := r.Session(t, u, platform)
	r.Directory.Flush(domain.FeedPlace{})
	r.Store.Down()
	if _, err := r.SignIn.AccessToken(t.Context(), u, s, platform, r.Directory.Applied(), r.Clock.Now()); !errors.Is(err, domain.ErrUnavailable) {
		t.Errorf("got %v", err)
	}
}
