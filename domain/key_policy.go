package domain

import (
	"slices"
	"time"
)

// KeyNotice is how long a next key is published before it signs. Verifiers keep the key set for five minutes, some for a day.
const KeyNotice = 24 * time.Hour

// keySlack is how long a retired key is kept beyond its last token: clocks differ, and a replica that is cut off keeps signing until it
// learns of the change.
const keySlack = 5 * time.Minute

// clockDoubt is how far in the future a stored time must be to count as the result of a wrong clock.
const clockDoubt = time.Hour

// KeyPolicy says when signing keys change. All replicas have the same policy, except during a change of it.
type KeyPolicy struct {
	Algorithm Algorithm
	Rotation  time.Duration // how long a key signs; 0: until an operator says so
	TokenLife time.Duration // the longest of an access token
}

// KeyPlan is the changes to make, in this order. Retired and revoked keys come before those that take their places, so that two keys of an
// algorithm never sign at the same time.
type KeyPlan struct {
	Remove   []SigningKey
	Revoke   []SigningKey
	Retire   []SigningKey
	Correct  []SigningKey
	Activate []SigningKey
	Make     []KeyWanted
}

// KeyWanted is a key that is missing.
type KeyWanted struct {
	Algorithm Algorithm
	State     KeyState // next or active
}

// Size is how many keys it is about.
func (p KeyPlan) Size() int {
	return len(p.Remove) + len(p.Revoke) + len(p.Retire) + len(p.Correct) + len(p.Activate) + len(p.Make)
}

// IsEmpty tells that there is nothing to do.
func (p KeyPlan) IsEmpty() bool { return p.Size() == 0 }

// Plan is the due changes: missing keys are made, the next key takes over when the active one has signed for long enough, and keys that no
// token needs any more are deleted, as are those of a former algorithm. Once a plan is carried out, the next one is empty, so of any number
// of replicas that plan under a lock, one acts.
func (p KeyPolicy) Plan(keys []SigningKey, course KeyCourse, now time.Time) KeyPlan {
	b := keyPlanner{policy: p, course: course, now: now}
	keys = b.correct(keys)
	for _, k := range keys {
		if k.State == KeyRetired && !k.Verifies(now) {
			b.plan.Remove = append(b.plan.Remove, k)
		}
	}
	active, next := of(keys, p.Algorithm, KeyActive), of(keys, p.Algorithm, KeyNext)
	isDue := active != nil && p.Rotation > 0 && !now.Before(active.ActivatedAt.Add(p.Rotation))
	if active == nil || isDue && next != nil && !now.Before(SignsFrom(*next)) {
		b.replace(p.Algorithm, active, next)
		next = nil
	}
	if next == nil {
		b.want(p.Algorithm, KeyNext)
	}
	b.endFormer(keys)
	return b.plan
}

// SignsFrom is when a next key may take over.
func SignsFrom(next SigningKey) time.Time { return next.CreatedAt.Add(KeyNotice) }

// Rotate is an operator's command that the next key takes over. It returns ErrKeyTooFresh when that key was not published for long enough,
// unless told to rotate at once.
func (p KeyPolicy) Rotate(keys []SigningKey, course KeyCourse, now time.Time, atOnce bool) (KeyPlan, error) {
	b := keyPlanner{policy: p, course: course, now: now}
	active, next := of(keys, p.Algorithm, KeyActive), of(keys, p.Algorithm, KeyNext)
	if active == nil {
		return KeyPlan{}, ErrNoKeys
	}
	if !atOnce && (next == nil || now.Before(SignsFrom(*next))) {
		return KeyPlan{}, ErrKeyTooFresh
	}
	b.replace(p.Algorithm, active, next)
	b.want(p.Algorithm, KeyNext)
	return b.plan, nil
}

// Revoke is for an emergency: the keys leaked. Their tokens end at once, and an algorithm that is left without a signing key gets one
// immediately, published or not.
func (p KeyPolicy) Revoke(keys []SigningKey, now time.Time, kids ...string) (KeyPlan, error) {
	b := keyPlanner{policy: p, now: now}
	var left []SigningKey
	var affected []Algorithm
	for _, k := range keys {
		if slices.Contains(kids, k.KID) {
			if k.State != KeyRetired && !slices.Contains(affected, k.Algorithm) {
				affected = append(affected, k.Algorithm)
			}
			k.revoke(now)
			b.plan.Revoke = append(b.plan.Revoke, k)
		} else {
			left = append(left, k)
		}
	}
	if len(b.plan.Revoke) != len(slices.Compact(slices.Sorted(slices.Values(kids)))) {
		return KeyPlan{}, ErrNoSuchKey
	}
	for _, alg := range affected {
		active, next := of(left, alg, KeyActive), of(left, alg, KeyNext)
		if active == nil {
			b.replace(alg, nil, next)
			next = nil
		}
		if next == nil {
			b.want(alg, KeyNext)
		}
	}
	return b.plan, nil
}

// keyPlanner collects a plan.
type keyPlanner struct {
	policy KeyPolicy
	course KeyCourse
	now    time.Time
	plan   KeyPlan
}

// replace puts the next key, or one that is to be made, into the place of the active one.
func (b *keyPlanner) replace(alg Algorithm, active, next *SigningKey) {
	if active != nil {
		b.retire(*active)
	}
	if next == nil {
		b.want(alg, KeyActive)
		return
	}
	k := *next
	k.Activate(b.now)
	b.plan.Activate = append(b.plan.Activate, k)
	b.plan.Correct = slices.DeleteFunc(b.plan.Correct, func(c SigningKey) bool { return c.KID == k.KID })
}

func (b *keyPlanner) retire(k SigningKey) {
	k.retire(b.now, b.lastToken())
	b.plan.Retire = append(b.plan.Retire, k)
	b.plan.Correct = slices.DeleteFunc(b.plan.Correct, func(c SigningKey) bool { return c.KID == k.KID })
}

func (b *keyPlanner) lastToken() time.Time {
	return b.now.Add(b.course.tokenLife(b.policy, b.now) + keySlack)
}

func (b *keyPlanner) want(alg Algorithm, state KeyState) {
	b.plan.Make = append(b.plan.Make, KeyWanted{alg, state})
}

// endFormer ends the keys of algorithms that JWT_ALG named before. It waits for a day after the change, and after the key became active: in
// a rolling change replicas with the former setting still sign with them.
func (b *keyPlanner) endFormer(keys []SigningKey) {
	if b.course.Algorithm != b.policy.Algorithm || b.now.Before(b.course.Since.Add(KeyNotice)) {
		return
	}
	for _, k := range keys {
		if k.Algorithm == b.policy.Algorithm {
			continue
		}
		switch {
		case k.State == KeyActive && !b.now.Before(k.ActivatedAt.Add(KeyNotice)):
			b.retire(k)
		case k.State == KeyNext && !b.now.Before(SignsFrom(k)):
			b.plan.Remove = append(b.plan.Remove, k) // it never signed
		}
	}
}

// correct replaces times in the future by now. They come from a clock that was wrong; otherwise they would keep a key in use for as long as
// that clock was ahead.
func (b *keyPlanner) correct(keys []SigningKey) []SigningKey {
	corrected := slices.Clone(keys)
	for i := range corrected {
		k := &corrected[i]
		wrong := func(t time.Time) bool { return t.After(b.now.Add(clockDoubt)) }
		switch {
		case k.State == KeyNext && wrong(k.CreatedAt):
			k.CreatedAt = b.now
		case k.State == KeyActive && wrong(k.ActivatedAt):
			k.ActivatedAt = b.now
		case k.State == KeyRetired && wrong(k.RetiredAt):
			k.RetiredAt, k.ExpiresAt = b.now, b.lastToken()
		default:
			continue
		}
		b.plan.Correct = append(b.plan.Correct, *k)
	}
	return corrected
}

func of(keys []SigningKey, alg Algorithm, state KeyState) *SigningKey {
	for i := range keys {
		if keys[i].Algorithm == alg && keys[i].State == state {
			return &keys[i]
		}
	}
	return nil
}
