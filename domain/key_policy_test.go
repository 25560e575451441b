package domain_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/signet-auth/signet/domain"
)

const (
	day      = 24 * time.Hour
	rotation = 30 * day
	life     = 15 * time.Minute
)

var noon = time.Date(2027, 3, 4, 12, 0, 0, 0, time.UTC)

var es256 = domain.KeyPolicy{Algorithm: domain.ES256, Rotation: rotation, TokenLife: life}

// keyTable does what plans say, as the store does.
type keyTable struct {
	t      *testing.T
	keys   []domain.SigningKey
	course domain.KeyCourse
	made   int
}

func newKeyTable(t *testing.T, p domain.KeyPolicy, now time.Time) *keyTable {
	t.Helper()
	table := &keyTable{t: t, course: domain.KeyCourse{}.Follow(p, now)}
	table.carryOut(p.Plan(nil, table.course, now), now)
	return table
}

func (k *keyTable) carryOut(p domain.KeyPlan, now time.Time) {
	k.t.Helper()
	drop := func(kid string) {
		k.keys = slices.DeleteFunc(k.keys, func(other domain.SigningKey) bool { return other.KID == kid })
	}
	for _, key := range slices.Concat(p.Remove, p.Revoke) {
		drop(key.KID)
	}
	for _, key := range slices.Concat(p.Retire, p.Correct, p.Activate) {
		drop(key.KID)
		k.put(key)
	}
	for _, wanted := range p.Make {
		k.made++
		key := domain.SigningKey{
			KID: fmt.Sprintf("k%d", k.made), Algorithm: wanted.Algorithm, State: wanted.State, Private: []byte("sealed"), CreatedAt: now,
		}
		if wanted.State == domain.KeyActive {
			key.Activate(now)
		}
		k.put(key)
	}
}

// put is the unique index: at no moment two of an algorithm sign, or are next.
func (k *keyTable) put(key domain.SigningKey) {
	k.t.Helper()
	for _, other := range k.keys {
		if other.Algorithm == key.Algorithm && other.State == key.State && (key.State == domain.KeyActive || key.State == domain.KeyNext) {
			k.t.Fatalf("a second %s key of %s", key.State, key.Algorithm)
		}
	}
	k.keys = append(k.keys, key)
}

func (k *keyTable) tend(p domain.KeyPolicy, now time.Time) domain.KeyPlan {
	k.t.Helper()
	plan := p.Plan(k.keys, k.course, now)
	k.carryOut(plan, now)
	if again := p.Plan(k.keys, k.course, now); !again.IsEmpty() {
		k.t.Fatalf("asked again it wants more: %+v", again)
	}
	return plan
}

func (k *keyTable) one(alg domain.Algorithm, state domain.KeyState) domain.SigningKey {
	k.t.Helper()
	for _, key := range k.keys {
		if key.Algorithm == alg && key.State == state {
			return key
		}
	}
	k.t.Fatalf("there is no %s key of %s: %v", state, alg, k.states())
	return domain.SigningKey{}
}

func (k *keyTable) states() []string {
	var states []string
	for _, key := range k.keys {
		states = append(states, fmt.Sprintf("%s %s %s", key.KID, key.Algorithm, key.State))
	}
	slices.Sort(states)
	return states
}

func (k *keyTable) are(want ...string) {
	k.t.Helper()
	if diff := cmp.Diff(want, k.states(), cmpopts.EquateEmpty()); diff != "" {
		k.t.Errorf("keys (-want +got):\n%s", diff)
	}
}

func TestKeyRotation(t *testing.T) {
	t.Run("makes both keys at first, and the first signs at once", func(t *testing.T) {
		k := newKeyTable(t, es256, noon)
		k.are("k1 ES256 active", "k2 ES256 next")
		if !k.one(domain.ES256, domain.KeyActive).ActivatedAt.Equal(noon) {
			t.Error("it does not say since when")
		}
	})

	t.Run("puts the next in the place of the active one when its time is over, and not before", func(t *testing.T) {
		k := newKeyTable(t, es256, noon)
		if plan := k.tend(es256, noon.Add(rotation-time.Microsecond)); !plan.IsEmpty() {
			t.Errorf("too early: %+v", plan)
		}
		now := noon.Add(rotation)
		k.tend(es256, now)
		k.are("k1 ES256 retired", "k2 ES256 active", "k3 ES256 next")
		old := k.one(domain.ES256, domain.KeyRetired)
		if !old.RetiredAt.Equal(now) || old.ExpiresAt.Before(now.Add(life)) || old.ExpiresAt.After(now.Add(life+10*time.Minute)) || len(old.Private) > 0 {
			t.Errorf("retired: %+v", old)
		}
		k.tend(es256, old.ExpiresAt.Add(-time.Microsecond))
		k.are("k1 ES256 retired", "k2 ES256 active", "k3 ES256 next")
		k.tend(es256, old.ExpiresAt)
		k.are("k2 ES256 active", "k3 ES256 next")
	})

	t.Run("JW-7 never signs by the calendar with a key that was published for less than a day", func(t *testing.T) {
		hasty := es256
		hasty.Rotation = time.Hour
		k := newKeyTable(t, hasty, noon)
		k.tend(hasty, noon.Add(day-time.Microsecond))
		k.are("k1 ES256 active", "k2 ES256 next")
		k.tend(hasty, noon.Add(day))
		k.are("k1 ES256 retired", "k2 ES256 active", "k3 ES256 next")
	})

	t.Run("waits for ever when it is told to", func(t *testing.T) {
		never := es256
		never.Rotation = 0
		k := newKeyTable(t, never, noon)
		k.tend(never, noon.Add(1000*rotation))
		k.are("k1 ES256 active", "k2 ES256 next")
	})

	t.Run("replaces what somebody took away", func(t *testing.T) {
		k := newKeyTable(t, es256, noon)
		k.keys = k.keys[1:]
		k.tend(es256, noon.Add(time.Minute))
		k.are("k2 ES256 active", "k3 ES256 next")
	})

	t.Run("keeps a retired key for the tokens of a longer setting that was in force before", func(t *testing.T) {
		long := es256
		long.TokenLife = 12 * time.Hour
		k := newKeyTable(t, long, noon)
		now := noon.Add(rotation - time.Minute)
		k.course = k.course.Follow(es256, now)
		k.course = k.course.Follow(es256, now.Add(time.Second))
		now = noon.Add(rotation)
		k.tend(es256, now)
		if got := k.one(domain.ES256, domain.KeyRetired).ExpiresAt; got.Before(now.Add(12 * time.Hour)) {
			t.Errorf("until %v", got)
		}
		now = now.Add(13 * time.Hour)
		k.course = k.course.Follow(es256, now)
		if k.course.TokenLife != life || !k.course.LongerUntil.IsZero() {
			t.Errorf("the former setting counts still: %+v", k.course)
		}
	})
}

func TestKeysOfAFormerAlgorithm(t *testing.T) {
	eddsa := domain.KeyPolicy{Algorithm: domain.EdDSA, Rotation: rotation, TokenLife: life}
	k := newKeyTable(t, es256, noon)
	changed := noon.Add(rotation - time.Hour)
	k.course = k.course.Follow(eddsa, changed)
	k.tend(eddsa, changed)
	k.are("k1 ES256 active", "k2 ES256 next", "k3 EdDSA active", "k4 EdDSA next")

	t.Run("sign on for a day, for replicas with the former setting, and are theirs to rotate", func(t *testing.T) {
		k := &keyTable{t: t, keys: slices.Clone(k.keys), course: k.course, made: k.made}
		k.tend(es256, changed.Add(2*time.Hour))
		k.tend(eddsa, changed.Add(day-time.Second))
		k.are("k2 ES256 active", "k3 EdDSA active", "k4 EdDSA next", "k5 ES256 next") // k1 retired and went
	})
	t.Run("then retire, and go with their last token", func(t *testing.T) {
		k := &keyTable{t: t, keys: slices.Clone(k.keys), course: k.course, made: k.made}
		now := changed.Add(day)
		k.tend(eddsa, now)
		k.are("k1 ES256 retired", "k3 EdDSA active", "k4 EdDSA next")
		k.tend(eddsa, now.Add(time.Hour))
		k.are("k3 EdDSA active", "k4 EdDSA next")
	})
	t.Run("are not ended by a replica that has the former setting still", func(t *testing.T) {
		k := &keyTable{keys: slices.Clone(k.keys), course: k.course}
		if plan := es256.Plan(k.keys, k.course, changed.Add(10*day)); slices.ContainsFunc(plan.Retire, func(key domain.SigningKey) bool { return key.Algorithm == domain.EdDSA }) {
			t.Errorf("%+v", plan)
		}
	})
	t.Run("come back into use when the setting is changed back", func(t *testing.T) {
		k := &keyTable{t: t, keys: slices.Clone(k.keys), course: k.course, made: k.made}
		back := changed.Add(time.Hour / 2)
		k.course = k.course.Follow(es256, back)
		k.tend(es256, back)
		k.are("k1 ES256 active", "k2 ES256 next", "k3 EdDSA active", "k4 EdDSA next")
		k.tend(es256, back.Add(day))
		k.are("k1 ES256 retired", "k2 ES256 active", "k3 EdDSA retired", "k5 ES256 next")
	})
}

func TestKeysAndClocks(t *testing.T) {
	t.Run("a jump of years ahead rotates once", func(t *testing.T) {
		k := newKeyTable(t, es256, noon)
		k.tend(es256, noon.Add(1000*day))
		k.are("k1 ES256 retired", "k2 ES256 active", "k3 ES256 next")
	})
	t.Run("a small step back changes nothing", func(t *testing.T) {
		k := newKeyTable(t, es256, noon)
		if plan := k.tend(es256, noon.Add(-time.Minute)); !plan.IsEmpty() {
			t.Errorf("%+v", plan)
		}
	})
	t.Run("what a clock wrote that was years ahead holds nothing up for years", func(t *testing.T) {
		k := newKeyTable(t, es256, noon)
		k.tend(es256, noon.Add(1000*day))
		now := noon.Add(time.Hour) // it is right again
		k.tend(es256, now)
		for _, key := range k.keys {
			for _, at := range []time.Time{key.ActivatedAt, key.RetiredAt, key.ExpiresAt} {
				if at.After(now.Add(time.Hour)) {
					t.Errorf("%s: %v", key.KID, at)
				}
			}
		}
		k.tend(es256, now.Add(time.Hour))
		k.are("k2 ES256 active", "k3 ES256 next")
		k.tend(es256, now.Add(rotation))
		k.are("k2 ES256 retired", "k3 ES256 active", "k4 ES256 next")
	})
}

func TestOperatorsRotate(t *testing.T) {
	rotate := func(k *keyTable, now time.Time, atOnce bool) error {
		plan, err := es256.Rotate(k.keys, k.course, now, atOnce)
		k.carryOut(plan, now)
		return err
	}
	k := newKeyTable(t, es256, noon)
	if err := rotate(k, noon.Add(day-time.Second), false); !errors.Is(err, domain.ErrKeyTooFresh) {
		t.Errorf("too early: %v", err)
	}
	k.are("k1 ES256 active", "k2 ES256 next")
	if err := rotate(k, noon.Add(day), false); err != nil {
		t.Error(err)
	}
	k.are("k1 ES256 retired", "k2 ES256 active", "k3 ES256 next")
	if err := rotate(k, noon.Add(day+time.Second), true); err != nil {
		t.Error(err)
	}
	k.are("k1 ES256 retired", "k2 ES256 retired", "k3 ES256 active", "k4 ES256 next")
	if _, err := es256.Rotate(nil, k.course, noon, true); !errors.Is(err, domain.ErrNoKeys) {
		t.Errorf("without keys: %v", err)
	}
}

func TestOperatorsRevoke(t *testing.T) {
	for _, row := range []struct {
		name string
		kids []string
		want []string
	}{
		{"the active one: the next takes over, however fresh", []string{"k2"}, []string{"k1 ES256 retired", "k3 ES256 active", "k4 ES256 next"}},
		{"the next one: there is another", []string{"k3"}, []string{"k1 ES256 retired", "k2 ES256 active", "k4 ES256 next"}},
		{"a retired one: nothing takes its place", []string{"k1"}, []string{"k2 ES256 active", "k3 ES256 next"}},
		{"all: new ones at once", []string{"k3", "k1", "k2"}, []string{"k4 ES256 active", "k5 ES256 next"}},
		{"one twice", []string{"k1", "k1"}, []string{"k2 ES256 active", "k3 ES256 next"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			k := newKeyTable(t, es256, noon)
			k.tend(es256, noon.Add(rotation))
			now := noon.Add(rotation + time.Second)
			plan, err := es256.Revoke(k.keys, now, row.kids...)
			if err != nil {
				t.Fatal(err)
			}
			for _, key := range plan.Revoke {
				if key.State != domain.KeyRevoked || len(key.Private) > 0 || key.Verifies(now) {
					t.Errorf("revoked: %+v", key)
				}
			}
			k.carryOut(plan, now)
			k.are(row.want...)
			if plan := k.tend(es256, now); !plan.IsEmpty() {
				t.Errorf("it left work to do: %+v", plan)
			}
		})
	}
	t.Run("of an algorithm that the command's setting does not name is replaced in its own", func(t *testing.T) {
		k := newKeyTable(t, es256, noon)
		plan, err := domain.KeyPolicy{Algorithm: domain.EdDSA}.Revoke(k.keys, noon, "k1")
		if err != nil {
			t.Fatal(err)
		}
		k.carryOut(plan, noon)
		k.are("k2 ES256 active", "k3 ES256 next")
	})
	t.Run("of a key that is not there does nothing, not even to those that are", func(t *testing.T) {
		k := newKeyTable(t, es256, noon)
		if plan, err := es256.Revoke(k.keys, noon, "k1", "k9"); !errors.Is(err, domain.ErrNoSuchKey) || !plan.IsEmpty() {
			t.Errorf("%+v, %v", plan, err)
		}
	})
}

// TestKeyModel lets replicas with different settings and clocks that jump act at random: whatever happens, one key of the
// algorithm signs and one is next, and none takes over by the calendar before it was published for a day.
func TestKeyModel(t *testing.T) {
	for seed := range uint64(50) {
		random := rand.New(rand.NewPCG(seed, 1))
		now, policy := noon, es256
		k := newKeyTable(t, policy, now)
		for range 200 {
			switch random.IntN(20) {
			case 0:
				policy.Algorithm = []domain.Algorithm{domain.ES256, domain.EdDSA, domain.RS256}[random.IntN(3)]
				policy.TokenLife = time.Duration(1+random.IntN(100)) * time.Minute
				k.course = k.course.Follow(policy, now)
			case 1:
				key := k.keys[random.IntN(len(k.keys))]
				plan, err := policy.Revoke(k.keys, now, key.KID)
				if err != nil {
					t.Fatal(err)
				}
				k.carryOut(plan, now)
			case 2:
				now = now.Add(-time.Duration(random.Int64N(int64(100 * day))))
			default:
				now = now.Add(time.Duration(random.Int64N(int64(3 * day))))
			}
			for _, key := range k.tend(policy, now).Activate {
				if had := slices.ContainsFunc(k.keys, func(other domain.SigningKey) bool {
					return other.Algorithm == key.Algorithm && other.State == domain.KeyRetired && other.RetiredAt.Equal(now)
				}); had && now.Sub(key.CreatedAt) < domain.KeyNotice {
					t.Fatalf("seed %d: %s signs %v after it was made", seed, key.KID, now.Sub(key.CreatedAt))
				}
			}
			k.one(policy.Algorithm, domain.KeyActive)
			k.one(policy.Algorithm, domain.KeyNext)
			for _, key := range k.keys {
				if !key.Verifies(now) {
					t.Fatalf("seed %d: %+v is over and there", seed, key)
				}
			}
		}
	}
}
