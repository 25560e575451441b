// Package outbox delivers what transactions have queued: mail today, webhooks later.
//
//	use case ── tx ──► outbox row ──► Dispatcher: claim (lease) ─► handle ─► settle
//	                                                                 ├─ later:  retry with back-off and jitter
//	                                                                 └─ never:  park
//
// A request never waits for any of this, so a mail server that is down, slow or broken never affects an answer.
package outbox

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
	"github.com/signet-auth/signet/ports/sys"
)

// Settings bound the dispatcher.
type Settings struct {
	Workers    int           // messages handled at once
	Lease      time.Duration // the duration of a claim; delivery gets half of it
	Poll       time.Duration // a fallback for the wake-up after a commit
	MaxBackoff time.Duration
}

// Prepare handles a topic whose work is in the database: it runs in the transaction that settles the message.
type Prepare func(ctx context.Context, tx *store.Tx, m domain.Message) error

// Deliver handles a topic whose work is outside: it runs with no transaction open.
type Deliver func(ctx context.Context, m domain.Message) error

// Dispatcher claims messages of the topics that it handles. Others wait for a replica that knows them, because a release must be able to
// serve beside the next one. Any number of replicas may run one.
type Dispatcher struct {
	Store    store.Store
	System   sys.System
	Settings Settings
	Log      *slog.Logger
	Prepare  map[domain.Topic]Prepare
	Deliver  map[domain.Topic]Deliver

	wake chan struct{}
	once sync.Once

	done, retried, parked atomic.Int64
}

// Done is how many messages this replica has handled.
func (d *Dispatcher) Done() int64 { return d.done.Load() }

// Retried is how many failed tries will be repeated.
func (d *Dispatcher) Retried() int64 { return d.retried.Load() }

// Parked is how many messages it gave up.
func (d *Dispatcher) Parked() int64 { return d.parked.Load() }

// permanent marks an error that a retry will not fix.
type permanent struct{ error }

func (p permanent) Unwrap() error { return p.error }

// Committed wakes the dispatcher after a transaction that queued a message.
func (d *Dispatcher) Committed(c store.Commit) {
	if c.Messages {
		select {
		case d.bell() <- struct{}{}:
		default:
		}
	}
}

func (d *Dispatcher) bell() chan struct{} {
	d.once.Do(func() { d.wake = make(chan struct{}, 1) })
	return d.wake
}

// Run claims and handles until ctx ends, then waits for what is under way.
func (d *Dispatcher) Run(ctx context.Context) {
	places := make(chan struct{}, d.Settings.Workers)
	var working sync.WaitGroup
	defer working.Wait()
	for {
		n := take(ctx, places)
		if n == 0 {
			return
		}
		claimed, err := d.claim(ctx, n)
		if err != nil && ctx.Err() == nil {
			d.Log.WarnContext(ctx, "the outbox can't be read", "error", err)
		}
		for range n - len(claimed) {
			<-places
		}
		for _, m := range claimed {
			working.Go(func() {
				defer func() { <-places }()
				d.handle(context.WithoutCancel(ctx), m)
			})
		}
		if len(claimed) < n {
			d.wait(ctx)
		}
	}
}

// take waits for a free place and takes all that are free: claimed messages are handled at once, so no lease expires in a queue.
func take(ctx context.Context, places chan struct{}) int {
	select {
	case <-ctx.Done():
		return 0
	case places <- struct{}{}:
	}
	n := 1
	for {
		select {
		case places <- struct{}{}:
			n++
		default:
			return n
		}
	}
}

func (d *Dispatcher) wait(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, d.Settings.Poll)
	defer cancel()
	select {
	case <-ctx.Done():
	case <-d.bell():
	}
}

func (d *Dispatcher) claim(ctx context.Context, n int) (claimed []domain.Message, err error) {
	err = d.Store.WithinTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		claimed, err = tx.Outbox.Claim(ctx, d.System.Now(), d.Settings.Lease, d.topics(), n)
		return err
	})
	if err != nil {
		return nil, err
	}
	return claimed, nil
}

// topics are those that it handles.
func (d *Dispatcher) topics() []domain.Topic {
	return append(slices.Sorted(maps.Keys(d.Prepare)), slices.Sorted(maps.Keys(d.Deliver))...)
}

// handle does the work of one message and records how it went. It outlives a cancelled Run: a sent mail must be settled.
func (d *Dispatcher) handle(ctx context.Context, m domain.Message) {
	if m.RequestID != "" { // its log lines and messages belong to that request
		ctx = sys.WithRequestID(ctx, m.RequestID)
	}
	ctx, end := d.System.Begin(ctx, "outbox "+string(m.Topic))
	ctx, cancel := context.WithTimeout(ctx, d.Settings.Lease)
	defer cancel()
	err := d.attempt(ctx, m)
	defer end(err)
	if err == nil {
		d.done.Add(1)
		return
	}
	var forGood permanent
	parked := errors.As(err, &forGood)
	if parked {
		d.parked.Add(1)
	} else {
		d.retried.Add(1)
	}
	d.Log.WarnContext(ctx, "a message of the outbox failed", "topic", m.Topic, "id", m.ID, "attempt", m.Attempts, "parked", parked, "error", err)
	err = d.Store.WithinTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		now := d.System.Now()
		if parked {
			_, err := tx.Outbox.Park(ctx, m, now, err.Error())
			return err
		}
		_, err := tx.Outbox.Retry(ctx, m, now.Add(d.backoff(m.Attempts)), err.Error())
		return err
	})
	if err != nil {
		d.Log.WarnContext(ctx, "a message of the outbox could not be given back; its lease will run out", "id", m.ID, "error", err)
	}
}

func (d *Dispatcher) attempt(ctx context.Context, m domain.Message) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	if !m.ExpiresAt.IsZero() && !d.System.Now().Before(m.ExpiresAt) {
		return permanent{errors.New("it expired before it could be delivered")}
	}
	if prepare, ok := d.Prepare[m.Topic]; ok {
		return d.Store.WithinTx(ctx, func(ctx context.Context, tx *store.Tx) error {
			if err := prepare(ctx, tx, m); err != nil {
				return err
			}
			return d.settle(ctx, tx, m)
		})
	}
	sending, cancel := context.WithTimeout(ctx, d.Settings.Lease/2)
	defer cancel()
	if err := d.Deliver[m.Topic](sending, m); err != nil {
		return err
	}
	return d.Store.WithinTx(ctx, func(ctx context.Context, tx *store.Tx) error { return d.settle(ctx, tx, m) })
}

var errLeaseLost = errors.New("the lease was lost: another dispatcher has the message")

// settle fails when the lease is lost, which rolls prepared work back: the dispatcher with the new lease does it.
func (d *Dispatcher) settle(ctx context.Context, tx *store.Tx, m domain.Message) error {
	ok, err := tx.Outbox.Settle(ctx, m, d.System.Now())
	if err == nil && !ok {
		return errLeaseLost
	}
	return err
}

// backoff doubles from a second to the maximum, with jitter in the upper half, so that a recovered server is not hit by all retries at
// once.
func (d *Dispatcher) backoff(attempts int) time.Duration {
	delay := d.Settings.MaxBackoff
	if attempts < 20 {
		delay = min(delay, time.Second<<attempts)
	}
	var jitter [1]byte
	_, _ = d.System.Entropy.Read(jitter[:])
	return delay/2 + delay/2*time.Duration(jitter[0])/256
}
