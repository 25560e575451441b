package pwhash

import (
	"sync"
	"time"
)

// estimate is a moving average of durations that a single outlier hardly changes.
type estimate struct {
	mu      sync.Mutex
	average time.Duration
}

const (
	estimateWeight = 8 // a new measurement counts one in eight
	estimateLimit  = 4 // and at most as four times the estimate: clocks jump, machines sleep
)

func (e *estimate) add(d time.Duration) {
	if d < 0 {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.average == 0 {
		e.average = d
		return
	}
	e.average += (min(d, estimateLimit*e.average) - e.average) / estimateWeight
}

func (e *estimate) value() time.Duration {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.average
}
