package core_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/app/access"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
	"github.com/signet-auth/signet/test/testkit/rig"
)

// pair is a user and a service as the directory has them.
func pair(t *testing.T, r *rig.Rig, id domain.UserID, key string) (domain.User, domain.Service) {
	t.Helper()
	u, err := r.Directory.User(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	s, err := r.Directory.Service(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	return u, s
}

func permissionsOf(t *testing.T, r *rig.Rig, id domain.UserID, key string) []string {
	t.Helper()
	u, s := pair(t, r, id, key)
	g, err := r.Directory.Grants(t.Context(), u.Principal, s, domain.AAL1)
	if err != nil {
		t.Fatal(err)
	}
	return g.Permissions()
}

func holds(t *testing.T, r *rig.Rig, id domain.UserID, key string, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, permissionsOf(t, r, id, key)); diff != "" {
		t.Errorf("permissions at %s (-want +got):\n%s", key, diff)
	}
}

// shop is a rig with a service and its role, and a user who has nothing yet.
func shop(t *testing.T) (*rig.Rig, domain.User, domain.Service, domain.RoleID) {
	t.Helper()
	r := rig.New(t)
	s, role := r.Service(t, "shop", []string{"invoice:read", "invoice:write"}, "invoice:read")
	u := r.User(t, "ada@example.com")
	r.Poll(t)
	r.Store.Reset()
	return r, u, s, role
}

func TestGrants(t *testing.T) {
	t.Run("cost no query from the second time on", func(t *testing.T) {
		r, u, _, role := shop(t)
		r.Assign(t, u, role, time.Time{})
		holds(t, r, u.ID, "shop", "invoice:read")
		r.Store.Down()
		r.Store.Reset()
		holds(t, r, u.ID, "shop", "invoice:read")
		if n := r.Store.Count(); n != 0 {
			t.Errorf("%d queries", n)
		}
	})

	t.Run("are evaluated again when the earliest of them ends", func(t *testing.T) {
		r, u, _, role := shop(t)
		r.Assign(t, u, role, rig.Noon.Add(10*time.Second))
		holds(t, r, u.ID, "shop", "invoice:read")
		r.Clock.Move(10*time.Second - time.Microsecond)
		holds(t, r, u.ID, "shop", "invoice:read")
		r.Clock.Move(time.Microsecond)
		holds(t, r, u.ID, "shop")
	})

	t.Run("say what a higher level would add until that ends", func(t *testing.T) {
		r, u, s, role := shop(t)
		r.Write(t, func(ctx context.Context, tx *store.Tx) error {
			clerk, err := tx.Roles.ByID(ctx, role)
			if err != nil {
				return err
			}
			clerk.MinLevel = domain.AAL2
			return tx.Roles.Update(ctx, clerk)
		})
		r.Assign(t, u, role, rig.Noon.Add(10*time.Second))
		for _, want := range []domain.Level{domain.AAL2, 0} {
			g, err := r.Directory.Grants(t.Context(), u.Principal, s, domain.AAL1)
			if err != nil || g.NextLevel != want || g.Permissions() != nil {
				t.Errorf("level %d would add to %v (%v), want %d", g.NextLevel, g.Permissions(), err, want)
			}
			r.Clock.Move(10 * time.Second)
		}
	})

	for name, bump := range map[string]func(t *testing.T, r *rig.Rig, u domain.User, s domain.Service){
		"are other ones when what the user holds changed": func(t *testing.T, r *rig.Rig, u domain.User, _ domain.Service) {
			r.Principal(t, u.ID, func(p *domain.Principal) { p.PV++ })
		},
		"are other ones when what the service defines changed": func(t *testing.T, r *rig.Rig, _ domain.User, s domain.Service) {
			changeService(t, r, s, func(s *domain.Service) { s.PV++ })
		},
		"are other ones when what the platform shares changed": func(t *testing.T, r *rig.Rig, _ domain.User, _ domain.Service) {
			changeService(t, r, r.Platform(t), func(s *domain.Service) { s.PV++ })
		},
	} {
		t.Run(name, func(t *testing.T) {
			r, u, s, role := shop(t)
			holds(t, r, u.ID, "shop")
			pv := version(t, r, u.ID, "shop")
			r.Assign(t, u, role, time.Time{})
			holds(t, r, u.ID, "shop") // no change was announced
			bump(t, r, u, s)
			holds(t, r, u.ID, "shop", "invoice:read")
			if now := version(t, r, u.ID, "shop"); now <= pv {
				t.Errorf("pv went from %d to %d", pv, now)
			}
		})
	}

	t.Run("are of one service and one user", func(t *testing.T) {
		r, u, _, role := shop(t)
		_, _ = r.Service(t, "bank", []string{"invoice:read"}, "*:*")
		eve := r.User(t, "eve@example.com")
		r.Assign(t, u, role, time.Time{})
		holds(t, r, u.ID, "shop", "invoice:read")
		holds(t, r, u.ID, "bank")
		holds(t, r, eve.ID, "shop")
	})
}

func version(t *testing.T, r *rig.Rig, id domain.UserID, key string) int64 {
	t.Helper()
	u, s := pair(t, r, id, key)
	pv, err := r.Directory.PV(t.Context(), u.Principal, s)
	if err != nil {
		t.Fatal(err)
	}
	return pv
}

func TestService(t *testing.T) {
	find := func(t *testing.T, r *rig.Rig, ref string) error {
		t.Helper()
		_, err := r.Directory.Service(t.Context(), ref)
		return err
	}

	t.Run("is unknown when there is none, when it is inactive and when it was deleted", func(t *testing.T) {
		r, _, s, _ := shop(t)
		if err := find(t, r, "nowhere"); !errors.Is(err, domain.ErrUnknownService) {
			t.Errorf("none: %v", err)
		}
		for _, ref := range []string{"shop", string(s.ID), "The shop"} {
			if err := find(t, r, ref); err != nil { // remembered under three names
				t.Fatal(err)
			}
		}
		for _, state := range []domain.ServiceState{domain.ServiceInactive, domain.ServiceDeleted} {
			changeService(t, r, s, func(s *domain.Service) { s.State = state })
			for _, ref := range []string{"shop", string(s.ID), "The shop"} {
				if err := find(t, r, ref); !errors.Is(err, domain.ErrUnknownService) {
					t.Errorf("%s, by %q: %v", state, ref, err)
				}
			}
		}
	})

	t.Run("that is unknown is asked for again", func(t *testing.T) {
		r, _, _, _ := shop(t)
		if err := find(t, r, "bank"); !errors.Is(err, domain.ErrUnknownService) {
			t.Fatal(err)
		}
		r.Service(t, "bank", nil)
		if err := find(t, r, "bank"); err != nil {
			t.Errorf("after it was made: %v", err)
		}
	})
}

func TestChangesDropWhatTheyAreAbout(t *testing.T) {
	r, u, s, token := accessToken(t)
	accepted(t, r, token)
	for _, test := range []struct {
		kind    domain.ChangeKind
		subject string
		asks    []string
	}{
		{domain.ChangeSession, string(s.ID), []string{"Sessions.ByID"}},
		{domain.ChangePrincipal, string(u.ID), []string{"Users.ByID"}},
		{domain.ChangeSession, "another", nil},
		{domain.ChangePrincipal, "another", nil},
		{domain.ChangeService, "any", nil}, // authentication asks for none
		{domain.ChangeAppToken, "any", nil},
		{domain.ChangeSigningKey, "any", nil},
	} {
		t.Run(string(test.kind)+" "+test.subject, func(t *testing.T) {
			r.Directory.Changed(domain.Change{Kind: test.kind, Subject: test.subject})
			r.Store.Reset()
			accepted(t, r, token)
			if n := r.Store.Count(test.asks...); n != len(test.asks) || n != r.Store.Count() {
				t.Errorf("%d queries, %d of them expected", r.Store.Count(), n)
			}
		})
	}
	t.Run("flush", func(t *testing.T) {
		r.Directory.Flush(domain.FeedPlace{})
		r.Store.Reset()
		accepted(t, r, token)
		if n := r.Store.Count("Sessions.ByID", "Users.ByID"); n != 2 {
			t.Errorf("%d queries", n)
		}
	})
}

func TestAStaleFeedGivesNothing(t *testing.T) {
	r, u, s, token := accessToken(t)
	accepted(t, r, token)
	holds(t, r, u.ID, "")
	r.Clock.Move(time.Minute)
	r.Store.Down()
	for name, ask := range map[string]func() error{
		"session": func() error { _, err := r.Directory.Session(t.Context(), s.ID); return err },
		"user":    func() error { _, err := r.Directory.User(t.Context(), u.ID); return err },
		"service": func() error { _, err := r.Directory.Service(t.Context(), ""); return err },
		"permission": func() error {
			return r.Directory.Require(t.Context(), domain.Actor{Kind: domain.ActorUser, ID: u.ID.Principal(), Audience: domain.PlatformKey}, domain.UserRead)
		},
	} {
		if err := ask(); !errors.Is(err, domain.ErrUnavailable) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTokenInvalidWhenUnknown(t *testing.T) {
	other := errors.New("other")
	for err, want := range map[error]error{
		domain.ErrUnknownService: domain.ErrTokenInvalid, domain.ErrUnavailable: domain.ErrUnavailable, other: other, nil: nil,
	} {
		if got := access.TokenInvalidWhenUnknown(err); !errors.Is(got, want) {
			t.Errorf("%v became %v", err, got)
		}
	}
}
