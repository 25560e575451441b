// Package reseal seals anew, under SECRET_KEY, what a previous secret sealed, so that the previous one can be dropped.
//
// It is done for what is of use for longer than an operator wants to wait: the private halves of signing keys, the mail that waits
// in the outbox, and what flows remember. Nothing else is sealed.
package reseal

import (
	"context"
	"log/slog"
	"time"

	"github.com/signet-auth/signet/app/keys"
	"github.com/signet-auth/signet/app/outbox"
	"github.com/signet-auth/signet/app/profile"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/secure"
	"github.com/signet-auth/signet/ports/store"
)

// page is how many values one transaction looks at.
const page = 200

// Reseal seals anew. Any number of replicas may do it at once: each value is replaced only where it stands still.
type Reseal struct {
	Store  store.Store
	Sealer secure.Sealer
	Log    *slog.Logger
}

// All does the whole work and says how much there was. It is a task of the janitor, and done at every start.
func (r *Reseal) All(ctx context.Context, now time.Time, _ int) (int, error) {
	total, err := r.keys(ctx)
	if err != nil {
		return total, err
	}
	for _, k := range []kind{messages(), flows(now)} {
		n, err := r.pages(ctx, k)
		if total += n; err != nil {
			return total, err
		}
	}
	if total > 0 {
		r.Log.InfoContext(ctx, "values that a previous SECRET_KEY sealed are sealed anew", "count", total)
	}
	return total, nil
}

// keys tells nobody: the keys are the same.
func (r *Reseal) keys(ctx context.Context) (n int, err error) {
	err = r.Store.WithinTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		n = 0
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
			anew, changed := r.anew(ctx, keys.Place(key.KID), key.Private)
			if !changed {
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

// kind is one kind of payload.
type kind struct {
	place   func(id string) string
	list    func(ctx context.Context, tx *store.Tx, after domain.Cursor) ([]store.Payload, error)
	replace func(ctx context.Context, tx *store.Tx, id string, from, to []byte) (bool, error)
}

func messages() kind {
	return kind{
		place: func(id string) string { return outbox.Place(domain.MessageID(id)) },
		list: func(ctx context.Context, tx *store.Tx, after domain.Cursor) ([]store.Payload, error) {
			return tx.Payloads.OfMessages(ctx, after, page)
		},
		replace: func(ctx context.Context, tx *store.Tx, id string, from, to []byte) (bool, error) {
			return tx.Payloads.ReplaceMessage(ctx, id, from, to)
		},
	}
}

func flows(now time.Time) kind {
	return kind{
		place: func(id string) string { return profile.PayloadPlace(domain.FlowID(id)) },
		list: func(ctx context.Context, tx *store.Tx, after domain.Cursor) ([]store.Payload, error) {
			return tx.Payloads.OfFlows(ctx, now, after, page)
		},
		replace: func(ctx context.Context, tx *store.Tx, id string, from, to []byte) (bool, error) {
			return tx.Payloads.ReplaceFlow(ctx, id, from, to)
		},
	}
}

// pages goes through all there is of a kind. A value that can't be opened is passed by: who asked for it will hear of that.
func (r *Reseal) pages(ctx context.Context, k kind) (total int, err error) {
	var after domain.Cursor
	for {
		var n, seen int
		var last domain.Cursor
		err := r.Store.WithinTx(ctx, func(ctx context.Context, tx *store.Tx) error {
			n = 0
			found, err := k.list(ctx, tx, after)
			if err != nil {
				return err
			}
			seen = len(found)
			for _, p := range found {
				last = p.Mark
				anew, changed := r.anew(ctx, k.place(p.Mark.ID), p.Sealed)
				if !changed {
					continue
				}
				ok, err := k.replace(ctx, tx, p.Mark.ID, p.Sealed, anew)
				if err != nil {
					return err
				}
				if ok {
					n++
				}
			}
			return nil
		})
		if err != nil {
			return total, err
		}
		if total += n; seen < page {
			return total, nil
		}
		after = last
	}
}

func (r *Reseal) anew(ctx context.Context, place string, sealed []byte) ([]byte, bool) {
	anew, changed, err := r.Sealer.Reseal(place, sealed)
	if err != nil {
		r.Log.WarnContext(ctx, "a sealed value can't be opened with SECRET_KEY or SECRET_KEY_PREVIOUS", "place", place, "error", err)
	}
	return anew, changed && err == nil
}
