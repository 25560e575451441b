package gothoauth

import (
	"sync"
	"time"
)

const (
	breakAfter = 5                // failures in a row until it opens
	breakFor   = 10 * time.Second // without a call
)

// breaker saves people the wait for a provider that is down: after several network failures or 5xx in a row, calls are refused for a while.
// Then one call is tried, and the others are still refused until it succeeds.
type breaker struct {
	mu       sync.Mutex
	failures int
	open     time.Time // until then
}

func (b *breaker) closed(now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if now.Before(b.open) {
		return false
	}
	if b.failures >= breakAfter {
		b.open = now.Add(breakFor)
	}
	return true
}

func (b *breaker) failed(now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.failures++; b.failures >= breakAfter {
		b.open = now.Add(breakFor)
	}
}

func (b *breaker) succeeded() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.failures, b.open = 0, time.Time{}
}
