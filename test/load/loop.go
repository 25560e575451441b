package main

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// most bounds the requests of one loop.
const most = 300_000

// outcome is what one loop saw.
type outcome struct {
	took     []time.Duration // of good answers
	elapsed  time.Duration
	failed   int
	statuses map[int]int // of wrong answers
	why      string      // the first failure
}

// closed drives an operation as fast as its clients get answers: throughput, and cost under load.
func closed(ctx context.Context, base string, op operation, d time.Duration) (outcome, error) {
	end := time.Now().Add(d)
	return drive(ctx, base, op, func(n int64) (time.Time, bool) {
		now := time.Now()
		return now, n < most && now.Before(end)
	})
}

// open sends requests at a fixed rate, whatever became of those before. Times count from when a request was due, also when it
// had to wait for a client: a server that stalls is seen by all who would have come meanwhile.
func open(ctx context.Context, base string, op operation, d time.Duration, rate float64) (outcome, error) {
	begun := time.Now()
	every := time.Duration(float64(time.Second) / rate)
	count := min(int64(d/every), most)
	return drive(ctx, base, op, func(n int64) (time.Time, bool) {
		due := begun.Add(time.Duration(n) * every)
		if n < count {
			time.Sleep(time.Until(due))
		}
		return due, n < count
	})
}

// drive runs the clients. next gives the n-th request its time, from which its answer is timed, and ends the loop.
func drive(ctx context.Context, base string, op operation, next func(n int64) (time.Time, bool)) (outcome, error) {
	all := make([]outcome, op.clients)
	clients := make([]*client, op.clients)
	for i := range clients {
		var err error
		if clients[i], err = newClient(base); err != nil {
			return outcome{}, err
		}
		defer clients[i].close()
	}
	var taken atomic.Int64
	var running sync.WaitGroup
	begun := time.Now()
	for i, c := range clients {
		running.Go(func() {
			for ctx.Err() == nil {
				from, more := next(taken.Add(1) - 1)
				if !more {
					return
				}
				all[i].add(op, i, c, from)
			}
		})
	}
	running.Wait()
	sum := outcome{elapsed: time.Since(begun), statuses: map[int]int{}}
	for _, o := range all {
		sum.took = append(sum.took, o.took...)
		sum.failed += o.failed
		for status, n := range o.statuses {
			sum.statuses[status] += n
		}
		if sum.why == "" {
			sum.why = o.why
		}
	}
	return sum, ctx.Err()
}

func (o *outcome) add(op operation, i int, c *client, from time.Time) {
	var a answer
	request, err := op.next(i, c)
	if err == nil {
		a, err = c.do(request)
	}
	took := time.Since(from)
	if err == nil && a.status == op.want && op.learn != nil {
		err = op.learn(i, a.body)
	}
	if err == nil && a.status == op.want {
		o.took = append(o.took, took)
		return
	}
	o.failed++
	if err != nil {
		a.status = 0
	} else {
		err = fmt.Errorf("answer %d: %s", a.status, a.body)
	}
	if o.statuses == nil {
		o.statuses = map[int]int{}
	}
	o.statuses[a.status]++
	if o.why == "" {
		o.why = err.Error()
	}
}
