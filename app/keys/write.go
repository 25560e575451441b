package keys

import (
	"context"
	"time"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

// write carries a plan out, in the order in which keys make room for each other, and tells everybody.
func (k Keeper) write(ctx context.Context, tx *store.Tx, plan domain.KeyPlan, made []domain.SigningKey, now time.Time) error {
	remove := func(ctx context.Context, key domain.SigningKey) error { return tx.Keys.Delete(ctx, key.KID) }
	for _, step := range []struct {
		keys  []domain.SigningKey
		do    func(context.Context, domain.SigningKey) error
		event domain.EventType
	}{
		{plan.Remove, remove, ""},
		{plan.Revoke, tx.Keys.Update, domain.EventKeyRevoked},
		{plan.Retire, tx.Keys.Update, ""},
		{plan.Correct, tx.Keys.Update, ""},
		{plan.Activate, tx.Keys.Update, domain.EventKeyActivated},
		{made, tx.Keys.Insert, domain.EventKeyCreated},
	} {
		for _, key := range step.keys {
			if err := step.do(ctx, key); err != nil {
				return err
			}
			tx.Changed(domain.ChangeSigningKey, key.KID)
			if err := k.record(ctx, tx, step.event, key, now); err != nil {
				return err
			}
		}
	}
	return nil
}

// record writes the event of a step, if it has one. A key that signs from its first moment has two.
func (k Keeper) record(ctx context.Context, tx *store.Tx, kind domain.EventType, key domain.SigningKey, now time.Time) error {
	if kind == "" {
		return nil
	}
	events := []domain.Event{k.event(kind, key, now)}
	if kind == domain.EventKeyCreated && key.State == domain.KeyActive {
		events = append(events, k.event(domain.EventKeyActivated, key, now))
	}
	return tx.Audit.Add(ctx, events...)
}

func (k Keeper) event(kind domain.EventType, key domain.SigningKey, now time.Time) domain.Event {
	return domain.NewEvent(domain.EventID(k.System.NewOrderedID()), now, kind, domain.System(), domain.Origin{}, "signing_key", key.KID).
		With("algorithm", string(key.Algorithm)).With("state", string(key.State))
}
