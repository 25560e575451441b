package signet

import (
	"bytes"
	"encoding/binary"
	"time"
)

// Learn has the verifier hear of a fact, as over the stream.
func (v *Verifier) Learn(kind, word, id string, number int64) {
	v.facts.hello(16 * time.Minute)
	v.facts.learn(fact{Kind: kind, Fact: word, Sub: id, SID: id, Key: id, Aud: id, KID: id, CS: number})
}

// GreetWithin changes how long the stream may take to say hello, and how long it may be silent.
func (v *Verifier) GreetWithin(d, quiet time.Duration) *Verifier {
	v.follow.greeting, v.follow.quiet = d, quiet
	return v
}

// Build makes a verifier that does nothing by itself until Start.
func Build(c Config, now func() time.Time) (*Verifier, error) { return build(c, now) }

// Start starts what runs in the background.
func (v *Verifier) Start() { v.start() }

// NoPatience has the first verification wait for nothing.
func (v *Verifier) NoPatience() { v.link.patience = 0 }

// Refetch fetches the keys and waits for it.
func (v *Verifier) Refetch() { <-v.keys.refresh(true) }

// Forget drops the tokens that are remembered.
func (v *Verifier) Forget() { v.memory = newMemory() }

// RememberAll puts n tokens into a memory, and tells how many are in it then.
func RememberAll(n int) int {
	m, now := newMemory(), time.Unix(1_794_000_000, 0)
	for i := range n {
		hash := tokenHash{}
		binary.BigEndian.PutUint64(hash[:], uint64(i))
		m.put(&remembered{hash: hash, kid: "k", claims: &claims{expires: now.Unix() + 900}}, now)
	}
	return len(m.tokens)
}

// ReadEvents reads a stream of events to its end, and tells how many there are.
func ReadEvents(stream []byte) (n, size int, err error) {
	r := newEventReader(bytes.NewReader(stream), func() {})
	for {
		e, err := r.next()
		if err != nil {
			return n, size, err
		}
		n, size = n+1, max(size, len(e.data))
	}
}

// Events are the events of a stream, a line each.
func Events(stream string) (out []string) {
	r := newEventReader(bytes.NewReader([]byte(stream)), func() {})
	for {
		e, err := r.next()
		if err != nil {
			return out
		}
		out = append(out, e.name+"|"+e.data+"|"+e.id)
	}
}

// SetClock moves the clock of a token source.
func (s *TokenSource) SetClock(now func() time.Time) { s.now = now }
