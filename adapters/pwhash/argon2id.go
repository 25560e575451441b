package pwhash

import (
	"crypto/rand"
	"crypto/subtle"
	"fmt"
	"strconv"
	"strings"
)

// The bounds for the parameters of argon2id, for new hashes and stored ones. A stored text that asks for 4 GiB, or for 100 passes over 100
// MiB, would take the server down at each login. So both the memory and the product of memory and passes are bounded: argon2-cffi and
// Django wrote 100 MiB by default.
const (
	maxArgonMemory = 128 << 10               // KiB: 128 MiB
	maxArgonWork   = 10 * maxArgonMemory / 2 // KiB times passes
	maxArgonLanes  = 16
	maxArgonText   = 256
)

const (
	argonSaltSize = 16
	argonTagSize  = 32
)

// Argon2id is argon2id, version 19 (RFC 9106).
type Argon2id struct {
	Memory uint32 // KiB
	Passes uint32
	Lanes  uint8
}

// DefaultArgon2id is the setting of the OWASP password storage guide: 19 MiB, 2 passes, 1 lane. It takes a fifth of the time of bcrypt 12,
// and so much memory that guessing on many cores at once is expensive.
func DefaultArgon2id() Argon2id { return Argon2id{Memory: 19 << 10, Passes: 2, Lanes: 1} }

// MaxBytes is 0: argon2id takes any length.
func (Argon2id) MaxBytes() int { return 0 }

func (a Argon2id) check() error {
	switch {
	case a.Lanes < 1 || a.Lanes > maxArgonLanes:
		return fmt.Errorf("pwhash: argon2id lanes %d are not within 1–%d", a.Lanes, maxArgonLanes)
	case a.Passes < 1 || uint64(a.Passes)*uint64(a.Memory) > maxArgonWork:
		return fmt.Errorf("pwhash: argon2id passes %d are not within 1–%d", a.Passes, maxArgonWork/max(1, a.Memory))
	case a.Memory < 8*uint32(a.Lanes) || a.Memory > maxArgonMemory:
		return fmt.Errorf("pwhash: argon2id memory %d KiB is not within %d–%d", a.Memory, 8*uint32(a.Lanes), maxArgonMemory)
	}
	return nil
}

func (a Argon2id) hash(e engine, password []byte) (string, error) {
	if !argonTakes(password) {
		return "", errNotWhole
	}
	salt := make([]byte, argonSaltSize)
	_, _ = rand.Read(salt) // it never fails
	return argonHash{a, salt, e.argon2id(password, salt, a, argonTagSize)}.text(), nil
}

func (a Argon2id) decoy() string {
	h := argonHash{a, make([]byte, argonSaltSize), make([]byte, argonTagSize)}
	_, _ = rand.Read(h.salt) // it never fails
	_, _ = rand.Read(h.tag)
	return h.text()
}

func argonTakes(password []byte) bool { return len(password) > 0 && len(password) <= maxPassword }

// owed returns false: no list of hashes adds up to exactly the work that another hash lacks.
func (Argon2id) owed(stored, stored) ([]stored, bool) { return nil, false }

// argonHash is a PHC string "$argon2id$v=19$m=19456,t=2,p=1$salt$tag".
type argonHash struct {
	made Argon2id
	salt []byte
	tag  []byte
}

func (h argonHash) text() string {
	return fmt.Sprintf("$argon2id$v=19$m=%d,t=%d,p=%d$%s$%s", h.made.Memory, h.made.Passes, h.made.Lanes,
		phc.EncodeToString(h.salt), phc.EncodeToString(h.tag))
}

func readArgon2id(text string) (stored, bool) {
	if len(text) > maxArgonText {
		return nil, false
	}
	parts := strings.Split(text, "$")
	if len(parts) != 6 || parts[2] != "v=19" {
		return nil, false
	}
	made, ok := readArgonParameters(parts[3])
	if !ok {
		return nil, false
	}
	salt, saltErr := phc.DecodeString(parts[4])
	tag, tagErr := phc.DecodeString(parts[5])
	if saltErr != nil || tagErr != nil || len(salt) < 8 || len(salt) > 64 || len(tag) < 16 || len(tag) > 64 {
		return nil, false
	}
	h := argonHash{made, salt, tag}
	return h, h.text() == text // one spelling: no leading zeros, no line ends in the base64
}

func readArgonParameters(text string) (a Argon2id, ok bool) {
	fields := strings.Split(text, ",")
	if len(fields) != 3 {
		return a, false
	}
	var n [3]uint64
	for i, name := range [3]string{"m=", "t=", "p="} {
		digits, ok := strings.CutPrefix(fields[i], name)
		if !ok {
			return a, false
		}
		var err error
		if n[i], err = strconv.ParseUint(digits, 10, 32); err != nil {
			return a, false
		}
	}
	if n[2] > maxArgonLanes {
		return a, false
	}
	a = Argon2id{Memory: uint32(n[0]), Passes: uint32(n[1]), Lanes: uint8(n[2])}
	return a, a.check() == nil
}

func (h argonHash) compare(e engine, password []byte) bool {
	whole := argonTakes(password)
	if !whole {
		password = standIn
	}
	tag := e.argon2id(password, h.salt, h.made, uint32(len(h.tag)))
	return subtle.ConstantTimeCompare(tag, h.tag) == 1 && whole
}

func (h argonHash) under(s Setting) bool {
	return s == h.made && len(h.salt) == argonSaltSize && len(h.tag) == argonTagSize
}
