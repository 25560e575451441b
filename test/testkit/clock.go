package testkit

import (
	"sync/atomic"
	"time"

	"github.com/signet-auth/signet/cmd/run"
	"github.com/signet-auth/signet/ports/sys"
)

// Clock is the machine's clock, moved ahead by tests. The zero value is not moved. Safe for concurrent use.
type Clock struct{ ahead atomic.Int64 }

// Now is the moved time.
func (c *Clock) Now() time.Time {
	return time.Now().Add(time.Duration(c.ahead.Load())).UTC().Truncate(time.Microsecond)
}

// Move moves the clock ahead.
func (c *Clock) Move(d time.Duration) { c.ahead.Add(int64(d)) }

// System is the machine with this clock.
func (c *Clock) System() sys.System {
	s := run.RealSystem()
	s.Now = c.Now
	return s
}
