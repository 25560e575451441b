package stream

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/signet-auth/signet/app/access"
	"github.com/signet-auth/signet/app/base"
	"github.com/signet-auth/signet/domain"
)

const (
	// grace is how much longer than it lives a token may be accepted by verifiers whose clocks differ.
	grace = time.Minute
	// skew is how much the clocks of replicas may differ that wrote the times of changes.
	skew = 10 * time.Minute
	// readers is how many streams may read the table at once, and readerWait how long others wait for them.
	readers    = 4
	readerWait = 10 * time.Second
)

// Settings are the limits of streams on this replica.
type Settings struct {
	Places     int           // streams and waiting polls
	PerService int           // of one service
	Heartbeat  time.Duration // between two ticks
	Life       time.Duration // of a stream at most; it ends after two thirds of it at least
}

// Feed is what the hub needs of the feed.
type Feed interface {
	Applied() int64
	Advanced() <-chan struct{}
	Reach(ctx context.Context, seq int64) error
	Lag() time.Duration
}

// Retention knows how long tokens live.
type Retention interface{ Longest() time.Duration }

// Meter is told what happens on streams; all its functions may be nil.
type Meter struct {
	Sent  func(f Fact, after time.Duration) // after is the time since the commit
	Ended func(reason string)
}

// Parts are what the hub is built on.
type Parts struct {
	Feed          Feed
	Retention     Retention
	Authenticator *access.Authenticator
	Directory     *access.Directory
	Cursors       domain.CursorKeys
}

// Hub serves followers. It is a feed.Listener: subscribe it after all others. Safe for concurrent use.
type Hub struct {
	*base.Base
	Parts

	Settings Settings
	Meter    Meter

	mu        sync.Mutex
	place     domain.FeedPlace // of the newest change that it was told of
	ring      ring
	watched   bool // there was a follower, so changes are kept
	places    int
	byService map[domain.PrincipalID]int

	filling  sync.Mutex
	reading  chan struct{}
	draining chan struct{}
	drained  sync.Once
	streams  atomic.Int64
}

// New makes a hub.
func New(b *base.Base, p Parts, s Settings) *Hub {
	return &Hub{
		Base: b, Parts: p, Settings: s, byService: map[domain.PrincipalID]int{},
		reading: make(chan struct{}, readers), draining: make(chan struct{}),
	}
}

// Changed keeps a change that concerns access tokens. This replica's own changes come again with their numbers; until then they have no
// place in the order.
func (h *Hub) Changed(c domain.Change) {
	if c.Seq == 0 {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.place.Seq = c.Seq
	if h.watched && c.Tokens != domain.TokensUnaffected {
		h.ring.add(c)
	}
}

// Flush forgets all changes: followers at older places read the table.
func (h *Hub) Flush(place domain.FeedPlace) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.place = place
	h.ring.reset(place.Seq)
}

// Clients is how many streams are open.
func (h *Hub) Clients() int { return int(h.streams.Load()) }

// Drain ends all streams within three seconds, at random times, so that their followers do not all come to one other replica at once, and
// refuses new ones.
func (h *Hub) Drain() { h.drained.Do(func() { close(h.draining) }) }

func (h *Hub) isDraining() bool {
	select {
	case <-h.draining:
		return true
	default:
		return false
	}
}

// TokenTTL is how long a fact counts: no token that it is about is accepted after that.
func (h *Hub) TokenTTL() time.Duration { return h.Retention.Longest() + grace }

// here is the place of the newest change.
func (h *Hub) here() domain.FeedPlace {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.place
}

// enter takes one of the places of this replica.
func (h *Hub) enter(service domain.PrincipalID) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.isDraining() || h.places >= h.Settings.Places || h.byService[service] >= h.Settings.PerService {
		return domain.ErrBusy.Saying("This replica has no place for another follower now. Try again, which may reach another replica").
			After(time.Second + h.random(9*time.Second))
	}
	h.places++
	h.byService[service]++
	return nil
}

func (h *Hub) leave(service domain.PrincipalID) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.places--
	if h.byService[service]--; h.byService[service] == 0 {
		delete(h.byService, service)
	}
}

// window is the place before the oldest change that may still concern a token.
func (h *Hub) window(ctx context.Context) (domain.FeedPlace, error) {
	place := h.here()
	from := h.System.Now().Add(-h.TokenTTL() - skew)
	h.mu.Lock()
	seq, known := h.ring.before(from)
	h.mu.Unlock()
	if known {
		place.Seq = seq
		return place, nil
	}
	seq, err := h.Store.Read().Facts.Before(ctx, from)
	place.Seq = min(seq, place.Seq)
	return place, err
}

// fill loads the newest changes of the window when the first follower comes, so that those after it need not read the table. After that the
// ring is kept.
func (h *Hub) fill(ctx context.Context) error {
	h.filling.Lock()
	defer h.filling.Unlock()
	h.mu.Lock()
	if h.watched {
		h.mu.Unlock()
		return nil
	}
	h.watched = true
	h.ring.reset(h.place.Seq)
	begin := h.place
	h.mu.Unlock()

	since := h.System.Now().Add(-h.TokenTTL() - skew)
	from, err := h.window(ctx)
	if err != nil {
		h.unwatch()
		return err
	}
	older := ring{begin: from.Seq, since: since}
	if from.Seq < begin.Seq-ringSize {
		older = ring{begin: begin.Seq - ringSize}
	}
	for at := older.begin; at < begin.Seq; {
		read, err := h.Store.Read().Facts.Between(ctx, at, begin.Seq, batch)
		if err != nil {
			h.unwatch()
			return err
		}
		for _, c := range read {
			older.add(c)
			at = c.Seq
		}
		if len(read) < batch {
			break
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.place.Epoch == begin.Epoch && h.ring.begin == begin.Seq { // nothing was flushed or dropped meanwhile
		for _, c := range h.ring.all() {
			older.add(c)
		}
		h.ring = older
	}
	return nil
}

func (h *Hub) unwatch() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.watched = false
	h.ring.reset(h.place.Seq)
}
