// Package reseal seals again, under SECRET_KEY, what a previous secret sealed, so that the previous one can be dropped.
//
// It covers everything that is sealed: the private halves of signing keys, the mail that waits in the outbox, the payloads of flows, and the
// secrets of authenticator apps.
package reseal

import (
	"context"
	"sync"
	"time"

	"github.com/signet-auth/signet/app/base"
	"github.com/signet-auth/signet/app/keys"
	"github.com/signet-auth/signet/ports/secure"
	"github.com/signet-auth/signet/ports/store"
)

// quiet is how long the same warning is not repeated.
const quiet = 24 * time.Hour

// Service seals again. Any number of replicas may do it at once: each value is replaced only if it has not changed meanwhile.
type Service struct {
	*base.Base

	sealer secure.Sealer

	warning  sync.Mutex
	warned   lost
	warnedAt time.Time
}

// New makes the service. A process has only one, because it remembers its warnings.
func New(b *base.Base, sealer secure.Sealer) *Service { return &Service{Base: b, sealer: sealer} }

// lost is how much of each kind can't be opened.
type lost struct{ keys, messages, flows, factors int }

// All does all the work and returns how much there was. It is a task of the janitor, and also runs at every start.
func (s *Service) All(ctx context.Context, now time.Time, _ int) (int, error) {
	var unread lost
	total, err := s.keys(ctx, &unread.keys)
	if err != nil {
		return total, err
	}
	for _, part := range []struct {
		kind
		unread *int
	}{{messages(now), &unread.messages}, {flows(now), &unread.flows}, {factors(), &unread.factors}} {
		t, err := part.pages(ctx, s.Store, func(ctx context.Context, tx *store.Tx, found []store.Payload) (tally, error) {
			return s.page(ctx, tx, part.kind, found)
		})
		*part.unread = t.unread
		if total += t.resealed; err != nil {
			return total, err
		}
	}
	if total > 0 {
		s.Log.InfoContext(ctx, "values that a previous SECRET_KEY sealed are sealed again", "count", total)
	}
	s.warn(ctx, unread, now)
	return total, nil
}

// warn logs what can't be opened, and repeats that only when it changes or after a day, because every sweep of every replica finds the
// same.
func (s *Service) warn(ctx context.Context, unread lost, now time.Time) {
	s.warning.Lock()
	defer s.warning.Unlock()
	if unread == s.warned && now.Sub(s.warnedAt) < quiet {
		return
	}
	s.warned, s.warnedAt = unread, now
	if unread != (lost{}) {
		s.Log.WarnContext(ctx, "sealed values can't be opened with SECRET_KEY or SECRET_KEY_PREVIOUS",
			"signing_key_count", unread.keys, "messages", unread.messages, "flows", unread.flows, "factors", unread.factors)
	}
}

// keys writes nothing to the change feed, since the keys are the same.
func (s *Service) keys(ctx context.Context, unread *int) (n int, err error) {
	err = s.Store.WithinTx(ctx, func(ctx context.Context, tx *store.Tx) error {
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
				continue // it no longer signs
			}
			resealed, changed, err := s.sealer.Reseal(keys.Place(key.KID), key.Private)
			if err != nil {
				*unread++
			}
			if err != nil || !changed {
				continue
			}
			key.Private = resealed
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

// page seals a page of payloads again. A value that can't be opened is skipped: its reader will get the error.
func (s *Service) page(ctx context.Context, tx *store.Tx, k kind, found []store.Payload) (t tally, err error) {
	for _, p := range found {
		resealed, changed, err := s.sealer.Reseal(k.place(p), p.Sealed)
		if err != nil {
			t.unread++
		}
		if err != nil || !changed {
			continue
		}
		ok, err := k.replace(ctx, tx, p.Mark.ID, p.Sealed, resealed)
		if err != nil {
			return tally{}, err
		}
		if ok {
			t.resealed++
		}
	}
	return t, nil
}
