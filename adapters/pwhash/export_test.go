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
	// Imported is the work of hashes that Signet does not make: rounds of HMAC for PBKDF2, N·r·p for scrypt.
	Imported int
	// Spent is told how long the work would take: 1 µs a round, 10 ns a block or a unit of an imported hash.
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
	m.Rounds, m.Blocks, m.Imported = 0, 0, 0
	return rounds, blocks
}

func (m *Meter) count(rounds, blocks, imported int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.Rounds += rounds
	m.Blocks += blocks
	m.Imported += imported
	if m.Spent != nil {
		m.Spent(time.Duration(rounds)*time.Microsecond + time.Duration(blocks+imported)*10*time.Nanosecond)
	}
}

func (m *Meter) bcryptCompare(hash, password []byte) error {
	h, ok := readBcrypt(string(hash))
	if !ok {
		panic("the library was given a text that was not read before")
	}
	m.count(1<<h.(bcryptHash).cost, 0, 0)
	return processor{}.bcryptCompare(hash, password)
}

func (m *Meter) bcryptGenerate(password []byte, cost int) ([]byte, error) {
	m.count(1<<cost, 0, 0)
	return processor{}.bcryptGenerate(password, cost)
}

func (m *Meter) argon2id(password, salt []byte, a Argon2id, length uint32) []byte {
	m.count(0, int(a.Memory*a.Passes), 0)
	return processor{}.argon2id(password, salt, a, length)
}

func (m *Meter) pbkdf2(d digest, password, salt []byte, rounds, length int) []byte {
	h := pbkdf2Hash{digest: d, rounds: rounds, tag: make([]byte, length)}
	if !h.inBounds() {
		panic("work beyond the bounds")
	}
	m.count(0, 0, rounds*((length+d.size-1)/d.size))
	return processor{}.pbkdf2(d, password, salt, rounds, length)
}

func (m *Meter) scrypt(password, salt []byte, c scryptCost, length int) []byte {
	if !c.inBounds() {
		panic("work beyond the bounds")
	}
	m.count(0, 0, c.n*c.r*c.p)
	return processor{}.scrypt(password, salt, c, length)
}

// PBKDF2 is the primitive, for vectors that no text of ours can carry.
func PBKDF2(name string, password, salt []byte, rounds, length int) []byte {
	d := map[string]digest{"sha1": digestSHA1, "sha256": digestSHA256, "sha512": digestSHA512}[name]
	return processor{}.pbkdf2(d, password, salt, rounds, length)
}

// Scrypt is the primitive.
func Scrypt(password, salt []byte, n, r, p, length int) []byte {
	return processor{}.scrypt(password, salt, scryptCost{n, r, p}, length)
}

// HashCommon is what the list of common passwords keeps of one.
func HashCommon(text string) uint64 { return hashFolded(text) }
