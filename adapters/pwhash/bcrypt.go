package pwhash

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"strings"
)

// The costs for new hashes and stored ones. One step doubles the work; production asks for 10 at least (ASVS 11.4.2), tests use 4. A stored
// text of cost 31 would occupy a worker for days.
const (
	MinBcryptCost = 4
	MaxBcryptCost = 15
)

const (
	bcryptMaxBytes = 72
	bcryptLength   = 60
	bcryptDigits   = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
)

// Bcrypt is bcrypt of a cost.
type Bcrypt struct{ Cost int }

// MaxBytes is 72: bcrypt reads no more, so longer passwords with the same first 72 bytes would be equal.
func (Bcrypt) MaxBytes() int { return bcryptMaxBytes }

func (b Bcrypt) check() error {
	if b.Cost < MinBcryptCost || b.Cost > MaxBcryptCost {
		return fmt.Errorf("pwhash: bcrypt cost %d is not within %d–%d", b.Cost, MinBcryptCost, MaxBcryptCost)
	}
	return nil
}

func (b Bcrypt) hash(e engine, password []byte) (string, error) {
	if !bcryptTakes(password) {
		return "", errNotWhole
	}
	text, err := e.bcryptGenerate(password, b.Cost)
	return string(text), err
}

// decoy draws 22 digits of salt and 31 of hash, of bcrypt's own 64.
func (b Bcrypt) decoy() string {
	const digits = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	drawn := make([]byte, 53)
	_, _ = rand.Read(drawn) // it never fails
	for i := range drawn {
		drawn[i] = digits[drawn[i]%64]
	}
	return fmt.Sprintf("$2a$%02d$%s", b.Cost, drawn)
}

// bcryptTakes tells whether bcrypt sees all of a password. It repeats the password with a NUL behind it, so with NULs inside "a" and
// "a\x00a" are one. The library does not check the length when it compares.
func bcryptTakes(password []byte) bool {
	return len(password) > 0 && len(password) <= bcryptMaxBytes && bytes.IndexByte(password, 0) < 0
}

// owed is exact: 2^c + (2^c + 2^(c+1) + … + 2^(cost-1)) = 2^cost.
func (b Bcrypt) owed(s, decoy stored) ([]stored, bool) {
	cheaper, ok := s.(bcryptHash)
	if !ok {
		return nil, false
	}
	var decoys []stored
	for cost := cheaper.cost; cost < b.Cost; cost++ {
		decoys = append(decoys, decoy.(bcryptHash).at(cost)) //nolint:forcetypeassert // the decoy is a hash under this setting
	}
	return decoys, true
}

// bcryptHash is a text "$2b$12$" + 22 digits of salt + 31 of hash.
type bcryptHash struct {
	text string
	cost int
}

func readBcrypt(text string) (stored, bool) {
	if len(text) != bcryptLength || text[6] != '$' || !isDigit(text[4]) || !isDigit(text[5]) {
		return nil, false
	}
	cost := 10*int(text[4]-'0') + int(text[5]-'0')
	if cost < MinBcryptCost || cost > MaxBcryptCost || strings.Trim(text[7:], bcryptDigits) != "" {
		return nil, false
	}
	return bcryptHash{text, cost}, true
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func (b bcryptHash) compare(e engine, password []byte) bool {
	whole := bcryptTakes(password)
	if !whole {
		password = standIn
	}
	return e.bcryptCompare([]byte(b.text), password) == nil && whole
}

func (b bcryptHash) under(s Setting) bool { return s == Bcrypt{b.cost} }

// at is the same text under another cost: no password's hash, but as much work as one.
func (b bcryptHash) at(cost int) stored {
	return bcryptHash{fmt.Sprintf("%s%02d%s", b.text[:4], cost, b.text[6:]), cost}
}
