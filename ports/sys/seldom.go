package sys

import (
	"sync"
	"time"
)

// Seldom lets one event of a kind through in a period, so that events that strangers can cause do not fill a log. Its zero value is ready;
// it is safe for concurrent use.
type Seldom struct {
	mu   sync.Mutex
	last map[string]time.Time
}

// maxKinds bounds the stored kinds, which strangers may choose. Beyond it the table is cleared.
const maxKinds = 1000

// Passes tells whether nothing of the kind passed within the period.
func (s *Seldom) Passes(kind string, period time.Duration, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if last, known := s.last[kind]; known && now.Sub(last) < period {
		return false
	}
	if s.last == nil || len(s.last) >= maxKinds {
		s.last = map[string]time.Time{}
	}
	s.last[kind] = now
	return true
}
