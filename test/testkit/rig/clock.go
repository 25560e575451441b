package rig

import (
	"context"
	"crypto/rand"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/signet-auth/signet/ports/sys"
)

// Noon is when every rig begins, with all the digits that a store keeps.
var Noon = time.Date(2026, 11, 23, 12, 0, 0, 123456000, time.UTC)

// Clock stands still until it is moved. Who sleeps by it wakes when it was moved far enough. Safe for concurrent use.
type Clock struct {
	mu       sync.Mutex
	now      time.Time
	sleepers []sleeper
}

type sleeper struct {
	until time.Time
	wake  chan struct{}
}

// NewClock is a clock that shows noon.
func NewClock() *Clock { return &Clock{now: Noon} }

// Now is what the clock shows.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Move turns the clock, and wakes whose time has come.
func (c *Clock) Move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	var asleep []sleeper
	for _, s := range c.sleepers {
		if c.now.Before(s.until) {
			asleep = append(asleep, s)
			continue
		}
		close(s.wake)
	}
	c.sleepers = asleep
}

// Sleep waits by the clock, or until ctx ends.
func (c *Clock) Sleep(ctx context.Context, d time.Duration) error {
	c.mu.Lock()
	s := sleeper{until: c.now.Add(d), wake: make(chan struct{})}
	c.sleepers = append(c.sleepers, s)
	c.mu.Unlock()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-s.wake:
		return nil
	}
}

// Asleep is how many wait for the clock, those who left early aside only once it moves.
func (c *Clock) Asleep() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.sleepers)
}

// System is a machine with this clock.
func (c *Clock) System() sys.System {
	return sys.System{
		Now:          c.Now,
		NewID:        func() string { return uuid.Must(uuid.NewRandom()).String() },
		NewOrderedID: func() string { return uuid.Must(uuid.NewV7()).String() },
		Entropy:      rand.Reader,
		Sleep:        c.Sleep,
	}
}
