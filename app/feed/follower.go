// Package feed follows the change feed, so that every cache of this replica drops within a second what any replica changed.
//
//	WithinTx ── commit ──► Committed ──► caches of this replica, before the answer
//	                └─► changes row ──► poll (500 ms, or woken) ──► caches of the other replicas
//
// The poll gives the guarantee; the wake-up through Redis only makes it faster.
package feed

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
	"github.com/signet-auth/signet/ports/sys"
	"github.com/signet-auth/signet/ports/transient"
)

// batch is how many changes one poll reads; if there is more, the next poll follows at once.
const batch = 1000

// Settings are the feed's intervals.
type Settings struct {
	Poll time.Duration // between two looks
	// MaxStaleness is how long cached answers are used while the database can't be reached, counted from the start of the last successful
	// poll. A database that is down acknowledges no revocation, so no acknowledged one is missed.
	MaxStaleness time.Duration
	// MaxSilence is the gap after which unread rows may have been purged, so that all caches are flushed.
	MaxSilence time.Duration
}

// Listener is called when cached values must be dropped.
type Listener interface {
	// Changed drops what is cached about one subject. A change without a number is this replica's own, just committed: it comes again
	// with its number.
	Changed(change domain.Change)
	// Flush drops everything: the feed goes on at a place that was not reached by reading it.
	Flush(place domain.FeedPlace)
}

// pace is the least time between two polls that somebody asked for: a burst of commits is one look.
const pace = 50 * time.Millisecond

// Follower reads the feed. Run it once per replica; the other methods are safe for concurrent use.
type Follower struct {
	Store    store.Store
	Waker    transient.Waker
	System   sys.System
	Settings Settings
	Log      *slog.Logger

	mu        sync.Mutex
	listeners []Listener
	place     domain.FeedPlace
	fallen    bool         // the highest number fell, and no new epoch could be written yet
	applied   atomic.Int64 // place.Seq, once all listeners have been told
	lastGood  atomic.Int64 // Unix microseconds of the start of the last good poll

	own      signal // this replica has committed changes
	advanced signal // the listeners were told of something

	catching sync.Mutex
	lastMiss time.Time

	reaching sync.Mutex // guards next
	next     *reach
	pacing   sync.Mutex // held from the beginning of a poll of Reach until the next one may begin
}

// Subscribe adds a listener. Call it before Run. Listeners are called in the order of their subscription. A listener that caches results of
// another one must come after it, otherwise it could cache what the other is about to drop.
func (f *Follower) Subscribe(l Listener) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.listeners = append(f.listeners, l)
}

// Committed applies this replica's own changes and wakes other replicas.
func (f *Follower) Committed(c store.Commit) {
	if len(c.Changes) == 0 {
		return
	}
	f.tell(c.Changes)
	f.Waker.Wake()
	f.own.raise() // whether or not the waker hears itself: only a poll knows the numbers, for which services wait
}

// Advanced is closed when a poll has next told the listeners of something.
func (f *Follower) Advanced() <-chan struct{} { return f.advanced.next() }

// Fresh is domain.ErrUnavailable when the feed could not be read for so long that cached answers may no longer be used. It polls once more
// before it returns that: after a suspended machine wakes up, only time has passed.
func (f *Follower) Fresh(ctx context.Context) error {
	if f.Lag() <= f.Settings.MaxStaleness {
		return nil
	}
	f.catchUp(ctx)
	if f.Lag() > f.Settings.MaxStaleness {
		return domain.ErrUnavailable
	}
	return nil
}

// catchUp polls on behalf of all callers that found the feed stale; those that waited for it find it done. After a failure nobody tries
// again until a poll is due, so that requests don't queue for a database that is down.
func (f *Follower) catchUp(ctx context.Context) {
	f.catching.Lock()
	defer f.catching.Unlock()
	now := f.System.Now()
	if f.Lag() <= f.Settings.MaxStaleness || now.Sub(f.lastMiss).Abs() < f.Settings.Poll {
		return
	}
	for more := true; more; {
		var err error
		if more, err = f.Poll(context.WithoutCancel(ctx)); err != nil {
			f.lastMiss = f.System.Now()
		}
	}
}

// Applied is the number of the newest change that every cache of this replica was told of. Data that is read afterwards includes it, and a
// token made from that data says so in its claim cs.
func (f *Follower) Applied() int64 { return f.applied.Load() }

// Lag is how old the caches may be: the time since the start of the last poll that left nothing unread.
func (f *Follower) Lag() time.Duration {
	return f.System.Now().Sub(time.UnixMicro(f.lastGood.Load()))
}

// Run polls until ctx ends. The first poll only finds the place to begin.
func (f *Follower) Run(ctx context.Context) {
	for {
		own := f.own.next() // before the poll, which may miss what is committed during it
		more, err := f.Poll(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			f.Log.WarnContext(ctx, "the change feed can't be read", "error", err)
		case more:
			continue
		}
		f.wait(ctx, own)
	}
}

func (f *Follower) wait(ctx context.Context, own <-chan struct{}) {
	ctx, cancel := context.WithTimeout(ctx, f.Settings.Poll)
	defer cancel()
	paced := time.NewTimer(pace)
	defer paced.Stop()
	select {
	case <-ctx.Done():
		return
	case <-own:
	case <-f.Waker.Woken():
	}
	select {
	case <-ctx.Done():
	case <-paced.C:
	}
}

// Poll reads the feed once, calls the listeners, and returns whether there is more to read at once. Only a poll that leaves nothing unread
// counts as successful.
func (f *Follower) Poll(ctx context.Context) (more bool, err error) {
	start := f.System.Now()
	f.mu.Lock()
	defer f.mu.Unlock()
	seen, err := f.Store.Read().Changes.After(ctx, f.place.Seq, batch)
	if err != nil {
		return false, err
	}
	fell := seen.Max < f.place.Seq
	if seen.Epoch == f.place.Epoch && (fell || f.fallen) {
		if seen, err = f.beginEpoch(ctx, seen); err != nil {
			f.Log.WarnContext(ctx, "the numbers of the change feed fell, as after a failover that lost commits, and no new epoch can be written", "error", err)
		}
	}
	last := time.UnixMicro(f.lastGood.Load())
	if seen.Epoch != f.place.Epoch || fell || start.Sub(last) > f.Settings.MaxSilence {
		f.fallen = f.fallen && seen.Epoch == f.place.Epoch
		f.place = domain.FeedPlace{Epoch: seen.Epoch, Begun: seen.Begun, Seq: seen.Max}
		for _, l := range f.listeners {
			l.Flush(f.place)
		}
	} else {
		f.apply(seen.Changes)
	}
	if f.applied.Swap(f.place.Seq) != f.place.Seq || fell {
		f.advanced.raise()
	}
	if more = f.place.Seq < seen.Max && len(seen.Changes) == batch; !more { // before that, unread changes may be revocations
		f.lastGood.Store(start.UnixMicro())
	}
	return more, nil
}

// beginEpoch gives the feed another epoch after its highest number fell: a standby that had not received the last commits became the
// primary, and numbers that were given out will be given to other changes. It returns the feed as it is then, or as it was.
func (f *Follower) beginEpoch(ctx context.Context, seen store.Feed) (store.Feed, error) {
	now := f.System.Now()
	err := f.Store.WithinTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		return tx.Restoration.BeginEpoch(ctx, seen.Epoch, f.System.NewID(), now)
	})
	if f.fallen = err != nil; err != nil {
		return seen, err
	}
	again, err := f.Store.Read().Changes.After(ctx, seen.Max, batch)
	if err != nil {
		return seen, err
	}
	return again, nil
}

func (f *Follower) apply(changes []domain.Change) {
	for _, c := range changes {
		for _, l := range f.listeners {
			l.Changed(c)
		}
		f.place.Seq = c.Seq
	}
}

// tell does not change the place: own changes come again through the poll, and dropping twice does no harm. Listeners are fixed once Run has
// begun, so it needs no lock, which a slow poll would hold.
func (f *Follower) tell(changes []domain.Change) {
	for _, c := range changes {
		for _, l := range f.listeners {
			l.Changed(c)
		}
	}
}
