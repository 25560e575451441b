package gothoauth

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/signet-auth/signet/ports/provider"
)

const (
	keysShortest = 5 * time.Minute
	keysDefault  = time.Hour
	keysLongest  = 24 * time.Hour
	keysStale    = 24 * time.Hour   // beyond their time, while the provider is down
	keysReload   = 30 * time.Second // at least between two readings for unknown kids
)

// keySet is a provider's keys, cached.
type keySet struct {
	turn chan struct{} // of the one that reads

	mu    sync.Mutex
	keys  []provider.Key
	read  time.Time
	fresh time.Time // until then
	asked time.Time // with or without success
}

func newKeySet() *keySet { return &keySet{turn: make(chan struct{}, 1)} }

// copies are the known keys.
type copies struct {
	keys               []provider.Key
	read, fresh, asked time.Time
}

func (k *keySet) get() copies {
	k.mu.Lock()
	defer k.mu.Unlock()
	return copies{k.keys, k.read, k.fresh, k.asked}
}

// verify checks an id_token under the provider's keys. An unknown kid may belong to a key that is newer than our copy, so the keys are read
// again at once, but not for each such token, since anybody can make one up.
func (c *client) verify(ctx context.Context, token string, m *metadata, want provider.Expected) (provider.Claims, error) {
	known, err := c.keysOf(ctx, m, time.Time{})
	if err != nil {
		return provider.Claims{}, err
	}
	claims, err := c.ids.Verify(token, known.keys, want)
	if errors.Is(err, provider.ErrUnknownKey) {
		if known, err = c.keysOf(ctx, m, known.read); err != nil {
			return provider.Claims{}, err
		}
		claims, err = c.ids.Verify(token, known.keys, want)
	}
	if err != nil {
		return provider.Claims{}, c.notVerified(err)
	}
	return claims, nil
}

func (c *client) notVerified(err error) error {
	var clock *provider.ClockError
	switch {
	case errors.As(err, &clock):
		return c.failed(provider.StepIDToken, "clock", "the clock of this machine is off by "+clock.Off.Round(time.Second).String()+" or more, or the provider's is", err)
	case errors.Is(err, provider.ErrUnknownKey):
		return c.failed(provider.StepIDToken, "unknown_key", "", err)
	}
	return c.failed(provider.StepIDToken, "not_valid", "", err)
}

// keysOf returns the known keys if they are fresh and newer than since; else it reads them. If that fails, it uses the known keys for a
// day, without a new attempt at each login.
func (c *client) keysOf(ctx context.Context, m *metadata, since time.Time) (copies, error) {
	usable := func(k copies) bool { return k.read.After(since) && c.now().Before(k.fresh) }
	known := c.keys.get()
	if usable(known) {
		return known, nil
	}
	select {
	case c.keys.turn <- struct{}{}:
		defer func() { <-c.keys.turn }()
	case <-ctx.Done():
		return copies{}, c.networkFailed(provider.StepKeys, ctx.Err())
	}
	known = c.keys.get()
	stale := !known.read.IsZero() && c.now().Before(known.fresh.Add(keysStale))
	if usable(known) || stale && c.now().Sub(known.asked) < keysReload { // another call has read them while we waited
		return known, nil
	}
	if stale { // the rest of the login needs time, too
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.timeout/3)
		defer cancel()
	}
	if err := c.readKeys(ctx, m); err != nil && !stale {
		return copies{}, err
	}
	return c.keys.get(), nil
}

func (c *client) readKeys(ctx context.Context, m *metadata) error {
	k := c.keys
	k.mu.Lock()
	k.asked = c.now()
	k.mu.Unlock()
	calls := &calls{ctx: ctx, client: c}
	body, header, err := calls.get(m.JWKSURI, "")
	if err != nil {
		return c.callFailed(provider.StepKeys, calls, "")
	}
	keys, err := c.ids.Keys(body)
	if err != nil {
		return c.failed(provider.StepKeys, "unreadable", "", err)
	}
	now := c.now()
	k.mu.Lock()
	defer k.mu.Unlock()
	k.keys, k.read, k.fresh = keys, now, now.Add(keysLife(header))
	return nil
}

// keysLife is how long keys stay fresh (RFC 9111 §5.2.2.1).
func keysLife(header http.Header) time.Duration {
	for directive := range strings.SplitSeq(header.Get("Cache-Control"), ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(directive), "=")
		seconds, err := strconv.ParseInt(strings.Trim(value, `"`), 10, 32)
		if strings.EqualFold(name, "max-age") && err == nil {
			return min(max(time.Duration(seconds)*time.Second, keysShortest), keysLongest)
		}
	}
	return keysDefault
}
