package access

import (
	"context"
	"time"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

// RequireRank keeps people from working on somebody whose platform permissions are not a subset of their own: who may disable an
// administrator, or set their password, is one. It is judged in the transaction that acts, on what both hold then.
func RequireRank(ctx context.Context, tx *store.Tx, a domain.Actor, target domain.PrincipalID, now time.Time) error {
	if a.Kind == domain.ActorSystem || a.ID == target {
		return nil
	}
	theirs, err := platformGrants(ctx, tx, target, now)
	if err != nil {
		return err
	}
	own, err := platformGrants(ctx, tx, a.ID, now)
	if err != nil {
		return err
	}
	if !own.CoversAll(theirs) {
		return domain.ErrTargetOutranks
	}
	return nil
}

func platformGrants(ctx context.Context, tx *store.Tx, id domain.PrincipalID, now time.Time) (domain.Grants, error) {
	held, err := tx.Grants.Held(ctx, id, domain.PlatformID)
	return domain.EvaluateGrants(held, nil, now), err
}
