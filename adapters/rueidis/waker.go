package rueidis

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync/atomic"
	"time"

	redis "github.com/redis/rueidis"
)

const (
	// channel is shared by everything that uses one Redis server: Redis scopes keys by database, but not channels. A wake-up
	// carries nothing, so a stranger's costs one look at the feed.
	channel = "signet:changes"
	// coalesce is the shortest time between two announcements.
	coalesce = 50 * time.Millisecond

	minBackoff = 50 * time.Millisecond
	maxBackoff = time.Second
)

// Waker implements transient.Waker by publish and subscribe. Announcements are lost while Redis is down, but every new subscription counts
// as news.
type Waker struct {
	client *Client
	wake   chan struct{}
	woken  chan struct{}
}

// Waker makes a waker; it works until the client is closed.
func (c *Client) Waker() *Waker {
	w := &Waker{client: c, wake: make(chan struct{}, 1), woken: make(chan struct{}, 1)}
	c.work.Go(w.announce)
	c.work.Go(w.listen)
	return w
}

// Wake announces news, at most every 50 ms: the first at once, later ones combined.
func (w *Waker) Wake() { signal(w.wake) }

// Woken yields a value after an announcement, one's own included. It is one channel for one reader.
func (w *Waker) Woken() <-chan struct{} { return w.woken }

func (w *Waker) announce() {
	for {
		select {
		case <-w.wake:
		case <-w.client.life.Done():
			return
		}
		// The keeper handles the error; the feed is polled anyway.
		_, _ = w.client.within(w.client.life, func(ctx context.Context, conn redis.Client) redis.RedisResult {
			return conn.Do(ctx, conn.B().Publish().Channel(channel).Message("").Build())
		})
		if !wait(w.client.life, coalesce) {
			return
		}
	}
}

func (w *Waker) listen() {
	backoff := minBackoff
	for {
		if conn := w.client.conn.Load(); conn != nil {
			// A new subscription may have missed something.
			var subscribed atomic.Bool
			ctx := redis.WithOnSubscriptionHook(w.client.life, func(redis.PubSubSubscription) {
				subscribed.Store(true)
				signal(w.woken)
			})
			subscribe := (*conn).B().Subscribe().Channel(channel).Build()
			err := (*conn).Receive(ctx, subscribe, func(redis.PubSubMessage) { signal(w.woken) })
			if w.client.life.Err() != nil {
				return
			}
			if err == nil {
				err = errUnsubscribed
			}
			if subscribed.Load() {
				backoff = minBackoff
			}
			w.client.lose(err) // often the first to notice the loss, when there are no requests
		}
		if !wait(w.client.life, backoff/2+rand.N(backoff/2)) { //nolint:gosec // jitter needs no secure randomness
			return
		}
		backoff = min(2*backoff, maxBackoff)
	}
}

var errUnsubscribed = errors.New("rueidis: the subscription has ended")

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default: // one announcement is waiting to be read already
	}
}
