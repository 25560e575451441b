package base

import (
	"context"
	"errors"
	"time"

	"github.com/signet-auth/signet/domain"
)

// maxTries is how often a step is tried: for two minutes or so.
const maxTries = 15

// Persist repeats a step of a long job while the database can't be reached or is too busy for the deadlines of requests: no request waits
// for the job, and the steps so far should not be lost. A step must be safe to repeat, since its first try may have been written after all.
func (b *Base) Persist(ctx context.Context, step func() error) error {
	for n := 1; ; n++ {
		err := step()
		if !errors.Is(err, domain.ErrUnavailable) || n == maxTries || b.System.Sleep(ctx, min(time.Duration(n)*time.Second, 10*time.Second)) != nil {
			return err
		}
	}
}
