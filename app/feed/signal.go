package feed

import "sync"

// signal wakes those who wait for it. The zero value is ready; safe for concurrent use. Nothing is allocated while nobody waits.
type signal struct {
	mu     sync.Mutex
	raised chan struct{}
}

// next is closed when the signal is raised next. Ask for it before looking at what the signal is about.
func (s *signal) next() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.raised == nil {
		s.raised = make(chan struct{})
	}
	return s.raised
}

func (s *signal) raise() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.raised != nil {
		close(s.raised)
		s.raised = nil
	}
}
