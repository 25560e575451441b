package core_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/signet-auth/signet/app/authz"
	"github.com/signet-auth/signet/app/role"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/test/testkit/rig"
)

// A batch that nothing is remembered of would be two statements for each of its hundred principals otherwise.
func TestMissesOfOneCheckLoadTogether(t *testing.T) {
	r := rig.New(t)
	billing, clerk := r.Service(t, "billing", []string{"invoice:read"}, "invoice:*")
	made, err := r.App.Roles.Create(t.Context(), role.CreateInput{
		Actor: domain.System(), Service: "billing", Name: "strong", Permissions: []string{"invoice:*"}, MinLevel: domain.AAL2,
	})
	if err != nil {
		t.Fatal(err)
	}
	in := authz.CheckInput{Actor: domain.Actor{Kind: domain.ActorService, ID: billing.ID.Principal(), Raw: true}}
	for i := range 20 {
		u := r.User(t, fmt.Sprintf("user-%d@example.com", i))
		switch i % 4 {
		case 0, 2:
			r.Assign(t, u, clerk, time.Time{})
		case 1: // and 3 holds nothing
			r.Assign(t, u, made.ID, time.Time{})
		}
		in.Checks = append(in.Checks, authz.Question{Principal: string(u.ID), Service: "billing", Permission: "invoice:read"})
	}
	in.Checks = append(in.Checks, authz.Question{Principal: "018f0000-0000-7000-8000-00000000ffff", Service: "billing", Permission: "invoice:read"})
	r.Poll(t)
	r.Directory.Flush(domain.FeedPlace{})
	r.Store.Reset()
	for range 2 {
		out, err := r.Authz.Check(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		for i, is := range out.Answers {
			want := authz.Answer{Allowed: i < 20 && i%2 == 0}
			if i < 20 && i%4 == 1 {
				want.NeedsLevel = domain.AAL2
			}
			if is != want {
				t.Errorf("%d: %v, want %v", i, is, want)
			}
		}
	}
	// once at the level that was asked about, and once at the one that is said to be enough
	for query, want := range map[string]int{"Principals.ByIDs": 1, "Grants.HeldBy": 2, "Grants.Held": 0} {
		if n := r.Store.Count(query); n != want {
			t.Errorf("%d × %s, want %d", n, query, want)
		}
	}
}
