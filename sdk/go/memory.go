package signet

import (
	"crypto/sha256"
	"sync"
	"sync/atomic"
	"time"
)

// maxRemembered is how many tokens are remembered.
const maxRemembered = 10_000

// tokenHash is the name under which a token is remembered: the token itself is kept nowhere.
type tokenHash [sha256.Size]byte

// remembered is a token that was verified.
type remembered struct {
	hash   tokenHash
	kid    string
	claims *claims

	// clean lets the facts be asked once for each of their versions.
	clean atomic.Pointer[clean]

	mu     sync.Mutex
	answer *answered
	pause  reprieve
	flight chan struct{} // the running question, closed when it is over
	failed error         // its outcome
	checks map[string]checked
	asking chan struct{} // the running check
}

// clean says that a version of the facts was found to have nothing against a token, until a time.
type clean struct {
	version int64
	until   time.Time
	answer  *answered
}

// memory has verified tokens by their hash. Full, it drops some of them: which, only decides what is verified twice.
type memory struct {
	mu     sync.RWMutex
	tokens map[tokenHash]*remembered
}

func newMemory() *memory { return &memory{tokens: map[tokenHash]*remembered{}} }

func (m *memory) get(hash tokenHash) *remembered {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.tokens[hash]
}

// put returns what is remembered under this hash, which may be another caller's.
func (m *memory) put(r *remembered, now time.Time) *remembered {
	m.mu.Lock()
	defer m.mu.Unlock()
	if known := m.tokens[r.hash]; known != nil {
		return known
	}
	if len(m.tokens) >= maxRemembered {
		m.makeRoom(now)
	}
	m.tokens[r.hash] = r
	return r
}

// makeRoom drops what has expired, or else a tenth.
func (m *memory) makeRoom(now time.Time) {
	before := len(m.tokens)
	m.sweep(now)
	for hash := range m.tokens {
		if len(m.tokens) <= before-maxRemembered/10 {
			return
		}
		delete(m.tokens, hash)
	}
}

func (m *memory) drop(hash tokenHash) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.tokens, hash)
}

// dropKey forgets tokens of a key.
func (m *memory) dropKey(kid string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for hash, r := range m.tokens {
		if r.kid == kid {
			delete(m.tokens, hash)
		}
	}
}

// sweep needs the lock.
func (m *memory) sweep(now time.Time) {
	for hash, r := range m.tokens {
		if r.claims.expires < now.Unix() {
			delete(m.tokens, hash)
		}
	}
}
