package memory_test

import (
	"sync"
	"time"

	"github.com/signet-auth/signet/adapters/memory"
	"github.com/signet-auth/signet/ports/cache"
	"github.com/signet-auth/signet/ports/mailer"
	"github.com/signet-auth/signet/ports/transient"
)

var (
	_ cache.Cache[string, int] = (*memory.Cache[string, int])(nil)
	_ transient.Limiter        = (*memory.Limiter)(nil)
	_ transient.Waker          = (*memory.Waker)(nil)
	_ mailer.Transport         = (*memory.Inbox)(nil)
)

// hands is a clock that the test moves.

type hands struct {
	mu  sync.Mutex
	now time.Time
}

func newHands() *hands { return &hands{now: time.Date(2026, 11, 23, 19, 2, 0, 0, time.UTC)} }

func (h *hands) Now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.now
}

func (h *hands) Advance(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = h.now.Add(d)
}
