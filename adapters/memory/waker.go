package memory

// Waker implements transient.Waker within one process, which hears its own announcements. Without Redis there is no other process to tell,
// and the store applies its own changes before it answers, so this only shortens the wait of a follower that missed them.
type Waker struct{ woken chan struct{} }

// NewWaker makes a waker.
func NewWaker() *Waker { return &Waker{make(chan struct{}, 1)} }

// Wake announces news.
func (w *Waker) Wake() {
	select {
	case w.woken <- struct{}{}:
	default: // one announcement is waiting to be read already
	}
}

// Woken yields a value after an announcement. It is one channel for one reader: each value is read once.
func (w *Waker) Woken() <-chan struct{} { return w.woken }
