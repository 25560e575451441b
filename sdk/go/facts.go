package signet

import (
	"hash/maphash"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

const (
	maxFacts = 200_000
	// grace is how much of token_ttl is for clocks that differ: the rest is the longest life of a token that facts are kept for.
	grace = time.Minute
	// unasked is how long an answer counts that may be older than the facts, and the token's own claims if nobody answered.
	unasked = 5 * time.Second
)

// fact is the data of an event of the stream.
type fact struct {
	Kind string `json:"kind"`
	Fact string `json:"fact"`
	Sub  string `json:"sub"`
	SID  string `json:"sid"`
	Aud  string `json:"aud"`
	Key  string `json:"key"`
	KID  string `json:"kid"`
	CS   int64  `json:"cs"`
}

const (
	kindSession    = "session"
	kindSubject    = "subject"
	kindAudience   = "audience"
	kindKey        = "key"
	kindSigningKey = "signing_key"
	kindReset      = "reset"

	factEnded  = "ended"
	everywhere = "*"
)

// factID stands for a kind and an id. As a hash with a seed of this process it is a third of their size.
type factID [2]uint64

// record is the last fact of one id. number is the change's; cameIn tells which entry of the order is its own.
type record struct {
	number  int64
	cameIn  int64
	ended   bool
	session bool
}

type arrival struct {
	id     factID
	number int64
	cameIn int64
	at     time.Time
}

// facts is what became of tokens: the last fact of each session, subject, key and audience, each kept for as long as tokens live that it
// may be about. Numbers order facts and tokens; clocks don't.
type facts struct {
	audience string
	now      func() time.Time
	seeds    [2]maphash.Seed

	// version rises with every change of what is below: what was judged under the same version needs no judging again.
	version atomic.Int64

	mu      sync.RWMutex
	ttl     time.Duration // token_ttl of hello, 0 before it
	known   map[factID]record
	order   []arrival
	count   int64
	heard   int64               // the number of the feed that was named last
	revoked map[string]struct{} // kids, for the life of the process
	floor   int64               // facts up to this number were forgotten for want of room
	floorAt time.Time
	epoch   int64 // rises at a reset: numbers of another epoch compare with nothing
	resetCS int64
	resetAt time.Time
}

func newFacts(audience string, now func() time.Time) *facts {
	return &facts{
		audience: audience, now: now, seeds: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()},
		known: map[factID]record{}, revoked: map[string]struct{}{}, epoch: 1,
	}
}

func (f *facts) id(kind, id string) factID {
	var out factID
	for i, seed := range f.seeds {
		var h maphash.Hash
		h.SetSeed(seed)
		_, _ = h.WriteString(kind)
		_ = h.WriteByte(0)
		_, _ = h.WriteString(id)
		out[i] = h.Sum64()
	}
	return out
}

// hello takes the token_ttl of the stream.
func (f *facts) hello(ttl time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if ttl > 0 && ttl != f.ttl {
		f.ttl = ttl
		f.version.Add(1)
	}
}

// mark takes the number that the stream names with ready and tick.
func (f *facts) mark(number int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.heard = number
}

// learn takes a fact. What it does not understand counts as stale: as much as may be meant is asked about.
func (f *facts) learn(in fact) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.forget()
	switch {
	case in.Kind == kindReset:
		f.reset(in.CS)
	case in.Kind == kindSigningKey:
		if in.Fact == factEnded {
			f.revoked[in.KID] = struct{}{}
		}
	case in.Kind == kindSession && in.SID != "":
		f.keep(f.id(kindSession, in.SID), in, true)
	case in.Kind == kindKey && in.Key != "":
		f.keep(f.id(kindKey, in.Key), in, false)
	case in.Kind == kindAudience && in.Aud != "":
		if in.Aud == f.audience || in.Aud == everywhere {
			f.keep(f.id(kindAudience, in.Aud), in, false)
		}
	case in.Kind == kindSubject && in.Sub != "":
		f.keep(f.id(kindSubject, in.Sub), in, false)
	case in.Sub != "":
		f.keep(f.id(kindSubject, in.Sub), fact{CS: in.CS}, false)
	default:
		f.keep(f.id(kindAudience, everywhere), fact{CS: in.CS}, false)
	}
	f.heard = in.CS
	f.version.Add(1)
}

// keep remembers a fact unless a later one is known. The end of a session stays, whatever comes.
func (f *facts) keep(id factID, in fact, session bool) {
	old, there := f.known[id]
	if there && (old.number > in.CS || session && old.ended || old.number == in.CS && old.ended) {
		return
	}
	f.count++
	f.known[id] = record{number: in.CS, cameIn: f.count, ended: in.Fact == factEnded, session: session}
	f.order = append(f.order, arrival{id: id, number: in.CS, cameIn: f.count, at: f.now()})
	if len(f.order) > maxFacts {
		f.raiseFloor()
	}
}

// raiseFloor forgets the oldest quarter. Older tokens than those facts are asked about.
func (f *facts) raiseFloor() {
	for _, a := range f.order[:maxFacts/4] {
		f.floor = max(f.floor, a.number)
		f.remove(a)
	}
	f.floorAt = f.now()
	f.order = slices.Clone(f.order[maxFacts/4:])
}

// remove forgets a fact unless a later one has its place.
func (f *facts) remove(a arrival) {
	if f.known[a.id].cameIn == a.cameIn {
		delete(f.known, a.id)
	}
}

// forget drops what no living token is older than.
func (f *facts) forget() {
	if f.ttl == 0 {
		return
	}
	now, n := f.now(), 0
	for n < len(f.order) && now.Sub(f.order[n].at) >= f.ttl {
		f.remove(f.order[n])
		n++
	}
	if f.order = f.order[n:]; n > 0 && len(f.order) == 0 {
		f.order = nil
	}
	if f.floor > 0 && now.Sub(f.floorAt) >= f.ttl {
		f.floor = 0
	}
}

// reset forgets all but ends that are final: Signet was restored, and counts from elsewhere.
func (f *facts) reset(number int64) {
	kept := f.order[:0]
	for _, a := range f.order {
		if r := f.known[a.id]; r.cameIn == a.cameIn && r.ended && r.session {
			kept = append(kept, a)
		} else {
			f.remove(a)
		}
	}
	f.order = kept
	f.floor, f.epoch, f.resetCS, f.resetAt = 0, f.epoch+1, number, f.now()
}

func (f *facts) isRevoked(kid string) bool {
	f.mu.RLock()
	defer f.mu.RUnlock()
	_, is := f.revoked[kid]
	return is
}

// tidy is forget, for times at which nothing is learnt.
func (f *facts) tidy() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.forget()
}

func (f *facts) size() (n int, heard int64) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return len(f.known), f.heard
}
