package pwhash

import (
	"container/list"
	"context"
	"sync"
	"time"

	"github.com/signet-auth/signet/domain"
)

// queue hands out a fixed number of places, first come first served.
type queue struct {
	places int
	limit  time.Duration // how long a caller waits at most
	sleep  func(context.Context, time.Duration) error
	held   estimate // how long a place is kept

	mu      sync.Mutex
	free    int       // more than 0 only while nobody waits
	waiting list.List // of *waiter, the oldest first
}

type waiter struct {
	gone    func() error // the error of its context
	ready   chan struct{}
	granted bool
}

// enter takes a place, or waits for one. It returns domain.ErrBusy at once when the wait is expected to exceed the limit, or later when it
// did. It returns ctx's error when ctx ended, and then takes no place.
func (q *queue) enter(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	q.mu.Lock()
	if q.free > 0 {
		q.free--
		q.mu.Unlock()
		return nil
	}
	if q.expected() > q.limit {
		q.forgetGone()
	}
	if q.expected() > q.limit {
		q.mu.Unlock()
		return domain.ErrBusy
	}
	w := &waiter{gone: ctx.Err, ready: make(chan struct{})}
	position := q.waiting.PushBack(w)
	q.mu.Unlock()
	return q.await(ctx, w, position)
}

func (q *queue) await(ctx context.Context, w *waiter, position *list.Element) error {
	bounded, cancel := context.WithCancel(ctx)
	defer cancel()
	timeout := make(chan struct{})
	go func() {
		defer close(timeout)
		_ = q.sleep(bounded, q.limit)
	}()
	select {
	case <-w.ready:
	case <-timeout:
	case <-ctx.Done():
	}

	q.mu.Lock()
	defer q.mu.Unlock()
	err := ctx.Err()
	switch {
	case w.granted && err != nil: // it came too late: pass it to the next one
		q.pass()
		return err
	case w.granted:
		return nil
	}
	q.waiting.Remove(position) // no effect if pass has skipped it already
	if err == nil {
		err = domain.ErrBusy
	}
	return err
}

// leave gives a place back that was kept for the duration.
func (q *queue) leave(held time.Duration) {
	q.held.add(held)
	q.mu.Lock()
	defer q.mu.Unlock()
	q.pass()
}

// pass gives a place to the caller that has waited longest and still waits.
func (q *queue) pass() {
	for first := q.waiting.Front(); first != nil; first = q.waiting.Front() {
		w := q.waiting.Remove(first).(*waiter) //nolint:forcetypeassert // only waiters are put in
		if w.gone() == nil {
			w.granted = true
			close(w.ready)
			return
		}
	}
	q.free++
}

// expected is how long a new caller would wait: for everybody before it, plus half the time of the hashes under way.
func (q *queue) expected() time.Duration {
	return time.Duration(2*q.waiting.Len()+1) * q.held.value() / time.Duration(2*q.places)
}

// forgetGone drops callers that hung up and whose goroutines have not run since, so that they don't count.
func (q *queue) forgetGone() {
	for position := q.waiting.Front(); position != nil; {
		next := position.Next()
		if position.Value.(*waiter).gone() != nil { //nolint:forcetypeassert // only waiters are put in
			q.waiting.Remove(position)
		}
		position = next
	}
}

// length is how many wait.
func (q *queue) length() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.waiting.Len()
}
