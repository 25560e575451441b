package keys_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/app/keys"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/secure"
	"github.com/signet-auth/signet/test/testkit/rig"
)

func TestList(t *testing.T) {
	r := rig.New(t)
	r.Clock.Move(month)
	tend(t, r)
	for name, row := range map[string]struct {
		sealer secure.Sealer
		want   keys.Sealing
	}{
		"under SECRET_KEY":              {r.Ring.Sealer, keys.SealedUnderCurrent},
		"under one of the previous":     {rig.Sealer(t, other, rig.SecretKey), keys.SealedUnderPrevious},
		"under one that is unknown now": {rig.Sealer(t, other), keys.SealedUnderUnknown},
	} {
		t.Run("says of each key that it is sealed "+name, func(t *testing.T) {
			listed, err := keys.List{Store: r.Store, Sealer: row.sealer}.Handle(t.Context(), domain.System())
			if err != nil {
				t.Fatal(err)
			}
			got := map[domain.KeyState]keys.Sealing{}
			for _, k := range listed {
				got[k.State] = k.Sealed
				if k.Private != nil {
					t.Errorf("%s comes with its private half", k.KID)
				}
			}
			want := map[domain.KeyState]keys.Sealing{domain.KeyActive: row.want, domain.KeyNext: row.want, domain.KeyRetired: ""}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
