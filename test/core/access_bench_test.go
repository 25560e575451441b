package core_test

import (
	"testing"

	"github.com/signet-auth/signet/app/apptoken"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/test/testkit/rig"
)

// BenchmarkAuthenticate is what it costs to know whose a token is and that it lives, once it was seen.
func BenchmarkAuthenticate(b *testing.B) {
	r := rig.New(b)
	shop, _ := r.Service(b, "shop", nil)
	_, access := r.Session(b, r.User(b, "ada@example.com"), r.Platform(b))
	made, err := r.AppTokens.Create(b.Context(), apptoken.CreateInput{Actor: domain.System(), Service: string(shop.ID), Name: "production"})
	if err != nil {
		b.Fatal(err)
	}
	r.Poll(b)
	for name, token := range map[string]domain.Secret{"access token": access, "application token": made.Text} {
		b.Run(name, func(b *testing.B) {
			authenticate := func() {
				if _, err := r.Authenticator.Authenticate(b.Context(), token); err != nil {
					b.Fatal(err)
				}
			}
			authenticate()
			r.Store.Reset()
			b.ReportAllocs()
			for b.Loop() {
				authenticate()
			}
			if queries := r.Store.Count(); queries != 0 {
				b.Errorf("%d queries", queries)
			}
		})
	}
}
