package core_test

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/signet-auth/signet/app/authz"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/test/testkit/rig"
)

// BenchmarkCheck is what a service's question, and a hundred of them about as many users, cost when all of it is remembered.
func BenchmarkCheck(b *testing.B) {
	r := rig.New(b)
	billing, clerk := r.Service(b, "billing", []string{"invoice:read", "invoice:write"}, "invoice:*")
	actor := domain.Actor{Kind: domain.ActorService, ID: billing.ID.Principal(), Raw: true}
	var checks []authz.Question
	for i := range 100 {
		u := r.User(b, fmt.Sprintf("user-%d@example.com", i))
		r.Assign(b, u, clerk, time.Time{})
		checks = append(checks, authz.Question{Principal: string(u.ID), Service: "billing", Permission: "invoice:read"})
	}
	r.Poll(b)
	for _, n := range []int{1, 100} {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			in := authz.CheckInput{Actor: actor, Checks: checks[:n]}
			ask := func() {
				out, err := r.Authz.Check(b.Context(), in)
				if err != nil || !out.Answers[n-1].Allowed {
					b.Fatal(out, err)
				}
			}
			ask()
			r.Store.Reset()
			b.ReportAllocs()
			for b.Loop() {
				ask()
			}
			if queries := r.Store.Count(); queries != 0 {
				b.Errorf("%d queries", queries)
			}
		})
	}
}
