package core_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/signet-auth/signet/app/outbox"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
	"github.com/signet-auth/signet/test/testkit/rig"
)

const (
	prepared  domain.Topic = "prepared"
	delivered domain.Topic = "delivered"
)

// never is an interval that no test waits out, so that what is seen came by the wake-up.
const never = time.Hour

// dispatching is a rig whose dispatcher handles two topics with the given functions, and polls quickly.
func dispatching(t *testing.T, prepare outbox.Prepare, deliver outbox.Deliver) *rig.Rig {
	t.Helper()
	r := rig.New(t)
	handle(r, prepare, deliver)
	return r
}

func handle(r *rig.Rig, prepare outbox.Prepare, deliver outbox.Deliver) {
	r.Outbox.Settings.Poll = time.Millisecond
	r.Outbox.Prepare = map[domain.Topic]outbox.Prepare{prepared: prepare}
	r.Outbox.Deliver = map[domain.Topic]outbox.Deliver{delivered: deliver}
}

// promise puts a message into the outbox.
func promise(t *testing.T, r *rig.Rig, topic domain.Topic, payload string, expires time.Time) {
	t.Helper()
	r.Write(t, func(ctx context.Context, tx *store.Tx) error {
		return r.Base.Mail.Put(ctx, tx, topic, payload, r.Clock.Now(), expires)
	})
}

// run runs the dispatcher in the background until stop, which waits for it.
func run(t *testing.T, d *outbox.Dispatcher) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		d.Run(ctx)
	}()
	return sync.OnceFunc(func() {
		cancel()
		<-done
	})
}

func count(t *testing.T, r *rig.Rig, condition string) int {
	t.Helper()
	return r.Database.Int(t, "SELECT count(*) FROM outbox WHERE "+condition)
}

// isDue tells whether a message could be claimed at a time, and claims none.
func isDue(t *testing.T, r *rig.Rig, at time.Time) (due bool) {
	t.Helper()
	undo := errors.New("undo")
	err := r.DB.WithinTx(t.Context(), func(ctx context.Context, tx *store.Tx) error {
		claimed, err := tx.Outbox.Claim(ctx, at, time.Minute, []domain.Topic{prepared, delivered}, 1)
		due = len(claimed) > 0
		return errors.Join(err, undo)
	})
	if !errors.Is(err, undo) {
		t.Fatal(err)
	}
	return due
}

func mark(ctx context.Context, tx *store.Tx) error { return tx.Meta.Put(ctx, "work", "done") }

func marked(t *testing.T, r *rig.Rig) bool {
	t.Helper()
	return r.Database.Int(t, "SELECT count(*) FROM meta WHERE key = 'work'") == 1
}

func TestPrepare(t *testing.T) {
	t.Run("works in the transaction that settles the message", func(t *testing.T) {
		r := dispatching(t, func(ctx context.Context, tx *store.Tx, _ domain.Message) error { return mark(ctx, tx) }, nil)
		promise(t, r, prepared, "p", time.Time{})
		r.Settle(t)
		if !marked(t, r) || count(t, r, "delivered_at IS NOT NULL AND payload IS NULL AND attempts = 1") != 1 {
			t.Error("the work or the settlement is missing")
		}
	})

	t.Run("leaves nothing when it fails, and is tried again", func(t *testing.T) {
		r := dispatching(t, func(ctx context.Context, tx *store.Tx, _ domain.Message) error {
			return errors.Join(mark(ctx, tx), errors.New("not today"))
		}, nil)
		promise(t, r, prepared, "p", time.Time{})
		stop := run(t, r.Outbox)
		rig.Wait(t, "the failure", func() bool { return count(t, r, "last_error = 'not today'") == 1 })
		stop()
		if marked(t, r) || count(t, r, "delivered_at IS NULL AND parked_at IS NULL AND payload IS NOT NULL") != 1 {
			t.Error("half of it happened")
		}
	})

	t.Run("is rolled back when the lease was lost meanwhile", func(t *testing.T) {
		var r *rig.Rig
		attempts := 0
		r = dispatching(t, func(ctx context.Context, tx *store.Tx, m domain.Message) error {
			if attempts++; attempts > 1 {
				return nil
			}
			// Another dispatcher claims it, inside this transaction because there is one writer.
			r.Clock.Move(r.Outbox.Settings.Lease)
			if _, err := tx.Outbox.Claim(ctx, r.Clock.Now(), time.Hour, []domain.Topic{prepared, delivered}, 1); err != nil {
				return err
			}
			return mark(ctx, tx)
		}, nil)
		promise(t, r, prepared, "p", time.Time{})
		stop := run(t, r.Outbox)
		rig.Wait(t, "the loss", func() bool { return strings.Contains(r.Log.String(), "the lease was lost") })
		stop()
		if marked(t, r) {
			t.Error("work of a lost lease was committed")
		}
	})
}

func TestDeliver(t *testing.T) {
	t.Run("has no transaction open", func(t *testing.T) {
		var r *rig.Rig
		var inside error
		r = dispatching(t, nil, func(ctx context.Context, _ domain.Message) error {
			// The one writer of SQLite is free, and the context is not that of a transaction.
			inside = r.Store.WithinTx(ctx, mark)
			return inside
		})
		promise(t, r, delivered, "p", time.Time{})
		r.Settle(t)
		if inside != nil || !marked(t, r) {
			t.Errorf("a transaction of its own: %v", inside)
		}
	})

	t.Run("has half of the lease", func(t *testing.T) {
		var left time.Duration
		r := dispatching(t, nil, func(ctx context.Context, _ domain.Message) error {
			deadline, _ := ctx.Deadline()
			left = time.Until(deadline)
			return nil
		})
		promise(t, r, delivered, "p", time.Time{})
		r.Settle(t)
		if left > 15*time.Second || left < 10*time.Second {
			t.Errorf("it has %v", left)
		}
	})

	t.Run("does not settle twice what another dispatcher took over", func(t *testing.T) {
		var r *rig.Rig
		r = dispatching(t, nil, func(ctx context.Context, m domain.Message) error {
			r.Clock.Move(r.Outbox.Settings.Lease) // too slow: the lease is over
			return r.Store.WithinTx(ctx, func(ctx context.Context, tx *store.Tx) error {
				other, err := tx.Outbox.Claim(ctx, r.Clock.Now(), time.Hour, []domain.Topic{prepared, delivered}, 1)
				if err != nil || len(other) != 1 || other[0].ID != m.ID {
					return fmt.Errorf("the other claimed %v, %w", other, err)
				}
				return nil
			})
		})
		r.Outbox.Settings.Workers = 1 // while it works, it does not claim: the other one does
		promise(t, r, delivered, "p", time.Time{})
		stop := run(t, r.Outbox)
		rig.Wait(t, "the loss", func() bool { return strings.Contains(r.Log.String(), "the lease was lost") })
		stop()
		if count(t, r, "delivered_at IS NULL AND parked_at IS NULL AND lease = 2 AND payload IS NOT NULL AND last_error = ''") != 1 {
			t.Error("who lost the lease changed the message of who has it")
		}
	})
}

func TestFailures(t *testing.T) {
	t.Run("are tried again after waits that grow to the maximum", func(t *testing.T) {
		r := dispatching(t, nil, func(context.Context, domain.Message) error { return errors.New("greylisted") })
		promise(t, r, delivered, "p", time.Time{})
		stop := run(t, r.Outbox)
		defer stop()
		const longest = 15 * time.Minute
		for attempt := 1; attempt <= 24; attempt++ {
			rig.Wait(t, "the attempt", func() bool {
				return count(t, r, fmt.Sprintf("attempts = %d AND locked_until IS NULL", attempt)) == 1
			})
			wait := longest
			if attempt < 10 {
				wait = min(longest, time.Second<<attempt)
			}
			now := r.Clock.Now()
			if early, due := isDue(t, r, now.Add(wait/2-time.Microsecond)), isDue(t, r, now.Add(wait)); early || !due {
				t.Errorf("attempt %d: due before half of %v: %v, after it: %v", attempt, wait, early, due)
			}
			r.Clock.Move(wait)
		}
	})

	t.Run("are not made of a topic that this release does not handle: it waits for one that does", func(t *testing.T) {
		r := dispatching(t, nil, func(context.Context, domain.Message) error { return nil })
		promise(t, r, "unheard of", "a secret", time.Time{})
		promise(t, r, delivered, "p", time.Time{})
		stop := run(t, r.Outbox)
		rig.Wait(t, "the other", func() bool { return count(t, r, "delivered_at IS NOT NULL") == 1 })
		stop()
		if count(t, r, "topic = 'unheard of' AND attempts = 0 AND payload IS NOT NULL AND parked_at IS NULL") != 1 {
			t.Error("it was touched")
		}
	})

	t.Run("by panic are contained, and the message is tried again", func(t *testing.T) {
		r := dispatching(t,
			func(context.Context, *store.Tx, domain.Message) error { panic("in prepare") },
			func(context.Context, domain.Message) error { panic("in deliver") })
		promise(t, r, prepared, "p", time.Time{})
		promise(t, r, delivered, "p", time.Time{})
		stop := run(t, r.Outbox)
		rig.Wait(t, "both failures", func() bool { return count(t, r, "last_error LIKE 'panic: in %' AND parked_at IS NULL") == 2 })
		stop()
		r.Write(t, mark) // the writer is free
	})

	t.Run("of the database keep the message for when it is back", func(t *testing.T) {
		var calls atomic.Int64
		var r *rig.Rig
		r = dispatching(t, nil, func(context.Context, domain.Message) error {
			if calls.Add(1) == 1 {
				r.Store.Down() // between delivery and settlement
			}
			return nil
		})
		promise(t, r, delivered, "p", time.Time{})
		stop := run(t, r.Outbox)
		defer stop()
		rig.Wait(t, "the failure", func() bool { return strings.Contains(r.Log.String(), "could not be given back") })
		r.Store.Up()
		r.Clock.Move(r.Outbox.Settings.Lease)
		rig.Wait(t, "the second delivery", func() bool { return count(t, r, "delivered_at IS NOT NULL") == 1 })
		if calls.Load() != 2 {
			t.Errorf("%d deliveries", calls.Load())
		}
	})
}
