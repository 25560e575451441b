package memory

import (
	"context"
	"math"

	"github.com/signet-auth/signet/ports/transient"
)

// Unlimited allows everything: for tests that race logins by the hundred (RATE_LIMITS=off). It keeps no limit, so it does not
// pass the limiters' contract, on purpose.
type Unlimited struct{}

// Take allows.
func (Unlimited) Take(context.Context, transient.Limit, string) transient.Decision {
	return transient.Decision{Allowed: true, Remaining: math.MaxInt}
}

// Forgive does nothing.
func (Unlimited) Forgive(context.Context, transient.Limit, string) {}

// Return does nothing.
func (Unlimited) Return(context.Context, transient.Limit, string) {}
