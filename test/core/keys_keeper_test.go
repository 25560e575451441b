package core_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/app/keys"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/test/testkit/race"
	"github.com/signet-auth/signet/test/testkit/rig"
)

const month = 30 * 24 * time.Hour

func maintain(t *testing.T, r *rig.Rig) int {
	t.Helper()
	n, err := r.Keys.Maintain(t.Context(), r.Clock.Now(), 500)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// kid is the key of a state.
func kid(t *testing.T, r *rig.Rig, state domain.KeyState) string {
	t.Helper()
	for _, k := range all(t, r) {
		if k.State == state {
			return k.KID
		}
	}
	t.Fatalf("there is no %s key", state)
	return ""
}

func TestMaintain(t *testing.T) {
	t.Run("takes nothing that another replica has just done for the work of a wrong clock", func(t *testing.T) {
		r := rig.New(t)
		begun := r.Clock.Now() // of a sweep that then waited
		r.Clock.Move(month)
		maintain(t, r)
		before := all(t, r)
		if n, err := r.Keys.Maintain(t.Context(), begun, 500); n != 0 || err != nil {
			t.Errorf("%d changes, %v", n, err)
		}
		if diff := cmp.Diff(before, all(t, r)); diff != "" {
			t.Error(diff)
		}
	})

	t.Run("keeps no private half of a key that signs no more", func(t *testing.T) {
		r := rig.New(t)
		r.Clock.Move(month)
		maintain(t, r)
		if n := r.Database.Int(t, "SELECT length(private) FROM signing_keys WHERE kid = ?", kid(t, r, domain.KeyRetired)); n != 0 {
			t.Errorf("%d bytes of it are kept", n)
		}
	})

	t.Run("tells who asks the log what happened when", func(t *testing.T) {
		r := rig.New(t)
		first := kid(t, r, domain.KeyActive)
		r.Clock.Move(month)
		maintain(t, r)
		for kind, want := range map[domain.EventType][]string{
			domain.EventKeyActivated: {kid(t, r, domain.KeyActive), first},
			domain.EventKeyCreated:   nil,
		} {
			events := r.Events(t, kind)
			for _, e := range events {
				if e.ActorKind != domain.ActorSystem {
					t.Errorf("%s by %s", kind, e.ActorKind)
				}
			}
			if kind == domain.EventKeyCreated && len(events) != 3 {
				t.Errorf("%d keys were made", len(events))
			}
			for i, kid := range want {
				if events[i].SubjectID != kid {
					t.Errorf("%s %d is about %s, want %s", kind, i, events[i].SubjectID, kid)
				}
			}
		}
	})

	t.Run("makes nothing under a SECRET_KEY that does not open what is there", func(t *testing.T) {
		r := rig.New(t)
		r.Clock.Move(month)
		wrong := r.NewRing(domain.ES256)
		wrong.Sealer = rig.Sealer(t, otherSecret)
		before := all(t, r)
		if _, err := wrong.Maintain(t.Context(), r.Clock.Now(), 500); err == nil || !strings.Contains(err.Error(), "SECRET_KEY") {
			t.Errorf("got %v", err)
		}
		if diff := cmp.Diff(before, all(t, r)); diff != "" {
			t.Error(diff)
		}
	})
}

func TestAReplicaThatStartsWithTheFormerAlgorithmTakesTheChangeBack(t *testing.T) {
	late := rig.New(t)
	changed := late.NewRing(domain.EdDSA)
	if err := changed.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := late.NewRing(domain.ES256).Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	late.Clock.Move(48 * time.Hour)
	if _, err := changed.Maintain(t.Context(), late.Clock.Now(), 500); err != nil {
		t.Fatal(err)
	}
	if n := tally(all(t, late))["ES256 active"]; n != 1 {
		t.Errorf("%d keys of the algorithm that was started last", n)
	}
}

func TestRotate(t *testing.T) {
	rotate := func(r *rig.Rig, atOnce bool) (keys.Outcome, error) {
		return r.Keys.Rotate(t.Context(), keys.RotateInput{Actor: domain.System(), AtOnce: atOnce})
	}
	t.Run("takes a key that was published for a day, of many who ask for one", func(t *testing.T) {
		r := rig.New(t)
		if _, err := rotate(r, false); !errors.Is(err, domain.ErrKeyTooFresh) {
			t.Errorf("at once: %v", err)
		}
		r.Clock.Move(24 * time.Hour)
		next := kid(t, r, domain.KeyNext)
		won := 0
		for _, err := range race.Together(20, func(int) error { _, err := rotate(r, false); return err }) {
			switch {
			case err == nil:
				won++
			case !errors.Is(err, domain.ErrKeyTooFresh):
				t.Error(err)
			}
		}
		if won != 1 || kid(t, r, domain.KeyActive) != next {
			t.Errorf("%d rotated", won)
		}
	})
	for name, row := range map[string]struct {
		before string // a statement
		words  []string
	}{
		"says what there is where JWT_ALG is another, and the servers' is not noted": {
			"DELETE FROM meta WHERE key = 'key_course'", // keys of a former version
			[]string{"with RS256, which JWT_ALG is here", "ES256 (active), ES256 (next)"},
		},
		"says what there is where the servers' algorithm has no key": {
			"UPDATE signing_keys SET algorithm = 'EdDSA'", // a start that was cut short
			[]string{"with ES256, as the servers", "EdDSA (active), EdDSA (next)", "JWT_ALG is RS256 here"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := rig.New(t)
			r.Database.Exec(t, row.before)
			r.Keys.Policy.Algorithm = domain.RS256
			before := all(t, r)
			_, err := rotate(r, true)
			var e *domain.Error
			if !errors.As(err, &e) || e.Code != domain.ErrNoKeys.Code {
				t.Fatalf("got %v", err)
			}
			for _, word := range row.words {
				if !strings.Contains(e.Text, word) {
					t.Errorf("%q is not in: %s", word, e.Text)
				}
			}
			if diff := cmp.Diff(before, all(t, r)); diff != "" {
				t.Error(diff)
			}
		})
	}
	t.Run("says that there are none before the first start", func(t *testing.T) {
		r := rig.New(t)
		r.Database.Exec(t, "DELETE FROM signing_keys")
		if _, err := rotate(r, true); err == nil || !strings.Contains(err.Error(), "no signing keys yet") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("makes nothing under a SECRET_KEY that does not open the key that ends, with no next one to tell", func(t *testing.T) {
		r := rig.New(t)
		r.Database.Exec(t, "DELETE FROM signing_keys WHERE state = 'next'")
		r.Keys.Sealer = rig.Sealer(t, otherSecret)
		before := all(t, r)
		if _, err := rotate(r, true); err == nil || !strings.Contains(err.Error(), "SECRET_KEY_PREVIOUS") {
			t.Errorf("got %v", err)
		}
		if diff := cmp.Diff(before, all(t, r)); diff != "" {
			t.Error(diff)
		}
	})
}

func TestRevoke(t *testing.T) {
	revoke := func(r *rig.Rig, kids ...string) (keys.Outcome, error) {
		return r.Keys.Revoke(t.Context(), keys.RevokeInput{Actor: domain.System(), KIDs: kids})
	}
	t.Run("happens once, of many who ask", func(t *testing.T) {
		r := rig.New(t)
		stolen, won := kid(t, r, domain.KeyActive), 0
		for _, err := range race.Together(20, func(int) error { _, err := revoke(r, stolen); return err }) {
			switch {
			case err == nil:
				won++
			case !errors.Is(err, domain.ErrNoSuchKey):
				t.Error(err)
			}
		}
		if diff := cmp.Diff(map[string]int{"ES256 active": 1, "ES256 next": 1}, tally(all(t, r))); won != 1 || diff != "" {
			t.Errorf("%d revoked; %s", won, diff)
		}
		if n := r.Database.Int(t, "SELECT count(*) FROM signing_keys WHERE kid = ? AND state = 'revoked' AND length(private) = 0", stolen); n != 1 {
			t.Error("no trace of it is kept, or too much")
		}
	})
}

func TestOnlyOperatorsLookAfterKeys(t *testing.T) {
	r := rig.New(t)
	user := domain.Actor{Kind: domain.ActorUser}
	_, rotated := r.Keys.Rotate(t.Context(), keys.RotateInput{Actor: user, AtOnce: true})
	_, revoked := r.Keys.Revoke(t.Context(), keys.RevokeInput{Actor: user, KIDs: []string{kid(t, r, domain.KeyActive)}})
	_, listed := r.Keys.List(t.Context(), user)
	for what, err := range map[string]error{"rotate": rotated, "revoke": revoked, "list": listed} {
		if !errors.Is(err, domain.ErrForbidden) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if n := r.Store.Count(); n != 0 {
		t.Errorf("%d queries before anybody was asked who they are", n)
	}
}

func TestAKeySealedAnewSignsOnWhereItIsOpenAlready(t *testing.T) {
	r := rig.New(t)
	newer := rig.Sealer(t, otherSecret, rig.SecretKey)
	update(t, r, domain.KeyActive, func(k *domain.SigningKey) {
		private, err := newer.Open(keys.Place(k.KID), k.Private)
		if err != nil {
			t.Fatal(err)
		}
		if k.Private, err = newer.Seal(keys.Place(k.KID), private); err != nil {
			t.Fatal(err)
		}
	})
	if err := verify(t, r.Keys, sign(t, r.Keys, r.Clock.Now()), r.Clock.Now()); err != nil {
		t.Error(err)
	}
}
