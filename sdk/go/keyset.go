package signet

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"
)

const (
	keysEvery   = 5 * time.Minute  // ± 10 %
	keysTimeout = 3 * time.Second  // of one fetch
	keysWait    = 2 * time.Second  // of a caller whose key is not known
	keysLast    = 24 * time.Hour   // without a good answer
	unknownFor  = 10 * time.Second // an unknown kid is not asked for again
	unknownKeep = 1000             // of them
)

// keySet are Signet's keys, fetched in the background. A good set is replaced by a good set only.
type keySet struct {
	client *client
	now    func() time.Time
	random func() float64 // 0 to 1
	report *report
	drop   func(kid string) // told when a key is gone

	mu       sync.Mutex
	keys     map[string]*verifyKey
	etag     string
	good     time.Time // of the last good answer
	due      time.Time // of the next fetch; zero: at once
	failures int
	flight   chan struct{} // closed when the running fetch is over
	asked    time.Time     // for an unknown kid
	unknown  map[string]time.Time
}

// find is the key of that name. It waits for a fetch if the name is unknown, and not for longer than keysWait.
func (k *keySet) find(ctx context.Context, kid string) (*verifyKey, Reason, error) {
	k.mu.Lock()
	now := k.now()
	key := k.keys[kid]
	stale := k.keys != nil && now.Sub(k.good) > keysLast
	if key != nil && !stale {
		k.mu.Unlock()
		return key, "", nil
	}
	flight := k.flight
	if flight == nil && k.mayAsk(kid, now, stale) {
		flight = k.start()
	}
	k.mu.Unlock()
	if flight != nil {
		wait := time.NewTimer(keysWait)
		defer wait.Stop()
		select {
		case <-flight:
		case <-wait.C:
		case <-ctx.Done():
			return nil, "", &Unavailable{Cause: ctx.Err(), RetryAfter: time.Second}
		}
	}
	return k.known(kid)
}

// known is what can be said without asking.
func (k *keySet) known(kid string) (*verifyKey, Reason, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	now := k.now()
	if k.keys == nil || now.Sub(k.good) > keysLast {
		return nil, "", unavailable("Signet's keys could not be fetched")
	}
	if key := k.keys[kid]; key != nil {
		return key, "", nil
	}
	if !now.Before(k.unknown[kid]) {
		k.remember(kid, now)
	}
	return nil, ReasonKeyUnknown, nil
}

// mayAsk tells whether a fetch may begin for a kid that is not known. Strangers invent names, so it is once in 10 s for all of them.
// Without any set it is a matter of the backoff.
func (k *keySet) mayAsk(kid string, now time.Time, stale bool) bool {
	if k.keys == nil || stale {
		return !now.Before(k.due)
	}
	if now.Before(k.unknown[kid]) || !k.asked.IsZero() && now.Sub(k.asked) < unknownFor {
		return false
	}
	k.asked = now
	return true
}

func (k *keySet) remember(kid string, now time.Time) {
	if len(k.unknown) >= unknownKeep {
		maps.DeleteFunc(k.unknown, func(_ string, until time.Time) bool { return !now.Before(until) })
	}
	if len(k.unknown) < unknownKeep {
		k.unknown[kid] = now.Add(unknownFor)
	}
}

// refresh begins a fetch if it is time for one, or at once. It returns what is closed when the running one is over, nil without one.
func (k *keySet) refresh(atOnce bool) <-chan struct{} {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.flight == nil && (atOnce || !k.now().Before(k.due)) {
		return k.start()
	}
	return k.flight
}

// start needs the lock.
func (k *keySet) start() chan struct{} {
	done := make(chan struct{})
	k.flight = done
	etag := k.etag
	go func() {
		keys, newTag, err := k.fetch(etag)
		k.mu.Lock()
		gone := k.apply(keys, newTag, err)
		k.flight = nil
		k.mu.Unlock()
		for _, kid := range gone {
			k.drop(kid)
		}
		k.report.keys(err)
		close(done)
	}()
	return done
}

// apply takes the outcome of a fetch; keys are nil if they are as before. It returns the names that are gone.
func (k *keySet) apply(keys map[string]*verifyKey, etag string, err error) (gone []string) {
	now := k.now()
	if err != nil {
		k.due = now.Add(k.backoff())
		k.failures++
		return nil
	}
	k.failures, k.good = 0, now
	k.due = now.Add(time.Duration(float64(keysEvery) * (0.9 + 0.2*k.random())))
	if keys == nil {
		return nil
	}
	for kid := range k.keys {
		if keys[kid] == nil {
			gone = append(gone, kid)
		}
	}
	k.keys, k.etag = keys, etag
	return gone
}

// backoff is 1 s, doubling to 60 s, and a quarter less or more.
func (k *keySet) backoff() time.Duration {
	return time.Duration(float64(min(time.Second<<min(k.failures, 6), time.Minute)) * (0.75 + 0.5*k.random()))
}

func (k *keySet) fetch(etag string) (map[string]*verifyKey, string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), keysTimeout)
	defer cancel()
	header := http.Header{"Accept": {"application/json"}}
	if etag != "" {
		header.Set("If-None-Match", etag)
	}
	answer, err := k.client.do(ctx, call{method: http.MethodGet, path: "/.well-known/jwks.json", header: header, limit: maxKeySet})
	switch {
	case err != nil:
		return nil, "", err
	case answer.status == http.StatusNotModified && etag != "":
		return nil, "", nil
	case answer.status >= 300 && answer.status < 400:
		return nil, "", errors.New("the answer is a redirect, which is not followed: URL must be the address itself")
	case answer.status != http.StatusOK:
		return nil, "", fmt.Errorf("the answer is %d", answer.status)
	}
	keys, err := readKeySet(answer.body)
	return keys, answer.header.Get("ETag"), err
}

func (k *keySet) has(kid string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.keys[kid] != nil
}

// names are the kids of the set.
func (k *keySet) names() []string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.Sorted(maps.Keys(k.keys))
}
