package feed

import (
	"context"
	"log/slog"
	"time"

	"github.com/signet-auth/signet/ports/store"
	"github.com/signet-auth/signet/ports/sys"
)

const (
	sweepEvery = 10 * time.Minute
	sweepBatch = 1000
)

// Sweeper removes changes that every follower has seen. A follower that was silent for longer than MaxSilence forgets
// everything anyway, so Keep only has to be longer than that. Any number of replicas may run one.
type Sweeper struct {
	Store  store.Store
	System sys.System
	Keep   time.Duration
	Log    *slog.Logger
}

// Run sweeps every ten minutes until ctx ends.
func (s *Sweeper) Run(ctx context.Context) {
	for s.System.Sleep(ctx, sweepEvery) == nil {
		if err := s.Sweep(ctx); err != nil && ctx.Err() == nil {
			s.Log.WarnContext(ctx, "old changes can't be removed", "error", err)
		}
	}
}

// Sweep removes what is old, a batch a transaction: a long one would hold up everybody who commits a change.
func (s *Sweeper) Sweep(ctx context.Context) error {
	before := s.System.Now().Add(-s.Keep)
	for {
		var removed int
		err := s.Store.WithinTx(ctx, func(ctx context.Context, tx *store.Tx) (err error) {
			removed, err = tx.Changes.Purge(ctx, before, sweepBatch)
			return err
		})
		if err != nil || removed < sweepBatch {
			return err
		}
	}
}
