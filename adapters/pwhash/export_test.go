package pwhash

import (
	"sync"
	"time"
)

// Meter is an engine that does the work and counts it, so that tests compare costs without a wall clock.
type Meter struct {
	mu sync.Mutex
	// Rounds is the bcrypt work: 2^cost each.
	Rounds int
	// Blocks is the argon2id work: KiB times passes.
	Blocks int
	// Spent is told how long the work would take: 1 µs a round, 10 ns a block.
	Spent func(time.Duration)
}

// NewMetered makes a Hasher that works through the meter.
func NewMetered(o Options, m *Meter) (*Hasher, error) { return build(o, m) }

// Read tells whether a hash text is readable, and under which setting it would be no news.
func Read(text string, s Setting) (readable, current bool) {
	h, ok := read(text)
	return ok, ok && h.under(s)
}

// DefaultWorkers is the default for a number of cores.
func DefaultWorkers(cores int) int { return defaultWorkers(cores) }

// Reset returns what was counted and starts over.
func (m *Meter) Reset() (rounds, blocks int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	rounds, blocks = m.Rounds, m.Blocks
	m.Rounds, m.Blocks = 0, 0
	return rounds, blocks
}

func (m *Meter) count(rounds, blocks int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.Rounds += rounds
	m.Blocks += blocks
	if m.Spent != nil {
		m.Spent(time.Duration(rounds)*time.Microsecond + time.Duration(blocks)*10*time.Nanosecond)
	}
}

func (m *Meter) bcryptCompare(hash, password []byte) error {
	h, ok := readBcrypt(string(hash))
	if !ok {
		panic("the library was given a text that was not read before")
	}
	m.count(1<<h.(bcryptHash).cost, 0)
	return processor{}.bcryptCompare(hash, password)
}

func (m *Meter) bcryptGenerate(password []byte, cost int) ([]byte, error) {
	m.count(1<<cost, 0)
	return processor{}.bcryptGenerate(password, cost)
}

func (m *Meter) argon2id(password, salt []byte, a Argon2id, length uint32) []byte {
	m.count(0, int(a.Memory*a.Passes))
	return processor{}.argon2id(password, salt, a, length)
}
