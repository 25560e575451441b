package session_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
	"github.com/signet-auth/signet/test/testkit/rig"
)

func TestEnd(t *testing.T) {
	r := rig.New(t)
	u := r.User(t, "ada@example.com")
	platform := r.Platform(t)
	one, _ := r.Session(t, u, platform)
	two, _ := r.Session(t, u, platform)
	end := func(t *testing.T, ids ...domain.SessionID) (ended []domain.SessionID, told []domain.Change) {
		t.Helper()
		r.DB.OnCommit(func(c store.Commit) { told = append(told, c.Changes...) })
		r.Write(t, func(ctx context.Context, tx *store.Tx) (err error) {
			ended, err = r.Ender.End(ctx, tx, domain.System(), rig.From, domain.EndedByAdmin, ids...)
			return err
		})
		return ended, told
	}

	t.Run("ends those that are not over, tells everybody of each, and writes why", func(t *testing.T) {
		end(t, one.ID)
		ended, told := end(t, one.ID, two.ID, "unknown")
		if diff := cmp.Diff([]domain.SessionID{two.ID}, ended); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff([]domain.Change{{Kind: domain.ChangeSession, Subject: string(two.ID)}}, told); diff != "" {
			t.Error(diff)
		}
		events := r.Events(t, domain.EventSessionEnded)
		if len(events) != 2 || !slices.ContainsFunc(events, func(e domain.Event) bool {
			return e.SessionID == two.ID && e.Details["reason"] == string(domain.EndedByAdmin)
		}) {
			t.Errorf("events: %+v", events)
		}
	})

	t.Run("of none does nothing", func(t *testing.T) {
		if ended, told := end(t); len(ended) != 0 || len(told) != 0 {
			t.Errorf("ended %v, told %v", ended, told)
		}
	})

	t.Run("is undone with its transaction", func(t *testing.T) {
		three, _ := r.Session(t, u, platform)
		no := errors.New("no")
		err := r.Store.WithinTx(t.Context(), func(ctx context.Context, tx *store.Tx) error {
			if _, err := r.Ender.End(ctx, tx, domain.System(), rig.From, domain.EndedByAdmin, three.ID); err != nil {
				return err
			}
			return no
		})
		if !errors.Is(err, no) {
			t.Fatal(err)
		}
		if s, err := r.DB.Read().Sessions.ByID(t.Context(), three.ID); err != nil || !s.EndedAt.IsZero() {
			t.Errorf("got %+v, %v", s, err)
		}
	})
}

func TestMint(t *testing.T) {
	second := rig.Noon.Truncate(time.Second)
	// minted is what a token says that is made at a time of a session that began at noon.
	minted := func(t *testing.T, r *rig.Rig, s domain.Session, u domain.User, service domain.Service) domain.Claims {
		t.Helper()
		now := r.Clock.Now()
		out, err := r.Mint.Issue(t.Context(), u, s, service, now)
		if err != nil {
			t.Fatal(err)
		}
		claims, err := r.Ring.Verify(t.Context(), out.Token, rig.Issuer, now)
		if err != nil {
			t.Fatal(err)
		}
		if life := claims.ExpiresAt.Sub(claims.IssuedAt); life != out.ExpiresIn {
			t.Errorf("it lives %v and says %v", life, out.ExpiresIn)
		}
		return claims
	}

	t.Run("says what the user holds at the service, and for how long", func(t *testing.T) {
		r := rig.New(t)
		u := r.User(t, "ada@example.com")
		shop, role := r.Service(t, "shop", []string{"invoice:read", "invoice:write"}, "invoice:*")
		r.Assign(t, u, role, time.Time{})
		s, _ := r.Session(t, u, shop)
		got := minted(t, r, s, u, shop)
		want := domain.Claims{
			Issuer: rig.Issuer, Subject: u.ID.Principal(), Audience: "shop", IssuedAt: second, ExpiresAt: second.Add(15 * time.Minute),
			TokenID: got.TokenID, SessionID: s.ID, ClientID: domain.FirstPartyClientKey, EmailVerified: true,
			Roles: []string{"clerk"}, Permissions: []string{"invoice:read", "invoice:write"}, PV: got.PV, AMR: []string{"pwd"},
			AuthTime: second, Type: domain.TypeAccessToken,
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})

	t.Run("never outlives the session's absolute end", func(t *testing.T) {
		r := rig.New(t)
		u := r.User(t, "ada@example.com")
		s, _ := r.Session(t, u, r.Platform(t))
		r.Clock.Move(30*24*time.Hour - time.Minute)
		r.Poll(t)
		s.LastSeenAt = r.Clock.Now()
		if got := minted(t, r, s, u, r.Platform(t)); got.ExpiresAt.After(s.ExpiresAt) || !got.ExpiresAt.Equal(s.ExpiresAt.Truncate(time.Second)) {
			t.Errorf("expires %v, the session %v", got.ExpiresAt, s.ExpiresAt)
		}
	})

	t.Run("never outlives the session's idle time", func(t *testing.T) {
		r := rig.New(t)
		r.Mint.Policy.Idle = 5 * time.Minute
		u := r.User(t, "ada@example.com")
		s, _ := r.Session(t, u, r.Platform(t))
		if got := minted(t, r, s, u, r.Platform(t)); !got.ExpiresAt.Equal(second.Add(5 * time.Minute)) {
			t.Errorf("expires %v", got.ExpiresAt)
		}
	})

	t.Run("never outlives a grant that it speaks of", func(t *testing.T) {
		r := rig.New(t)
		u := r.User(t, "ada@example.com")
		shop, role := r.Service(t, "shop", []string{"invoice:read"}, "invoice:read")
		r.Assign(t, u, role, rig.Noon.Add(time.Minute))
		s, _ := r.Session(t, u, r.Platform(t))
		if got := minted(t, r, s, u, shop); !got.ExpiresAt.Equal(second.Add(time.Minute)) || len(got.Permissions) != 1 {
			t.Errorf("expires %v with %v", got.ExpiresAt, got.Permissions)
		}
		r.Clock.Move(time.Minute)
		r.Poll(t)
		if got := minted(t, r, s, u, shop); len(got.Permissions) != 0 || len(got.Roles) != 0 {
			t.Errorf("after its end: %v, %v", got.Roles, got.Permissions)
		}
	})

	t.Run("makes none while what the user holds can't be read", func(t *testing.T) {
		r := rig.New(t)
		u := r.User(t, "ada@example.com")
		platform := r.Platform(t)
		s, _ := r.Session(t, u, platform)
		r.Directory.Flush()
		r.Store.Down()
		if _, err := r.Mint.Issue(t.Context(), u, s, platform, r.Clock.Now()); !errors.Is(err, domain.ErrUnavailable) {
			t.Errorf("got %v", err)
		}
	})
}
