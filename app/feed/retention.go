package feed

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

const (
	// shortestKeep must be longer than the silence after which a follower forgets everything anyway.
	shortestKeep = 2 * time.Hour
	// margin is how much longer than a token a change is kept that the token may have to be compared with.
	margin = 30 * time.Minute
	// livesKey is the key in meta for the lives of access tokens that replicas issue: seconds, and the Unix time at which one last said so.
	livesKey = "access_token_lives"
	// sayEvery is how often a replica says it again.
	sayEvery = time.Hour
)

// Retention decides how long changes are kept: longer than any access token lives that they may end. Every replica writes down for how long
// it issues tokens, so that a shorter life after a new start does not remove what older tokens still need. Safe for concurrent use.
type Retention struct {
	Store store.Store
	Own   time.Duration // of the access tokens that this replica issues

	longest atomic.Int64
}

// Longest is the longest life of access tokens that any replica issued lately, as of the last Announce.
func (r *Retention) Longest() time.Duration { return max(r.Own, time.Duration(r.longest.Load())) }

// Keep is how long changes are kept.
func (r *Retention) Keep() time.Duration { return keepFor(r.Longest()) }

func keepFor(life time.Duration) time.Duration { return max(shortestKeep, life+margin) }

// Announce writes down the life of this replica's tokens, and reads those of others. Two replicas that write at once may lose one of the
// two, which then writes again with the next sweep.
func (r *Retention) Announce(ctx context.Context, now time.Time) error {
	text, err := r.Store.Read().Meta.Get(ctx, livesKey)
	if err != nil && !errors.Is(err, domain.ErrNotFound) {
		return err
	}
	said := map[string]int64{}
	if err == nil {
		_ = json.Unmarshal([]byte(text), &said) // what can't be read is written again
	}
	lives := map[string]int64{}
	longest := r.Own
	for seconds, at := range said {
		n, err := strconv.ParseInt(seconds, 10, 64)
		life := time.Duration(n) * time.Second
		if err == nil && now.Sub(time.Unix(at, 0)) <= keepFor(life)+2*sayEvery {
			lives[seconds], longest = at, max(longest, life)
		}
	}
	r.longest.Store(int64(longest))
	own := strconv.FormatInt(int64(r.Own/time.Second), 10)
	if now.Sub(time.Unix(lives[own], 0)) < sayEvery {
		return nil
	}
	lives[own] = now.Unix()
	return r.Store.WithinTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		text, err := json.Marshal(lives)
		if err != nil {
			return err
		}
		return tx.Meta.Put(ctx, livesKey, string(text))
	})
}

// Purge removes up to n changes that nobody needs any more, and returns how many.
func (r *Retention) Purge(ctx context.Context, now time.Time, n int) (removed int, err error) {
	if err := r.Announce(ctx, now); err != nil {
		return 0, err
	}
	err = r.Store.WithinTx(ctx, func(ctx context.Context, tx *store.Tx) (err error) {
		removed, err = tx.Changes.Purge(ctx, now.Add(-r.Keep()), n)
		return err
	})
	if err != nil {
		return 0, err
	}
	return removed, nil
}
