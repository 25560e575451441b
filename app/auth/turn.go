package auth

import (
	"context"
	"sync"

	"github.com/signet-auth/signet/domain"
)

// turns lets one request of a process change a family while the others that present its tokens wait for the outcome. They find
// the answer in the row then, instead of queueing for its lock in the database. It is a courtesy, not a guard: the conditional
// update decides, and who has waited once goes ahead whatever became of the first.
type turns struct {
	mu   sync.Mutex
	busy map[domain.FamilyID]chan struct{}
}

// take returns at once with a function that ends the turn, or waits for another's turn to end, and returns one that does
// nothing. first tells which it was.
func (t *turns) take(ctx context.Context, id domain.FamilyID) (end func(), first bool) {
	t.mu.Lock()
	if other, taken := t.busy[id]; taken {
		t.mu.Unlock()
		select {
		case <-other:
		case <-ctx.Done():
		}
		return func() {}, false
	}
	defer t.mu.Unlock()
	if t.busy == nil {
		t.busy = map[domain.FamilyID]chan struct{}{}
	}
	mine := make(chan struct{})
	t.busy[id] = mine
	return func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		delete(t.busy, id)
		close(mine)
	}, true
}
