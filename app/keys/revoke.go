package keys

import (
	"context"
	"time"

	"github.com/signet-auth/signet/domain"
)

// Revoke is for keys that got out: every token that they signed is refused within a second, on every replica, and where that
// leaves nothing to sign with there is a new key at once.
type Revoke struct{ Keeper }

// RevokeInput names the keys.
type RevokeInput struct {
	Actor domain.Actor
	KIDs  []string
}

// Handle revokes all of the keys or, when one is not there, none. It returns what was done.
func (r Revoke) Handle(ctx context.Context, in RevokeInput) (Outcome, error) {
	if in.Actor.Kind != domain.ActorSystem {
		return Outcome{}, domain.ErrForbidden
	}
	return r.carryOut(ctx, func(keys []domain.SigningKey, _ domain.KeyCourse, now time.Time) (domain.KeyPlan, error) {
		return r.Policy.Revoke(keys, now, in.KIDs...)
	})
}
