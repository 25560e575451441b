// Package reseal seals anew, under SECRET_KEY, what a previous secret sealed, so that the previous one can be dropped.
//
// It is done for what is of use for longer than an operator wants to wait: the private halves of signing keys, the mail that waits
// in the outbox, and what flows remember. Nothing else is sealed.
package reseal

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/signet-auth/signet/app/keys"
	"github.com/signet-auth/signet/ports/secure"
	"github.com/signet-auth/signet/ports/store"
)

// quiet is how long nothing is said again of what was said already.
const quiet = 24 * time.Hour

// Reseal seals anew. Any number of replicas may do it at once: each value is replaced only where it stands still.
type Reseal struct {
	Store  store.Store
	Sealer secure.Sealer
	Log    *slog.Logger

	warning  sync.Mutex
	warned   lost
	warnedAt time.Time
}

// lost is how much of each kind can't be opened.
type lost struct{ keys, messages, flows int }

// All does the whole work and says how much there was. It is a task of the janitor, and done at every start.
func (r *Reseal) All(ctx context.Context, now time.Time, _ int) (int, error) {
	var unread lost
	total, err := r.keys(ctx, &unread.keys)
	if err != nil {
		return total, err
	}
	for _, part := range []struct {
		kind
		unread *int
	}{{messages(now), &unread.messages}, {flows(now), &unread.flows}} {
		t, err := part.pages(ctx, r.Store, func(ctx context.Context, tx *store.Tx, found []store.Payload) (tally, error) {
			return r.page(ctx, tx, part.kind, found)
		})
		*part.unread = t.unread
		if total += t.anew; err != nil {
			return total, err
		}
	}
	if total > 0 {
		r.Log.InfoContext(ctx, "values that a previous SECRET_KEY sealed are sealed anew", "count", total)
	}
	r.warn(ctx, unread, now)
	return total, nil
}

// warn says once what can't be opened, and again when that changes or after a day: every sweep of every replica finds the same.
func (r *Reseal) warn(ctx context.Context, unread lost, now time.Time) {
	r.warning.Lock()
	defer r.warning.Unlock()
	if unread == r.warned && now.Sub(r.warnedAt) < quiet {
		return
	}
	r.warned, r.warnedAt = unread, now
	if unread != (lost{}) {
		r.Log.WarnContext(ctx, "sealed values can't be opened with SECRET_KEY or SECRET_KEY_PREVIOUS",
			"signing_keys", unread.keys, "messages", unread.messages, "flows", unread.flows)
	}
}

// keys tells nobody: the keys are the same.
func (r *Reseal) keys(ctx context.Context, unread *int) (n int, err error) {
	err = r.Store.WithinTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		n, *unread = 0, 0
		if err := tx.Keys.LockRing(ctx); err != nil {
			return err
		}
		all, err := tx.Keys.All(ctx)
		if err != nil {
			return err
		}
		for _, key := range all {
			if len(key.Private) == 0 {
				continue // it signs no more
			}
			anew, changed, err := r.Sealer.Reseal(keys.Place(key.KID), key.Private)
			if err != nil {
				*unread++
			}
			if err != nil || !changed {
				continue
			}
			key.Private = anew
			if err := tx.Keys.Update(ctx, key); err != nil {
				return err
			}
			n++
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}

// page seals a page of payloads anew. A value that can't be opened is passed by: who asked for it will hear of that.
func (r *Reseal) page(ctx context.Context, tx *store.Tx, k kind, found []store.Payload) (t tally, err error) {
	for _, p := range found {
		anew, changed, err := r.Sealer.Reseal(k.place(p.Mark.ID), p.Sealed)
		if err != nil {
			t.unread++
		}
		if err != nil || !changed {
			continue
		}
		ok, err := k.replace(ctx, tx, p.Mark.ID, p.Sealed, anew)
		if err != nil {
			return tally{}, err
		}
		if ok {
			t.anew++
		}
	}
	return t, nil
}
