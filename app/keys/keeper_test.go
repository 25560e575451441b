package keys_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/app/keys"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/test/testkit"
	"github.com/signet-auth/signet/test/testkit/rig"
)

const month = 30 * 24 * time.Hour

func tend(t *testing.T, r *rig.Rig) int {
	t.Helper()
	n, err := r.Ring.Tend(t.Context(), r.Clock.Now(), 500)
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

func TestTend(t *testing.T) {
	t.Run("rotates once, however many replicas ask, and every replica signs and verifies on", func(t *testing.T) {
		database, clock := rig.NewDatabase(t), rig.NewClock()
		replicas := make([]*rig.Rig, 4)
		for i := range replicas {
			replicas[i] = rig.On(t, database, clock)
		}
		first := replicas[0]
		old, next := kid(t, first, domain.KeyActive), kid(t, first, domain.KeyNext)
		clock.Move(month)
		before := sign(t, first.Ring, clock.Now())
		type done struct {
			n   int
			err error
		}
		total := 0
		for _, d := range testkit.Together(20, func(i int) done {
			n, err := replicas[i%len(replicas)].Ring.Tend(t.Context(), clock.Now(), 500)
			return done{n, err}
		}) {
			if total += d.n; d.err != nil {
				t.Error(d.err)
			}
		}
		if total != 3 { // one retired, one activated, one made
			t.Errorf("%d changes", total)
		}
		if diff := cmp.Diff(map[string]int{"ES256 active": 1, "ES256 next": 1, "ES256 retired": 1}, tally(all(t, first))); diff != "" {
			t.Error(diff)
		}
		if kid(t, first, domain.KeyActive) != next || kid(t, first, domain.KeyRetired) != old {
			t.Error("another key signs than the one that was published")
		}
		for i, r := range replicas {
			r.Poll(t)
			after := sign(t, r.Ring, clock.Now())
			if got, _ := r.Ring.Verifier.Peek(after.Reveal()); got != next {
				t.Errorf("replica %d signs with %s", i, got)
			}
			for what, token := range map[string]domain.Secret{"before": before, "after": after} {
				if err := verify(t, replicas[(i+1)%len(replicas)].Ring, token, clock.Now()); err != nil {
					t.Errorf("a token of %s: %v", what, err)
				}
			}
		}
	})

	t.Run("takes nothing that another replica has just done for the work of a wrong clock", func(t *testing.T) {
		r := rig.New(t)
		begun := r.Clock.Now() // of a sweep that then waited
		r.Clock.Move(month)
		tend(t, r)
		before := all(t, r)
		if n, err := r.Ring.Tend(t.Context(), begun, 500); n != 0 || err != nil {
			t.Errorf("%d changes, %v", n, err)
		}
		if diff := cmp.Diff(before, all(t, r)); diff != "" {
			t.Error(diff)
		}
	})

	t.Run("drops the old key from the set and the table once its last token has expired", func(t *testing.T) {
		r := rig.New(t)
		r.Clock.Move(month)
		tend(t, r)
		old := kid(t, r, domain.KeyRetired)
		if n := r.Database.Int(t, "SELECT length(private) FROM signing_keys WHERE kid = ?", old); n != 0 {
			t.Errorf("%d bytes of its private half are kept, which nobody needs", n)
		}
		r.Clock.Move(15 * time.Minute)
		if n := tend(t, r); n != 0 || !slices.Contains(published(t, r.Ring), old) {
			t.Error("it went with tokens about")
		}
		r.Clock.Move(5 * time.Minute)
		if n := tend(t, r); n != 1 || slices.Contains(published(t, r.Ring), old) || len(all(t, r)) != 2 {
			t.Error("it is there still")
		}
	})

	t.Run("tells who asks the log what happened when", func(t *testing.T) {
		r := rig.New(t)
		first := kid(t, r, domain.KeyActive)
		r.Clock.Move(month)
		tend(t, r)
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

	t.Run("waits for a database that is away, and then does it", func(t *testing.T) {
		r := rig.New(t)
		r.Clock.Move(month)
		r.Store.Down()
		if _, err := r.Ring.Tend(t.Context(), r.Clock.Now(), 500); !errors.Is(err, domain.ErrUnavailable) {
			t.Errorf("got %v", err)
		}
		sign(t, r.Ring, r.Clock.Now())
		r.Store.Up()
		if n := tend(t, r); n != 3 {
			t.Errorf("%d changes", n)
		}
	})

	t.Run("makes nothing under a SECRET_KEY that does not open what is there", func(t *testing.T) {
		r := rig.New(t)
		r.Clock.Move(month)
		wrong := r.NewRing(domain.ES256)
		wrong.Sealer = rig.Sealer(t, other)
		before := all(t, r)
		if _, err := wrong.Tend(t.Context(), r.Clock.Now(), 500); err == nil || !strings.Contains(err.Error(), "SECRET_KEY") {
			t.Errorf("got %v", err)
		}
		if diff := cmp.Diff(before, all(t, r)); diff != "" {
			t.Error(diff)
		}
	})

	t.Run("retires the keys of a former JWT_ALG a day after the change", func(t *testing.T) {
		r := rig.New(t)
		old := sign(t, r.Ring, r.Clock.Now())
		r.Ring.Policy.Algorithm = domain.EdDSA
		if err := r.Ring.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		r.Clock.Move(24*time.Hour - time.Second)
		if n := tend(t, r); n != 0 {
			t.Errorf("%d changes within a day", n)
		}
		r.Clock.Move(time.Second)
		tend(t, r)
		if err := verify(t, r.Ring, old, r.Clock.Now().Add(-24*time.Hour)); err != nil {
			t.Errorf("a token of before: %v", err)
		}
		r.Clock.Move(time.Hour)
		tend(t, r)
		if diff := cmp.Diff(map[string]int{"EdDSA active": 1, "EdDSA next": 1}, tally(all(t, r))); diff != "" {
			t.Error(diff)
		}
	})
}

func TestAReplicaWithTheFormerAlgorithm(t *testing.T) {
	late := rig.New(t)
	changed := late.NewRing(domain.EdDSA)
	if err := changed.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	late.Clock.Move(24 * time.Hour)
	if _, err := changed.Tend(t.Context(), late.Clock.Now(), 500); err != nil {
		t.Fatal(err)
	}
	late.Poll(t)
	if _, err := late.Ring.Sign(t.Context(), claims(late.Clock.Now())); err == nil || !strings.Contains(err.Error(), "of ES256, which is JWT_ALG here") {
		t.Errorf("it signs after a day: %v", err)
	}
	tend(t, late) // its own next sweep
	late.Poll(t)
	if err := verify(t, changed, sign(t, late.Ring, late.Clock.Now()), late.Clock.Now()); err != nil {
		t.Errorf("a token of the key that it made: %v", err)
	}

	// It starts again: that takes the change back.
	if err := late.NewRing(domain.ES256).Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	late.Clock.Move(48 * time.Hour)
	if _, err := changed.Tend(t.Context(), late.Clock.Now(), 500); err != nil {
		t.Fatal(err)
	}
	if n := tally(all(t, late))["ES256 active"]; n != 1 {
		t.Errorf("%d keys of the algorithm that was started last", n)
	}
}

func TestRotate(t *testing.T) {
	rotate := func(r *rig.Rig, atOnce bool) (keys.Outcome, error) {
		return keys.Rotate{Keeper: r.Ring.Keeper}.Handle(t.Context(), keys.RotateInput{Actor: domain.System(), AtOnce: atOnce})
	}
	t.Run("takes a key that was published for a day, of many who ask for one", func(t *testing.T) {
		r := rig.New(t)
		if _, err := rotate(r, false); !errors.Is(err, domain.ErrKeyTooFresh) {
			t.Errorf("at once: %v", err)
		}
		r.Clock.Move(24 * time.Hour)
		next := kid(t, r, domain.KeyNext)
		won := 0
		for _, err := range testkit.Together(20, func(int) error { _, err := rotate(r, false); return err }) {
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
	t.Run("at once takes a fresh one, when that is what is wanted", func(t *testing.T) {
		r := rig.New(t)
		next := kid(t, r, domain.KeyNext)
		done, err := rotate(r, true)
		if err != nil || !slices.Equal(done.Signs(), []string{next}) {
			t.Errorf("%v, %v", done.Signs(), err)
		}
	})
	t.Run("is about what the servers sign with, whatever the command was given", func(t *testing.T) {
		r := rig.New(t)
		r.Ring.Policy.Algorithm = domain.RS256
		if _, err := rotate(r, true); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(map[string]int{"ES256 active": 1, "ES256 next": 1, "ES256 retired": 1}, tally(all(t, r))); diff != "" {
			t.Error(diff)
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
			r.Ring.Policy.Algorithm = domain.RS256
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
		r.Ring.Sealer = rig.Sealer(t, other)
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
		return keys.Revoke{Keeper: r.Ring.Keeper}.Handle(t.Context(), keys.RevokeInput{Actor: domain.System(), KIDs: kids})
	}
	t.Run("refuses every token of the key, and another signs in the same stroke", func(t *testing.T) {
		r := rig.New(t)
		token, stolen, next := sign(t, r.Ring, r.Clock.Now()), kid(t, r, domain.KeyActive), kid(t, r, domain.KeyNext)
		done, err := revoke(r, stolen)
		if err != nil || !slices.Equal(done.Signs(), []string{next}) {
			t.Fatalf("%v, %v", done.Signs(), err)
		}
		if err := verify(t, r.Ring, token, r.Clock.Now()); !forged(err) {
			t.Errorf("its token: %v", err)
		}
		if err := verify(t, r.Ring, sign(t, r.Ring, r.Clock.Now()), r.Clock.Now()); err != nil {
			t.Error(err)
		}
		events := r.Events(t, domain.EventKeyRevoked)
		if len(events) != 1 || events[0].SubjectID != stolen || events[0].ActorKind != domain.ActorSystem {
			t.Errorf("events: %+v", events)
		}
		if n := r.Database.Int(t, "SELECT count(*) FROM signing_keys WHERE kid = ? AND state = 'revoked' AND length(private) = 0", stolen); n != 1 {
			t.Error("no trace of it is kept, or too much")
		}
	})
	t.Run("happens once, of many who ask", func(t *testing.T) {
		r := rig.New(t)
		stolen, won := kid(t, r, domain.KeyActive), 0
		for _, err := range testkit.Together(20, func(int) error { _, err := revoke(r, stolen); return err }) {
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
	})
	t.Run("of all keys is the way out after SECRET_KEY was lost", func(t *testing.T) {
		r := rig.New(t)
		active, next := kid(t, r, domain.KeyActive), kid(t, r, domain.KeyNext)
		r.Ring.Sealer = rig.Sealer(t, other)
		if _, err := revoke(r, active); err == nil || !strings.Contains(err.Error(), next) {
			t.Errorf("the next one can't be opened either: %v", err)
		}
		if _, err := revoke(r, active, next); err != nil {
			t.Fatal(err)
		}
		ring := r.NewRing(domain.ES256)
		ring.Sealer = r.Ring.Sealer
		if err := ring.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		sign(t, ring, r.Clock.Now())
	})
}

func TestOnlyOperatorsLookAfterKeys(t *testing.T) {
	r := rig.New(t)
	user := domain.Actor{Kind: domain.ActorUser}
	_, rotated := keys.Rotate{Keeper: r.Ring.Keeper}.Handle(t.Context(), keys.RotateInput{Actor: user, AtOnce: true})
	_, revoked := keys.Revoke{Keeper: r.Ring.Keeper}.Handle(t.Context(), keys.RevokeInput{Actor: user, KIDs: []string{kid(t, r, domain.KeyActive)}})
	_, listed := keys.List{Store: r.Store, Sealer: r.Ring.Sealer}.Handle(t.Context(), user)
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
	newer := rig.Sealer(t, other, rig.SecretKey)
	update(t, r, domain.KeyActive, func(k *domain.SigningKey) {
		private, err := newer.Open(keys.Place(k.KID), k.Private)
		if err != nil {
			t.Fatal(err)
		}
		if k.Private, err = newer.Seal(keys.Place(k.KID), private); err != nil {
			t.Fatal(err)
		}
	})
	if err := verify(t, r.Ring, sign(t, r.Ring, r.Clock.Now()), r.Clock.Now()); err != nil {
		t.Error(err)
	}
}
