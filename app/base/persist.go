package base

import (
	"context"
	"errors"
	"time"

	"github.com/signet-auth/signet/domain"
)

// maxTries is how often a step is tried: for two minutes or so.
const maxTries = 15

// Persist does a step of a long piece of work again while the database can't be reached, or is too busy for the deadlines of requests:
// nobody waits for an answer, and what was done so far should not have to be done again. A step whose first try may have been written
// after all must bear to be done twice.
func (b *Base) Persist(ctx context.Context, step func() error) error {
	for n := 1; ; n++ {
		err := step()
		if !errors.Is(err, domain.ErrUnavailable) || n == maxTries || b.System.Sleep(ctx, min(time.Duration(n)*time.Second, 10*time.Second)) != nil {
			return err
		}
	}
}
