package keys

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/signet-auth/signet/domain"
)

// Rotate lets the next key take over now, as an operator asks. domain.ErrKeyTooFresh when it was published for less than a
// day, unless atOnce.
type Rotate struct{ Keeper }

// RotateInput is an operator's order.
type RotateInput struct {
	Actor  domain.Actor
	AtOnce bool
}

// Handle rotates. It returns what was done.
func (r Rotate) Handle(ctx context.Context, in RotateInput) (Outcome, error) {
	if in.Actor.Kind != domain.ActorSystem {
		return Outcome{}, domain.ErrForbidden
	}
	now := r.System.Now()
	return r.carryOut(ctx, now, func(keys []domain.SigningKey, course domain.KeyCourse) (domain.KeyPlan, error) {
		policy := r.Policy
		policy.Algorithm = cmp.Or(course.Algorithm, policy.Algorithm) // what the servers sign with, whatever this command was given
		plan, err := policy.Rotate(keys, course, now, in.AtOnce)
		if errors.Is(err, domain.ErrNoKeys) && len(keys) > 0 {
			err = r.noneSigns(keys, policy.Algorithm)
		}
		return plan, err
	})
}

// noneSigns is the refusal where there are keys, and none that could give way: of another algorithm, or retired.
func (r Rotate) noneSigns(keys []domain.SigningKey, servers domain.Algorithm) error {
	var there []string
	for _, k := range keys {
		there = append(there, string(k.Algorithm)+" ("+string(k.State)+")")
	}
	slices.Sort(there)
	return domain.ErrNoKeys.Saying(fmt.Sprintf("No key signs with %s, which is what the servers sign with. There are keys of %s; JWT_ALG is %s here. "+
		"The next start of a server makes the key that is missing", servers, strings.Join(slices.Compact(there), ", "), r.Policy.Algorithm))
}
