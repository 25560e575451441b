package stream

import (
	"sort"
	"time"

	"github.com/signet-auth/signet/domain"
)

// ringSize is how many changes are kept in memory, about 3 MB.
const ringSize = 20_000

// ring is the newest changes, in the order of their numbers. It holds every change that concerns tokens with a number above begin.
type ring struct {
	begin   int64
	since   time.Time       // every change from this time on is above begin; zero: not known
	changes []domain.Change // grows up to ringSize, and is then used in a circle
	oldest  int             // index of the oldest once it is full
}

func (r *ring) reset(begin int64) { *r = ring{begin: begin} }

func (r *ring) add(c domain.Change) {
	if len(r.changes) < ringSize {
		r.changes = append(r.changes, c)
		return
	}
	r.begin, r.since = r.changes[r.oldest].Seq, r.changes[r.oldest].At
	r.changes[r.oldest] = c
	r.oldest = (r.oldest + 1) % ringSize
}

func (r *ring) at(i int) domain.Change { return r.changes[(r.oldest+i)%len(r.changes)] }

// after is up to n changes with a number above seq, which must not be below begin.
func (r *ring) after(seq int64, n int) []domain.Change {
	first := sort.Search(len(r.changes), func(i int) bool { return r.at(i).Seq > seq })
	n = min(n, len(r.changes)-first)
	if n == 0 {
		return nil
	}
	found := make([]domain.Change, n)
	for i := range found {
		found[i] = r.at(first + i)
	}
	return found
}

func (r *ring) all() []domain.Change { return r.after(-1, len(r.changes)) }

// before is the number of the newest change from before a time. known is false if the ring does not reach back that far. Times are only
// nearly in the order of the numbers, for which the caller leaves room.
func (r *ring) before(at time.Time) (seq int64, known bool) {
	first := sort.Search(len(r.changes), func(i int) bool { return !r.at(i).At.Before(at) })
	if first == 0 {
		return r.begin, !r.since.IsZero() && !at.Before(r.since)
	}
	return r.at(first - 1).Seq, true
}
