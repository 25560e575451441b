package keys

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/signet-auth/signet/domain"
)

// Outcome is the result: the plan, and the keys that were made for it.
type Outcome struct {
	domain.KeyPlan

	Made []domain.SigningKey
}

// Algorithms are those of the keys that sign from now on.
func (o Outcome) Algorithms() (algs []domain.Algorithm) {
	for _, key := range o.signing() {
		algs = append(algs, key.Algorithm)
	}
	return algs
}

// Signs are the keys that sign from now on.
func (o Outcome) Signs() (kids []string) {
	for _, key := range o.signing() {
		kids = append(kids, key.KID)
	}
	return kids
}

func (o Outcome) signing() []domain.SigningKey {
	return slices.DeleteFunc(slices.Concat(o.Activate, o.Made), func(k domain.SigningKey) bool { return k.State != domain.KeyActive })
}

// Sealing says which secret opens the private half of a key.
type Sealing string

// The sealings. A key that no longer signs has no private half, and no sealing.
const (
	SealedUnderCurrent  Sealing = "current"  // SECRET_KEY
	SealedUnderPrevious Sealing = "previous" // one of SECRET_KEY_PREVIOUS, which must stay until it is sealed again
	SealedUnderUnknown  Sealing = "unknown"  // no secret that is known here
)

// Listed is a key without its private half, and what opens that.
type Listed struct {
	domain.SigningKey

	Sealed Sealing
}

// List lists the keys that verify tokens, newest first. Nothing private is in the answer, sealed or not.
func (k Keeper) List(ctx context.Context, actor domain.Actor) ([]Listed, error) {
	if actor.Kind != domain.ActorSystem {
		return nil, domain.ErrForbidden
	}
	all, err := k.Store.Read().Keys.All(ctx)
	if err != nil {
		return nil, err
	}
	listed := make([]Listed, len(all))
	for i, key := range all {
		listed[i] = Listed{SigningKey: key, Sealed: k.sealing(key)}
		listed[i].Private = nil
	}
	return listed, nil
}

func (k Keeper) sealing(key domain.SigningKey) Sealing {
	if len(key.Private) == 0 {
		return ""
	}
	_, changed, err := k.Sealer.Reseal(Place(key.KID), key.Private)
	switch {
	case err != nil:
		return SealedUnderUnknown
	case changed:
		return SealedUnderPrevious
	}
	return SealedUnderCurrent
}

// RotateInput is an operator's command.
type RotateInput struct {
	Actor  domain.Actor
	AtOnce bool
}

// Rotate lets the next key take over now, and returns what was done. It returns domain.ErrKeyTooFresh when that key was published for less
// than a day, unless told to rotate at once.
func (k Keeper) Rotate(ctx context.Context, in RotateInput) (Outcome, error) {
	if in.Actor.Kind != domain.ActorSystem {
		return Outcome{}, domain.ErrForbidden
	}
	return k.carryOut(ctx, func(keys []domain.SigningKey, course domain.KeyCourse, now time.Time) (domain.KeyPlan, error) {
		policy := k.Policy
		policy.Algorithm = cmp.Or(course.Algorithm, policy.Algorithm) // the algorithm of the servers, whatever this command's settings are
		plan, err := policy.Rotate(keys, course, now, in.AtOnce)
		if errors.Is(err, domain.ErrNoKeys) && len(keys) > 0 {
			err = k.noneSigns(keys, course)
		}
		return plan, err
	})
}

// noneSigns is the error when none of the keys can be replaced, because they have another algorithm or are retired. The servers' algorithm
// is not recorded before their first start with this version.
func (k Keeper) noneSigns(keys []domain.SigningKey, course domain.KeyCourse) error {
	var there []string
	for _, key := range keys {
		there = append(there, string(key.Algorithm)+" ("+string(key.State)+")")
	}
	slices.Sort(there)
	what, here := strings.Join(slices.Compact(there), ", "), k.Policy.Algorithm
	if course.Algorithm == "" {
		return domain.ErrNoKeys.Saying(fmt.Sprintf("No key signs with %s, which JWT_ALG is here; there are keys of %s. Give JWT_ALG as the servers have it", here, what))
	}
	return domain.ErrNoKeys.Saying(fmt.Sprintf("No key signs with %s, as the servers are to do; there are keys of %s, and JWT_ALG is %s here. "+
		"The next start or sweep of a server makes the key", course.Algorithm, what, here))
}

// RevokeInput names the keys.
type RevokeInput struct {
	Actor domain.Actor
	KIDs  []string
}

// Revoke is for leaked keys: within a second every replica refuses all tokens that they signed, and if no signing key is left, there is a
// new one at once. It revokes all the named keys or, if one does not exist, none.
func (k Keeper) Revoke(ctx context.Context, in RevokeInput) (Outcome, error) {
	if in.Actor.Kind != domain.ActorSystem {
		return Outcome{}, domain.ErrForbidden
	}
	return k.carryOut(ctx, func(keys []domain.SigningKey, _ domain.KeyCourse, now time.Time) (domain.KeyPlan, error) {
		return k.Policy.Revoke(keys, now, in.KIDs...)
	})
}
