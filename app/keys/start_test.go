package keys_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/adapters/jwtoken"
	"github.com/signet-auth/signet/app/keys"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/test/testkit"
	"github.com/signet-auth/signet/test/testkit/rig"
)

func TestStart(t *testing.T) {
	t.Run("makes the keys once, however many start together", func(t *testing.T) {
		database, clock := rig.NewDatabase(t), rig.NewClock()
		first := rig.On(t, database, clock) // has RS256 to make: ES256 is there
		rings := make([]*keys.Ring, 8)
		for i := range rings {
			rings[i] = first.NewRing(domain.EdDSA)
		}
		for _, err := range testkit.Together(len(rings), func(i int) error { return rings[i].Start(t.Context()) }) {
			if err != nil {
				t.Error(err)
			}
		}
		want := map[string]int{"ES256 active": 1, "ES256 next": 1, "EdDSA active": 1, "EdDSA next": 1}
		if diff := cmp.Diff(want, tally(all(t, first))); diff != "" {
			t.Error(diff)
		}
		if n := len(first.Events(t, domain.EventKeyCreated)); n != 4 {
			t.Errorf("%d events", n)
		}
		token := sign(t, rings[0], clock.Now())
		for i, r := range rings {
			if err := verify(t, r, token, clock.Now()); err != nil {
				t.Errorf("ring %d does not know the key of ring 0: %v", i, err)
			}
		}
	})

	t.Run("again makes nothing", func(t *testing.T) {
		r := rig.New(t)
		before := all(t, r)
		if err := r.NewRing(domain.ES256).Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(before, all(t, r)); diff != "" {
			t.Error(diff)
		}
	})

	t.Run("with another JWT_ALG signs with it, and verifies what was signed before", func(t *testing.T) {
		r := rig.New(t)
		old := sign(t, r.Ring, r.Clock.Now())
		ring := r.NewRing(domain.EdDSA)
		if err := ring.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := verify(t, ring, old, r.Clock.Now()); err != nil {
			t.Errorf("a token of before: %v", err)
		}
		if err := verify(t, r.Ring, sign(t, ring, r.Clock.Now()), r.Clock.Now()); err != nil {
			t.Errorf("a replica that still has the former JWT_ALG: %v", err)
		}
	})

	t.Run("seals private keys", func(t *testing.T) {
		r := rig.New(t)
		for _, k := range all(t, r) {
			if _, err := (jwtoken.Issuer{}).Signer(k); err == nil {
				t.Errorf("%s can be used as it is stored", k.KID)
			}
		}
	})

	t.Run("with another SECRET_KEY says what is wrong", func(t *testing.T) {
		r := rig.New(t)
		ring := r.NewRing(domain.ES256)
		ring.Sealer = rig.Sealer(t, other)
		err := ring.Start(t.Context())
		if err == nil || !strings.Contains(err.Error(), "SECRET_KEY_PREVIOUS") {
			t.Errorf("got %v", err)
		}
		if diff := cmp.Diff(map[string]int{"ES256 active": 1, "ES256 next": 1}, tally(all(t, r))); diff != "" {
			t.Errorf("it made keys: %s", diff)
		}
	})

	t.Run("opens them with SECRET_KEY_PREVIOUS", func(t *testing.T) {
		r := rig.New(t)
		ring := r.NewRing(domain.ES256)
		ring.Sealer = rig.Sealer(t, other, rig.SecretKey)
		if err := ring.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := verify(t, r.Ring, sign(t, ring, r.Clock.Now()), r.Clock.Now()); err != nil {
			t.Error(err)
		}
	})

	t.Run("needs the database", func(t *testing.T) {
		r := rig.New(t)
		r.Store.Down()
		if err := r.NewRing(domain.ES256).Start(t.Context()); !errors.Is(err, domain.ErrUnavailable) {
			t.Errorf("got %v", err)
		}
	})
}
