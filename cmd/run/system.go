package run

import (
	"context"
	"crypto/rand"
	"time"

	"github.com/google/uuid"

	"github.com/signet-auth/signet/ports/sys"
)

// RealSystem is the machine itself. Tests pass their own to move the clock.
func RealSystem() sys.System {
	return sys.System{
		Now:          func() time.Time { return time.Now().UTC().Truncate(time.Microsecond) },
		NewID:        func() string { return uuid.Must(uuid.NewRandom()).String() },
		NewOrderedID: func() string { return uuid.Must(uuid.NewV7()).String() },
		Entropy:      rand.Reader,
		Sleep:        sleep,
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
