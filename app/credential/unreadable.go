package credential

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/signet-auth/signet/ports/sys"
)

// unreadable tells operators about imported accounts whose hashes Signet can't read. The owners only see that their password is wrong.
type unreadable struct {
	seldom sys.Seldom
	mu     sync.Mutex
	counts map[string]uint64
}

func (u *unreadable) note(ctx context.Context, log *slog.Logger, kind string, now time.Time) {
	if kind == "" {
		return
	}
	u.mu.Lock()
	if u.counts == nil {
		u.counts = map[string]uint64{}
	}
	u.counts[kind]++
	u.mu.Unlock()
	if u.seldom.Passes(kind, 24*time.Hour, now) {
		log.WarnContext(ctx, "a login met a stored password hash that can't be read: its owner must set another password. docs/password-hashes.md says what is read", "kind", kind)
	}
}

// Unreadable is how many comparisons met a hash of the kind that can't be read.
func (p *Passwords) Unreadable(kind string) uint64 {
	p.unreadable.mu.Lock()
	defer p.unreadable.mu.Unlock()
	return p.unreadable.counts[kind]
}
