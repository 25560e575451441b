package signet

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

const (
	silence   = 15 * time.Second // no byte for that long: the stream is cut
	tolerance = 30 * time.Second // a cut that is shorter changes nothing
	firstWait = time.Second      // of the first verification, for the first ready
)

// link is how the stream stands.
type link struct {
	now      func() time.Time
	follows  bool // there is an app token to follow with
	deny     bool
	patience time.Duration

	mu      sync.Mutex
	ever    bool // it has been ready
	up      bool
	heard   time.Time
	cut     time.Time // since when it is not up
	refused bool      // the app token is

	settled atomic.Bool // ready, or waited for
	first   chan struct{}
	once    sync.Once
}

func newLink(now func() time.Time, follows, deny bool) *link {
	l := &link{now: now, follows: follows, deny: deny, patience: firstWait, cut: now(), first: make(chan struct{})}
	l.settled.Store(!follows)
	return l
}

// hear notes that there was a byte.
func (l *link) hear() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.heard = l.now()
}

func (l *link) ready() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.heard = l.now()
	l.up, l.refused = true, false
	if !l.ever {
		l.ever = true
		close(l.first)
	}
	l.settled.Store(true)
}

// end notes that the stream is over. It returns whether it had been up.
func (l *link) end(refused bool) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	was := l.up
	if since, cut := l.cutSince(); cut {
		l.cut = since
	} else {
		l.cut = l.now()
	}
	l.up, l.refused = false, refused
	return was
}

// cutSince needs the lock. A stream that nothing is heard of is cut, though it may be open.
func (l *link) cutSince() (time.Time, bool) {
	if !l.up {
		return l.cut, true
	}
	since := l.heard.Add(silence)
	return since, !l.now().Before(since)
}

// live tells whether facts are heard.
func (l *link) live() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, cut := l.cutSince()
	return !cut
}

func (l *link) everReady() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.ever
}

// blind tells whether a verdict would be one without facts.
func (l *link) blind(now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	since, cut := l.cutSince()
	return !l.ever || cut && now.Sub(since) > tolerance
}

// blocked tells whether there is no verdict because of that.
func (l *link) blocked(now time.Time) bool { return l.deny && l.follows && l.blind(now) }

// awaitFirst has the first verifications wait for the first ready, but only so long.
func (l *link) awaitFirst(ctx context.Context) {
	if l.settled.Load() {
		return
	}
	l.once.Do(func() { time.AfterFunc(l.patience, func() { l.settled.Store(true) }) })
	wait := time.NewTimer(l.patience)
	defer wait.Stop()
	select {
	case <-l.first:
	case <-wait.C:
	case <-ctx.Done():
	}
}
