package run

import (
	"context"
	"math"
	"sync"
	"time"
)

// sampled is what takes a query to know, for metrics. It is read when somebody scrapes and it is older than every, by one at a time and apart
// from the scrape, which gets what there is: no scrape waits for the database, and none loads it more by coming more often.
type sampled[T any] struct {
	read         func(context.Context) (T, error)
	every, limit time.Duration
	now          func() time.Time

	mu      sync.Mutex
	value   T
	err     error
	begun   time.Time // the last reading
	reading bool
	known   bool // it was read once
}

// gauge is a number of the value: NaN before the first reading, and after one that failed.
func (s *sampled[T]) gauge(number func(T) float64) func() float64 {
	return func() float64 {
		value, known, err := s.get()
		if !known || err != nil {
			return math.NaN()
		}
		return number(value)
	}
}

// up is 1 when the last reading succeeded, 0 when it failed, and NaN before the first.
func (s *sampled[T]) up() float64 {
	_, known, err := s.get()
	if !known {
		return math.NaN()
	}
	return oneIf(err == nil)
}

func (s *sampled[T]) get() (value T, known bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now := s.now(); !s.reading && (s.begun.IsZero() || now.Sub(s.begun) >= s.every) {
		s.begun, s.reading = now, true
		go s.refresh()
	}
	return s.value, s.known, s.err
}

func (s *sampled[T]) refresh() {
	ctx, cancel := context.WithTimeout(context.Background(), s.limit)
	defer cancel()
	value, err := s.read(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.value, s.err, s.reading, s.known = value, err, false, true
}
