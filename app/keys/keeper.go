package keys

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/secure"
	"github.com/signet-auth/signet/ports/store"
	"github.com/signet-auth/signet/ports/sys"
)

// Keeper changes signing keys.
type Keeper struct {
	Store  store.Store
	Maker  secure.KeyMaker
	Sealer secure.Sealer
	System sys.System
	Policy domain.KeyPolicy
}

// Begin notes what this deployment signs with from now on, and does what is due. Without an active key and a next one it
// does not return well.
func (k Keeper) Begin(ctx context.Context) error {
	now := k.System.Now()
	err := k.Store.WithinTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		if err := tx.Keys.LockRing(ctx); err != nil {
			return err
		}
		course, err := readCourse(ctx, tx.Meta)
		if err != nil {
			return err
		}
		return writeCourse(ctx, tx.Meta, course.Follow(k.Policy, now))
	})
	if err != nil {
		return err
	}
	_, err = k.Tend(ctx, now, 0)
	return err
}

// Tend does what time asks for, and says to how many keys. It is a task of the janitor: however many replicas ask, however
// often, it is done once. It asks for the time itself, when it holds the lock: by that of a sweep that has waited for another
// replica, what that one has just done would lie in the future, and be corrected as the work of a wrong clock.
func (k Keeper) Tend(ctx context.Context, _ time.Time, _ int) (int, error) {
	done, err := k.carryOut(ctx, func(keys []domain.SigningKey, course domain.KeyCourse, now time.Time) (domain.KeyPlan, error) {
		return k.Policy.Plan(keys, course, now), nil
	})
	return done.Size(), err
}

// Outcome is what was done: the plan, and the keys that were made for it.
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

// decide plans for the keys there are at a time.
type decide func(keys []domain.SigningKey, course domain.KeyCourse, now time.Time) (domain.KeyPlan, error)

// carryOut plans, makes the keys that the plan wants outside of any transaction, since an RSA key takes its time, and plans
// again under the lock. When another replica was faster there is nothing left to do; when more keys are wanted than before, it
// makes those too.
func (k Keeper) carryOut(ctx context.Context, decide decide) (Outcome, error) {
	decide = k.usable(decide)
	now := k.System.Now()
	plan, err := look(ctx, k.Store.Read().Keys, k.Store.Read().Meta, decide, now)
	if err != nil || plan.IsEmpty() {
		return Outcome{}, err
	}
	for made := (stock{}); ; {
		if made, err = k.fill(made, plan.Make, now); err != nil {
			return Outcome{}, err
		}
		var fresh []domain.SigningKey
		var enough bool
		err = k.Store.WithinTx(ctx, func(ctx context.Context, tx *store.Tx) (err error) {
			if err := tx.Keys.LockRing(ctx); err != nil {
				return err
			}
			now = k.System.Now()
			if plan, err = look(ctx, tx.Keys, tx.Meta, decide, now); err != nil {
				return err
			}
			if fresh, enough = made.take(plan.Make); !enough {
				return nil
			}
			return k.write(ctx, tx, plan, fresh, now)
		})
		if err != nil {
			return Outcome{}, err
		}
		if enough {
			return Outcome{KeyPlan: plan, Made: fresh}, nil
		}
	}
}

// look plans for what is stored.
func look(ctx context.Context, keys store.KeyReader, meta store.MetaReader, decide decide, now time.Time) (domain.KeyPlan, error) {
	all, err := keys.All(ctx)
	if err != nil {
		return domain.KeyPlan{}, err
	}
	course, err := readCourse(ctx, meta)
	if err != nil {
		return domain.KeyPlan{}, err
	}
	return decide(all, course, now)
}

// usable wraps a decision: it refuses to make or activate keys with a SECRET_KEY that does not open those there are, whether they
// stay or retire. A command with the wrong one would make a key that no server can sign with, and they would find out when its turn
// comes. Revoked keys are not asked: to revoke all of them is the way out after SECRET_KEY was lost.
func (k Keeper) usable(decide decide) decide {
	return func(keys []domain.SigningKey, course domain.KeyCourse, now time.Time) (domain.KeyPlan, error) {
		plan, err := decide(keys, course, now)
		if err != nil || len(plan.Make)+len(plan.Activate) == 0 {
			return plan, err
		}
		ends := slices.Concat(plan.Remove, plan.Revoke)
		for _, key := range keys {
			if key.State == domain.KeyRetired || slices.ContainsFunc(ends, func(e domain.SigningKey) bool { return e.KID == key.KID }) {
				continue
			}
			if _, err := k.open(key); err != nil {
				return domain.KeyPlan{}, err
			}
		}
		return plan, nil
	}
}

// open is the private half of a key.
func (k Keeper) open(key domain.SigningKey) ([]byte, error) {
	private, err := k.Sealer.Open(Place(key.KID), key.Private)
	if err != nil {
		return nil, fmt.Errorf("signing key %s can't be opened with this SECRET_KEY; put the former one into SECRET_KEY_PREVIOUS: %w", key.KID, err)
	}
	return private, nil
}

// Place is what a private half is sealed for.
func Place(kid string) string { return "signing_keys/private/" + kid }
