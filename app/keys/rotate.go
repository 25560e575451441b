package keys

import (
	"context"

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
		policy.Algorithm = course.Algorithm // what the servers sign with, whatever this command was given
		return policy.Rotate(keys, course, now, in.AtOnce)
	})
}
