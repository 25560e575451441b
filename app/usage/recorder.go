// Package usage counts how often application tokens are used.
//
//	a request with one ─► Recorder (memory) ─► every 10 s, in the order of the keys ─► hours of tokens, and secrets
//
// Each replica adds its own counts. They help people to find unused tokens: at most 10 s of use may be lost, and nothing is counted twice.
package usage

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
	"github.com/signet-auth/signet/ports/sys"
)

const (
	// every is how often counts are written.
	every = 10 * time.Second
	// batch is how many tokens one transaction writes, so that it fits the deadline of a statement.
	batch = 200
)

// Recorder counts. Safe for concurrent use.
type Recorder struct {
	Store  store.Store
	System sys.System
	Log    *slog.Logger

	mu     sync.Mutex
	counts map[domain.AppTokenID]*count
}

// count is the unwritten use of one token.
type count struct {
	secrets map[domain.AppTokenSecretID]domain.TokenUse
	hours   map[time.Time]domain.UsedHour
}

// Used counts one request that was authenticated with an application token itself. It ignores other actors.
func (r *Recorder) Used(a domain.Actor, from domain.Origin) {
	if !a.Raw {
		return
	}
	now := r.System.Now()
	use := domain.TokenUse{Secret: a.Secret, Token: a.AppToken, Count: 1, LastAt: now, LastIP: from.IP}
	r.mu.Lock()
	defer r.mu.Unlock()
	c := r.counts[a.AppToken]
	if c == nil {
		c = &count{secrets: map[domain.AppTokenSecretID]domain.TokenUse{}, hours: map[time.Time]domain.UsedHour{}}
		if r.counts == nil {
			r.counts = map[domain.AppTokenID]*count{}
		}
		r.counts[a.AppToken] = c
	}
	c.addUse(use)
	c.addHour(domain.UsedHour{Token: a.AppToken, Hour: domain.HourOf(now), Count: 1, LastAt: now})
}

func (c *count) addUse(use domain.TokenUse) {
	if known, ok := c.secrets[use.Secret]; ok {
		use = use.And(known)
	}
	c.secrets[use.Secret] = use
}

func (c *count) addHour(hour domain.UsedHour) {
	if known, ok := c.hours[hour.Hour]; ok {
		hour.Count += known.Count
		if known.LastAt.After(hour.LastAt) {
			hour.LastAt = known.LastAt
		}
	}
	c.hours[hour.Hour] = hour
}

// Run writes every 10 s until ctx ends, and once more then.
func (r *Recorder) Run(ctx context.Context) {
	for r.System.Sleep(ctx, every) == nil {
		r.Flush(ctx)
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	r.Flush(last)
}

// Flush writes the counts. Counts that were certainly not written are kept for the next time. Counts that may have been written are
// dropped: readers expect a few missing ones, but too many would show use that never happened.
func (r *Recorder) Flush(ctx context.Context) {
	r.mu.Lock()
	counts := r.counts
	r.counts = nil
	r.mu.Unlock()
	tokens := make([]domain.AppTokenID, 0, len(counts))
	for id := range counts {
		tokens = append(tokens, id)
	}
	slices.Sort(tokens)
	for len(tokens) > 0 {
		n := min(len(tokens), batch)
		err := r.write(ctx, tokens[:n], counts)
		switch {
		case errors.Is(err, store.ErrUnknownOutcome):
			r.Log.WarnContext(ctx, "the use of application tokens may not have been counted", "tokens", n, "error", err)
		case err != nil:
			r.Log.WarnContext(ctx, "the use of application tokens can't be written; it is kept for the next time", "tokens", len(tokens), "error", err)
			r.keep(tokens, counts)
			return
		}
		tokens = tokens[n:]
	}
}

// write adds the use of some tokens. They are in order, and so are the rows that are written, so that replicas that write at the same time
// never deadlock.
func (r *Recorder) write(ctx context.Context, tokens []domain.AppTokenID, counts map[domain.AppTokenID]*count) error {
	var secrets []domain.TokenUse
	var hours []domain.UsedHour
	for _, id := range tokens {
		for _, use := range counts[id].secrets {
			secrets = append(secrets, use)
		}
		for _, hour := range counts[id].hours {
			hours = append(hours, hour)
		}
	}
	slices.SortFunc(secrets, func(a, b domain.TokenUse) int { return cmp.Compare(a.Secret, b.Secret) })
	slices.SortFunc(hours, func(a, b domain.UsedHour) int { return cmp.Or(cmp.Compare(a.Token, b.Token), a.Hour.Compare(b.Hour)) })
	return r.Store.WithinTx(ctx, func(ctx context.Context, tx *store.Tx) error { return tx.AppTokens.AddUse(ctx, secrets, hours) })
}

// keep puts back what could not be written.
func (r *Recorder) keep(tokens []domain.AppTokenID, counts map[domain.AppTokenID]*count) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.counts == nil {
		r.counts = map[domain.AppTokenID]*count{}
	}
	for _, id := range tokens {
		newer := r.counts[id]
		if newer == nil {
			r.counts[id] = counts[id]
			continue
		}
		for _, use := range counts[id].secrets {
			newer.addUse(use)
		}
		for _, hour := range counts[id].hours {
			newer.addHour(hour)
		}
	}
}
