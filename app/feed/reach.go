package feed

import (
	"context"
	"time"

	"github.com/signet-auth/signet/domain"
)

const (
	// reachPause is the least time between two polls for callers that know of a newer change than this replica.
	reachPause = 50 * time.Millisecond
	// reachTimeout is how long such a caller waits.
	reachTimeout = 400 * time.Millisecond
)

// reach is one poll for all callers that asked for it before it began.
type reach struct {
	done chan struct{}
	err  error
}

// Reach waits until this replica has applied the change of a number that the caller knows of, so that no answer is older than the question.
// It polls once for all waiting callers. It returns domain.ErrUnavailable if the database can't be read within 400 ms. A number above the
// highest of the feed is ignored: it is of another epoch, or made up.
func (f *Follower) Reach(ctx context.Context, seq int64) error {
	if f.Applied() >= seq {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, reachTimeout)
	defer cancel()
	next := f.nextReach(ctx)
	select {
	case <-next.done:
		if next.err != nil {
			return domain.ErrUnavailable.Because(next.err)
		}
		return nil
	case <-ctx.Done():
		return domain.ErrUnavailable.Because(context.Cause(ctx))
	}
}

// nextReach is the poll that has not begun yet: one that is under way may have looked before the caller's change was committed.
func (f *Follower) nextReach(ctx context.Context) *reach {
	f.reaching.Lock()
	defer f.reaching.Unlock()
	if f.next == nil {
		f.next = &reach{done: make(chan struct{})}
		go f.pollFor(context.WithoutCancel(ctx), f.next)
	}
	return f.next
}

// pollFor polls until nothing is left to read. The next poll of this kind begins at the earliest reachPause after it, by a timer, since a
// caller waits for real time.
func (f *Follower) pollFor(ctx context.Context, r *reach) {
	f.pacing.Lock()
	defer time.AfterFunc(reachPause, f.pacing.Unlock)
	defer close(r.done)
	f.reaching.Lock()
	f.next = nil
	f.reaching.Unlock()
	for more := true; more && r.err == nil; {
		more, r.err = f.Poll(ctx)
	}
}
