package keys

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/signet-auth/signet/app/base"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/secure"
	"github.com/signet-auth/signet/ports/store"
)

// Keeper changes signing keys: on schedule, and at an operator's command (operator.go).
type Keeper struct {
	*base.Base

	Maker  secure.KeyMaker
	Sealer secure.Sealer
	Policy domain.KeyPolicy
}

// Begin records what this deployment signs with from now on, and does what is due. It fails if there is then neither an active nor a next
// key.
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
	_, err = k.Maintain(ctx, now, 0)
	return err
}

// Maintain does the due changes, and returns the number of keys. It is a task of the janitor: however often replicas call it, each change
// is done once. It reads the time itself, once it has the lock: for a sweep that has waited for another replica, an earlier time would put
// that replica's changes into the future, and they would be corrected like those of a wrong clock.
func (k Keeper) Maintain(ctx context.Context, _ time.Time, _ int) (int, error) {
	done, err := k.carryOut(ctx, func(keys []domain.SigningKey, course domain.KeyCourse, now time.Time) (domain.KeyPlan, error) {
		return k.Policy.Plan(keys, course, now), nil
	})
	return done.Size(), err
}

// decide makes a plan for the existing keys at a time.
type decide func(keys []domain.SigningKey, course domain.KeyCourse, now time.Time) (domain.KeyPlan, error)

// carryOut makes a plan, generates the wanted keys outside of any transaction, since RSA keys take long, and plans again under the lock. If
// another replica was faster, nothing is left to do; if more keys are wanted than before, it generates those, too.
func (k Keeper) carryOut(ctx context.Context, decide decide) (Outcome, error) {
	decide = k.usable(decide)
	now := k.System.Now()
	plan, err := look(ctx, k.Store.Read().Keys, k.Store.Read().Meta, decide, now)
	if err != nil || plan.IsEmpty() {
		return Outcome{}, err
	}
	for made := (generated{}); ; {
		if made, err = k.generate(made, plan.Make, now); err != nil {
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

// look makes a plan for the stored keys.
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

// usable wraps a decision: it refuses to make or activate keys with a SECRET_KEY that does not open the existing ones, whether they stay or
// retire. A command with the wrong SECRET_KEY would make a key that no server can sign with, which would show only when that key becomes
// active. Revoked keys need not open: revoking all keys is the way out after SECRET_KEY was lost.
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

// Place is the place to which a sealed private half is bound.
func Place(kid string) string { return "signing_keys/private/" + kid }

// generated is keys that were made and are not stored yet.
type generated map[domain.Algorithm][]domain.SigningKey

// generate makes the keys that are wanted and not made yet.
func (k Keeper) generate(made generated, wanted []domain.KeyWanted, now time.Time) (generated, error) {
	filled := generated{}
	for _, w := range wanted {
		if n := len(filled[w.Algorithm]); n < len(made[w.Algorithm]) {
			filled[w.Algorithm] = append(filled[w.Algorithm], made[w.Algorithm][n])
			continue
		}
		key, err := k.Maker.Generate(w.Algorithm)
		if err != nil {
			return nil, fmt.Errorf("make a signing key: %w", err)
		}
		key.CreatedAt = now
		if key.Private, err = k.Sealer.Seal(Place(key.KID), key.Private); err != nil {
			return nil, err
		}
		filled[w.Algorithm] = append(filled[w.Algorithm], key)
	}
	return filled, nil
}

// take gives each wanted key its state. ok is false when there are too few.
func (g generated) take(wanted []domain.KeyWanted) (keys []domain.SigningKey, ok bool) {
	taken := map[domain.Algorithm]int{}
	for _, w := range wanted {
		n := taken[w.Algorithm]
		if n >= len(g[w.Algorithm]) {
			return nil, false
		}
		key := g[w.Algorithm][n]
		if key.State = w.State; w.State == domain.KeyActive {
			key.Activate(key.CreatedAt)
		}
		keys, taken[w.Algorithm] = append(keys, key), n+1
	}
	return keys, true
}

// write carries a plan out, in an order in which keys make room for each other, and tells all replicas.
func (k Keeper) write(ctx context.Context, tx *store.Tx, plan domain.KeyPlan, made []domain.SigningKey, now time.Time) error {
	remove := func(ctx context.Context, key domain.SigningKey) error { return tx.Keys.Delete(ctx, key.KID) }
	for _, step := range []struct {
		keys   []domain.SigningKey
		do     func(context.Context, domain.SigningKey) error
		event  domain.EventType
		tokens domain.Fact
	}{
		{plan.Remove, remove, "", domain.TokensUnaffected}, // its tokens have expired
		{plan.Revoke, tx.Keys.Update, domain.EventKeyRevoked, domain.TokensEnded},
		{plan.Retire, tx.Keys.Update, "", domain.TokensUnaffected},
		{plan.Correct, tx.Keys.Update, "", domain.TokensUnaffected},
		{plan.Activate, tx.Keys.Update, domain.EventKeyActivated, domain.TokensUnaffected},
		{made, tx.Keys.Insert, domain.EventKeyCreated, domain.TokensUnaffected},
	} {
		for _, key := range step.keys {
			if err := step.do(ctx, key); err != nil {
				return err
			}
			tx.Changed(domain.ChangeSigningKey, key.KID, step.tokens)
			if err := k.record(ctx, tx, step.event, key, now); err != nil {
				return err
			}
		}
	}
	return nil
}

// record writes the event of a step, if it has one. A key that signs at once has two events.
func (k Keeper) record(ctx context.Context, tx *store.Tx, kind domain.EventType, key domain.SigningKey, now time.Time) error {
	if kind == "" {
		return nil
	}
	events := []domain.Event{event(kind, key)}
	if kind == domain.EventKeyCreated && key.State == domain.KeyActive {
		events = append(events, event(domain.EventKeyActivated, key))
	}
	return k.Audit.Record(ctx, tx, now, events...)
}

func event(kind domain.EventType, key domain.SigningKey) domain.Event {
	return domain.NewEvent(kind, domain.System(), domain.Origin{}, "signing_key", key.KID).
		With("algorithm", string(key.Algorithm)).With("state", string(key.State))
}

// courseKey is where the course is stored.
const courseKey = "key_course"

// readCourse is the zero course before the first start.
func readCourse(ctx context.Context, meta store.MetaReader) (course domain.KeyCourse, err error) {
	text, err := meta.Get(ctx, courseKey)
	if errors.Is(err, domain.ErrNotFound) {
		return domain.KeyCourse{}, nil
	}
	if err != nil {
		return domain.KeyCourse{}, err
	}
	if err := json.Unmarshal([]byte(text), &course); err != nil {
		return domain.KeyCourse{}, domain.ErrInternal.Because(fmt.Errorf("meta %s: %w", courseKey, err))
	}
	return course, nil
}

func writeCourse(ctx context.Context, meta store.Meta, course domain.KeyCourse) error {
	text, err := json.Marshal(course)
	if err != nil {
		return err
	}
	return meta.Put(ctx, courseKey, string(text))
}
