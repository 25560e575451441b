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
	return r.carryOut(ctx, func(keys []domain.SigningKey, course domain.KeyCourse, now time.Time) (domain.KeyPlan, error) {
		policy := r.Policy
		policy.Algorithm = cmp.Or(course.Algorithm, policy.Algorithm) // what the servers sign with, whatever this command was given
		plan, err := policy.Rotate(keys, course, now, in.AtOnce)
		if errors.Is(err, domain.ErrNoKeys) && len(keys) > 0 {
			err = r.noneSigns(keys, course)
		}
		return plan, err
	})
}

// noneSigns is the refusal where there are keys, and none that could give way: of another algorithm, or retired. What the servers
// sign with is not noted before their first start with this version.
func (r Rotate) noneSigns(keys []domain.SigningKey, course domain.KeyCourse) error {
	var there []string
	for _, k := range keys {
		there = append(there, string(k.Algorithm)+" ("+string(k.State)+")")
	}
	slices.Sort(there)
	what, here := strings.Join(slices.Compact(there), ", "), r.Policy.Algorithm
	if course.Algorithm == "" {
		return domain.ErrNoKeys.Saying(fmt.Sprintf("No key signs with %s, which JWT_ALG is here; there are keys of %s. Give JWT_ALG as the servers have it", here, what))
	}
	return domain.ErrNoKeys.Saying(fmt.Sprintf("No key signs with %s, as the servers are to do; there are keys of %s, and JWT_ALG is %s here. "+
		"The next start or sweep of a server makes the key", course.Algorithm, what, here))
}
