package pwhash

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	"golang.org/x/text/unicode/norm"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/secure"
)

const defaultWait = 2 * time.Second

// Options say how a Hasher works.
type Options struct {
	// Setting is how new passwords are hashed, and what every comparison costs: Bcrypt or Argon2id.
	Setting Setting
	// Workers is how many passwords are hashed at once; 0 means one per core, less one when there are more than two, so that
	// a flood of logins leaves room for the calls that cost nothing.
	Workers int
	// Wait is how long Reserve waits; 0 means 2 s.
	Wait time.Duration
	// FirebaseSigners are the signer keys of the Firebase projects that accounts come from (see firebase.go).
	FirebaseSigners [][]byte
	// Now measures, and Sleep waits or returns early when ctx ends (sys.System has both). They are safe for concurrent use.
	Now   func() time.Time
	Sleep func(ctx context.Context, d time.Duration) error
}

// Hasher implements secure.PasswordHasher. It is safe for concurrent use.
type Hasher struct {
	setting Setting
	decoy   stored
	typical estimate // of one comparison under the current setting
	queue   queue
	engine  engine
	signers [][]byte
	now     func() time.Time
	sleep   func(context.Context, time.Duration) error
}

// New makes a Hasher.
func New(o Options) (*Hasher, error) { return build(o, processor{}) }

func build(o Options, e engine) (*Hasher, error) {
	switch {
	case o.Setting == nil, o.Now == nil, o.Sleep == nil:
		return nil, errors.New("pwhash: Setting, Now and Sleep are required")
	case o.Workers < 0, o.Wait < 0:
		return nil, errors.New("pwhash: Workers and Wait can't be negative")
	}
	if err := o.Setting.check(); err != nil {
		return nil, err
	}
	for _, signer := range o.FirebaseSigners {
		if len(signer) < minSigner || len(signer) > maxSigner {
			return nil, fmt.Errorf("pwhash: a Firebase signer key has %d–%d bytes", minSigner, maxSigner)
		}
	}
	if o.Workers == 0 {
		o.Workers = defaultWorkers(runtime.GOMAXPROCS(0))
	}
	if o.Wait == 0 {
		o.Wait = defaultWait
	}
	h := &Hasher{setting: o.Setting, engine: e, signers: o.FirebaseSigners, now: o.Now, sleep: o.Sleep}
	h.queue.places, h.queue.free, h.queue.limit, h.queue.sleep = o.Workers, o.Workers, o.Wait, o.Sleep
	if err := h.makeDecoy(); err != nil {
		return nil, err
	}
	return h, nil
}

func defaultWorkers(cores int) int {
	if cores > 2 {
		return cores - 1
	}
	return cores
}

// makeDecoy prepares what unknown accounts are compared with.
func (h *Hasher) makeDecoy() error {
	decoy, ok := read(h.setting.decoy())
	if !ok {
		return fmt.Errorf("pwhash: a hash under %+v can't be read back", h.setting)
	}
	h.decoy = decoy
	return nil
}

// Warm takes one place and compares once, so that the first login already knows how long a comparison takes. It is for the
// background of a start, which should not wait for it.
func (h *Hasher) Warm(ctx context.Context) {
	place, err := h.Reserve(ctx)
	if err != nil {
		return // the queue is busy, so another caller measures, or the start was cancelled
	}
	defer place.Release()
	place.Verify("", domain.NewSecret("warm-up"))
}

// MaxBytes is the most of a password that the current setting takes, for domain.PasswordPolicy.
func (h *Hasher) MaxBytes() int { return h.setting.MaxBytes() }

// Waiting is how many callers wait for a place, for metrics.
func (h *Hasher) Waiting() int { return h.queue.length() }

// Reserve takes a place in the order of arrival. domain.ErrBusy comes at once when the queue is so long that waiting is
// pointless, else after Options.Wait.
func (h *Hasher) Reserve(ctx context.Context) (secure.Slot, error) {
	if err := h.queue.enter(ctx); err != nil {
		return nil, err
	}
	return &slot{hasher: h, since: h.now()}, nil
}

type slot struct {
	hasher   *Hasher
	since    time.Time
	released bool
}

// Release implements secure.Slot.
func (s *slot) Release() {
	if s.released {
		return
	}
	s.released = true
	s.hasher.queue.leave(s.hasher.now().Sub(s.since))
}

// use panics after Release: work without a place is what the queue is there to prevent.
func (s *slot) use() *Hasher {
	if s.released {
		panic("pwhash: a place was used after its release")
	}
	return s.hasher
}

// Hash implements secure.Slot. What is hashed is the composed form (NFC) of the password, since keyboards differ in which one they type; it
// is hashed as typed if only that form is short enough for the setting.
func (s *slot) Hash(password domain.Secret) (string, error) {
	h := s.use()
	typed := []byte(password.Reveal())
	hash, err := h.setting.hash(h.engine, norm.NFC.Bytes(typed))
	if errors.Is(err, errNotWhole) && !norm.NFC.IsNormal(typed) {
		return h.setting.hash(h.engine, typed)
	}
	return hash, err
}

// Verify implements secure.Slot. A password that is not typed in its composed form is compared as composed and as typed, in which older
// hashes may have it: at a known account and at an unknown one, so that the time reveals nothing.
func (s *slot) Verify(hash string, password domain.Secret) secure.Match {
	h := s.use()
	typed := []byte(password.Reveal())
	if norm.NFC.IsNormal(typed) {
		return h.verify(hash, typed)
	}
	composed, asTyped := h.verify(hash, norm.NFC.Bytes(typed)), h.verify(hash, typed)
	match := secure.Match{
		OK: composed.OK || asTyped.OK, Outdated: composed.Outdated || asTyped.OK && !composed.OK, Unreadable: composed.Unreadable,
	}
	if composed.Settle != nil || asTyped.Settle != nil {
		match.Settle = func(ctx context.Context) {
			for _, settle := range []func(context.Context){composed.Settle, asTyped.Settle} {
				if settle != nil {
					settle(ctx)
				}
			}
		}
	}
	return match
}

func (h *Hasher) verify(hash string, plain []byte) secure.Match {
	begin := h.now()
	known, readable := h.read(hash)
	if !readable {
		h.decoy.compare(h.engine, plain)
		h.typical.add(h.now().Sub(begin))
		return secure.Match{Unreadable: h.Unreadable(hash)}
	}
	match := secure.Match{OK: known.compare(h.engine, plain)}
	took := h.now().Sub(begin)
	if known.under(h.setting) {
		h.typical.add(took)
		return match
	}
	match.Outdated = true
	decoys, ok := h.setting.owed(known, h.decoy)
	for _, decoy := range decoys {
		decoy.compare(h.engine, plain)
	}
	if rest := h.typical.value() - took; !ok && rest > 0 {
		match.Settle = func(ctx context.Context) { _ = h.sleep(ctx, rest) }
	}
	return match
}

// Unreadable is the kind of a stored hash that matches no password, because its text is malformed, beyond the bounds, or of a kind that is
// not read; empty for one that is fine, and for none.
func (h *Hasher) Unreadable(hash string) string {
	if _, readable := h.read(hash); readable || hash == "" {
		return ""
	}
	return kindOf(hash)
}

// read is the package's read, plus what a hash needs that is not in its text.
func (h *Hasher) read(text string) (stored, bool) {
	known, ok := read(text)
	if f, is := known.(firebaseHash); ok && is {
		f.signers = h.signers
		return f, len(h.signers) > 0
	}
	return known, ok
}
