package core_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/app/reseal"
	"github.com/signet-auth/signet/ports/secure"
	"github.com/signet-auth/signet/test/testkit/rig"
)

func TestUnreadable(t *testing.T) {
	r := rig.New(t)
	fill(t, r, 250, rig.SecretKey)
	fill(t, r, 1, current)
	r.Database.Exec(t, "UPDATE outbox SET payload = ? WHERE id = (SELECT max(id) FROM outbox)", []byte("damaged, which no secret mends"))
	all, err := r.DB.Read().Keys.All(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var kids []string
	for _, k := range all {
		kids = append(kids, k.KID)
	}
	for name, row := range map[string]struct {
		sealer secure.Sealer
		want   reseal.Unreadable
		text   string
	}{
		"is none with the secret that sealed":       {rig.Sealer(t, rig.SecretKey), reseal.Unreadable{}, ""},
		"is none while that is a previous one":      {rig.Sealer(t, current, rig.SecretKey), reseal.Unreadable{}, ""},
		"is all that it sealed once it was dropped": {rig.Sealer(t, current), reseal.Unreadable{Keys: kids, Messages: 250}, "2 signing keys, 250 messages of the outbox"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := reseal.New(r.Base, row.sealer).Unreadable(t.Context(), r.Clock.Now())
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(row.want, got); diff != "" || got.String() != row.text || got.IsNone() != (row.text == "") {
				t.Errorf("%s: %s", got, diff)
			}
		})
	}
	t.Run("is none of what is over", func(t *testing.T) {
		later := r.Clock.Now().Add(49 * time.Hour)
		got, err := reseal.New(r.Base, rig.Sealer(t, current)).Unreadable(t.Context(), later)
		if err != nil || got.Messages != 0 {
			t.Errorf("%s, %v", got, err)
		}
	})
}
