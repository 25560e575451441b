// Package seal implements secure.Sealer on the standard library: HKDF-SHA256 turns SECRET_KEY into one key per use, and
// AES-256-GCM encrypts what is stored.
//
// A secret is extracted once (HKDF-Extract, RFC 5869 §2.2); each use expands it under a label of its own, so that a key that
// leaks from one use says nothing about another:
//
//	secret ── extract ── expand "signet/v1/seal"           → the key that seals
//	                   ├ expand "signet/v1/key-id"         → 4 bytes that name it
//	                   └ expand "signet/v1/derive/"+label  → Derive(label)
//
// A sealed value is version ‖ key id ‖ nonce ‖ ciphertext and tag. The key id picks among the current secret and the
// previous ones, so SECRET_KEY rotates without a re-encryption of everything. Previous secrets open and never seal. See
// strength.go for the secrets that are refused.
package seal

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/secure"
)

const (
	version   = 1
	keyIDSize = 4
	nonceSize = 12
	keySize   = 32
	headSize  = 1 + keyIDSize // authenticated with the place
)

const (
	sealLabel    = "signet/v1/seal"
	keyIDLabel   = "signet/v1/key-id"
	deriveLabels = "signet/v1/derive/" // a prefix: no label of a caller can reach the two above
)

var (
	errMalformed = errors.New("seal: not a sealed value")
	errForged    = errors.New("seal: the sealed value was altered, or belongs to another place")
)

// Sealer encrypts and derives under SECRET_KEY. It is safe for concurrent use.
type Sealer struct {
	masters []master // the current one first
	entropy io.Reader
	derived sync.Map // label → [][]byte; labels are constants of the program, so it is bounded
}

// master is what is kept of one secret.
type master struct {
	extracted []byte
	id        []byte
	aead      cipher.AEAD
}

// New makes a Sealer of the current secret and the previous ones, whose order does not matter. Every secret must be strong
// (see strength.go); the error says which is not, and how to make one, and never repeats it. entropy must be
// cryptographically secure and safe for concurrent use: a nonce that repeats under one key gives the plaintexts away.
func New(current domain.Secret, previous []domain.Secret, entropy io.Reader) (*Sealer, error) {
	s := &Sealer{entropy: entropy}
	for i, secret := range append([]domain.Secret{current}, previous...) {
		name := "the current secret"
		if i > 0 {
			name = fmt.Sprintf("previous secret %d", i)
		}
		if reason := weakness(secret.Reveal()); reason != "" {
			return nil, fmt.Errorf("%s %s; make one with: openssl rand -base64 48", name, reason)
		}
		m, err := newMaster(secret)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		known := func(other master) bool { return bytes.Equal(other.extracted, m.extracted) }
		if !slices.ContainsFunc(s.masters, known) { // the current one may also be in the list of previous ones
			s.masters = append(s.masters, m)
		}
	}
	return s, nil
}

func newMaster(secret domain.Secret) (m master, err error) {
	m.extracted, err = hkdf.Extract(sha256.New, []byte(secret.Reveal()), nil)
	if err != nil {
		return master{}, err
	}
	m.id = m.expand(keyIDLabel, keyIDSize)
	block, err := aes.NewCipher(m.expand(sealLabel, keySize))
	if err != nil {
		return master{}, err
	}
	m.aead, err = cipher.NewGCM(block)
	return m, err
}

func (m master) expand(label string, size int) []byte {
	key, err := hkdf.Expand(sha256.New, m.extracted, label, size)
	if err != nil {
		panic("seal: HKDF gives 32 bytes under every label: " + err.Error())
	}
	return key
}

// Seal encrypts under the current secret. Nonces are random, which is sound for 2³² values under one secret (NIST SP
// 800-38D §8.3): SECRET_KEY must be rotated before that. The error is that of the source of entropy.
func (s *Sealer) Seal(place string, plain []byte) ([]byte, error) {
	m := s.masters[0]
	sealed := make([]byte, headSize+nonceSize, headSize+nonceSize+len(plain)+m.aead.Overhead())
	sealed[0] = version
	copy(sealed[1:], m.id)
	nonce := sealed[headSize:]
	if _, err := io.ReadFull(s.entropy, nonce); err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	return m.aead.Seal(sealed, nonce, plain, bound(sealed, place)), nil
}

// Reseal seals under the current secret what a previous one sealed. It opens the value, since four bytes of two secrets may be
// equal.
func (s *Sealer) Reseal(place string, sealed []byte) (resealed []byte, changed bool, err error) {
	if _, err := open(s.masters[:1], place, sealed); err == nil {
		return sealed, false, nil
	}
	plain, err := s.Open(place, sealed)
	if err != nil {
		return nil, false, err
	}
	resealed, err = s.Seal(place, plain)
	return resealed, err == nil, err
}

// Open decrypts what Seal made for the same place. An error means that the value was cut, altered, moved from another place,
// or sealed under a secret that is not configured; it never carries plaintext.
func (s *Sealer) Open(place string, sealed []byte) ([]byte, error) {
	return open(s.masters, place, sealed)
}

func open(masters []master, place string, sealed []byte) ([]byte, error) {
	if len(sealed) < headSize+nonceSize || sealed[0] != version {
		return nil, errMalformed
	}
	failure := fmt.Errorf("seal: %w", secure.ErrUnknownSecret)
	for _, m := range masters {
		if !bytes.Equal(m.id, sealed[1:headSize]) {
			continue
		}
		nonce, body := sealed[headSize:headSize+nonceSize], sealed[headSize+nonceSize:]
		plain, err := m.aead.Open(nil, nonce, body, bound(sealed, place))
		if err == nil {
			return plain, nil
		}
		failure = errForged // and try the others: four bytes of two secrets may be equal
	}
	return nil, failure
}

// bound is what the ciphertext is tied to: its own version and key id, and the place. The former have a fixed length, so no two pairs give
// the same bytes.
func bound(sealed []byte, place string) []byte {
	return append(slices.Clone(sealed[:headSize]), place...)
}

// Derive returns the label's keys, under the current secret first. They are made once and shared: callers must not change
// them.
func (s *Sealer) Derive(label string) [][]byte {
	if keys, ok := s.derived.Load(label); ok {
		return keys.([][]byte) //nolint:forcetypeassert // only keys are stored
	}
	keys := make([][]byte, len(s.masters))
	for i, m := range s.masters {
		keys[i] = m.expand(deriveLabels+label, keySize)
	}
	first, _ := s.derived.LoadOrStore(label, keys)
	return first.([][]byte) //nolint:forcetypeassert // only keys are stored
}
