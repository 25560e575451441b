package pwhash

import (
	"crypto/pbkdf2"
	"errors"
	"strings"

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/bcrypt"
	"golang.org/x/crypto/scrypt"
)

// maxPassword is the most of a password that any scheme is given, in bytes; policies allow far less (ASVS 6.2.9).
const maxPassword = 4096

// errNotWhole is the error for a password that the scheme would truncate or confuse with another.
var errNotWhole = errors.New("pwhash: the current setting can't take this password whole")

// Setting is how new passwords are hashed: Bcrypt or Argon2id.
type Setting interface {
	// MaxBytes is the most of a password that it takes, for domain.PasswordPolicy; 0 when policy alone limits it.
	MaxBytes() int

	// check says what is wrong with the parameters.
	check() error
	// hash makes the text of a new hash, or errNotWhole.
	hash(e engine, password []byte) (string, error)
	// decoy makes the text of a hash that no password has: random where a hash would be. It costs nothing to make, so a start
	// does not wait for it, and a comparison with it costs what one with a real hash does.
	decoy() string
	// owed lists hashes whose work adds up to what a comparison with s lacks against one with the decoy, which is a hash under this setting.
	// ok is false when no such list exists. A more expensive s lacks nothing.
	owed(s, decoy stored) (decoys []stored, ok bool)
}

// stored is a hash text taken apart.
type stored interface {
	// compare does the work of the hash and tells whether the password is the one. A password that the scheme can't take as a whole never
	// matches, at the same cost: truncated it might equal another one.
	compare(e engine, password []byte) bool
	// under tells whether a new hash under the setting would have the same kind and cost.
	under(s Setting) bool
}

// schemes is the table of hash texts that Signet writes. read returns false for a text that is not of its scheme to the letter.
var schemes = [...]struct {
	prefix string
	read   func(text string) (stored, bool)
}{
	{"$2a$", readBcrypt},
	{"$2b$", readBcrypt},
	{"$2y$", readBcrypt}, // PHP's name for the same; $2x$ is a bug of old PHP and not read
	{"$argon2id$", readArgon2id},
}

// imported is the table of hash texts that other programs wrote and Signet never does; docs/password-hashes.md describes them. The first
// matching prefix decides; read gets the rest of the text.
var imported = [...]struct {
	prefix string
	read   func(rest string) (stored, bool)
}{
	{"$pbkdf2-sha1$i=", readPBKDF2PHC(digestSHA1)},
	{"$pbkdf2-sha256$i=", readPBKDF2PHC(digestSHA256)},
	{"$pbkdf2-sha512$i=", readPBKDF2PHC(digestSHA512)},
	{"$pbkdf2$", readPBKDF2Passlib(digestSHA1)},
	{"$pbkdf2-sha256$", readPBKDF2Passlib(digestSHA256)},
	{"$pbkdf2-sha512$", readPBKDF2Passlib(digestSHA512)},
	{"pbkdf2_sha1$", readPBKDF2Django(digestSHA1)},
	{"pbkdf2_sha256$", readPBKDF2Django(digestSHA256)},
	{"pbkdf2:sha1:", readPBKDF2Werkzeug(digestSHA1)},
	{"pbkdf2:sha256:", readPBKDF2Werkzeug(digestSHA256)},
	{"pbkdf2:sha512:", readPBKDF2Werkzeug(digestSHA512)},
	{"$scrypt$", readScryptCrypt},
	{"scrypt:", readScryptWerkzeug},
	{"scrypt$", readScryptDjango},
	{"$firebase-scrypt$", readFirebase},
}

func read(text string) (stored, bool) {
	if len(text) > maxText {
		return nil, false
	}
	for _, s := range schemes {
		if strings.HasPrefix(text, s.prefix) {
			return s.read(text)
		}
	}
	for _, s := range imported {
		if rest, ok := strings.CutPrefix(text, s.prefix); ok {
			return s.read(rest)
		}
	}
	return nil, false
}

// Kinds are the possible results of [Unreadable].
func Kinds() []string {
	return []string{"argon2id", "bcrypt", "firebase", "pbkdf2", "scrypt", "unknown"}
}

// kindOf is the probable kind of a text, by its beginning.
func kindOf(text string) string {
	for _, k := range []struct{ prefix, kind string }{
		{"$2", "bcrypt"},
		{"$argon2", "argon2id"},
		{"$pbkdf2", "pbkdf2"},
		{"pbkdf2", "pbkdf2"},
		{"$scrypt", "scrypt"},
		{"scrypt", "scrypt"},
		{"$firebase", "firebase"},
	} {
		if strings.HasPrefix(text, k.prefix) {
			return k.kind
		}
	}
	return "unknown"
}

// standIn is hashed in place of a password that can't be hashed, so that the work is the same.
var standIn = []byte("a password that no scheme refuses")

// engine does the expensive part; tests replace it to count calls.
type engine interface {
	bcryptCompare(hash, password []byte) error
	bcryptGenerate(password []byte, cost int) ([]byte, error)
	argon2id(password, salt []byte, a Argon2id, length uint32) []byte
	pbkdf2(d digest, password, salt []byte, rounds, length int) []byte
	scrypt(password, salt []byte, c scryptCost, length int) []byte
}

type processor struct{}

// large limits hashes that take much memory to two at a time, however many places the queue has.
var large = make(chan struct{}, 2)

const largeMemory = 64 << 20

func alone(memory uint64, work func() []byte) []byte {
	if memory > largeMemory {
		large <- struct{}{}
		defer func() { <-large }()
	}
	return work()
}

func (processor) bcryptCompare(hash, password []byte) error {
	return bcrypt.CompareHashAndPassword(hash, password)
}

func (processor) bcryptGenerate(password []byte, cost int) ([]byte, error) {
	return bcrypt.GenerateFromPassword(password, cost)
}

func (processor) argon2id(password, salt []byte, a Argon2id, length uint32) []byte {
	return alone(uint64(a.Memory)<<10, func() []byte { return argon2.IDKey(password, salt, a.Passes, a.Memory, a.Lanes, length) })
}

func (processor) pbkdf2(d digest, password, salt []byte, rounds, length int) []byte {
	tag, err := pbkdf2.Key(d.make, string(password), salt, rounds, length)
	if err != nil {
		return nil // the standard library is configured to allow less; then nothing matches
	}
	return tag
}

func (processor) scrypt(password, salt []byte, c scryptCost, length int) []byte {
	return alone(128*uint64(c.n)*uint64(c.r), func() []byte {
		tag, err := scrypt.Key(password, salt, c.n, c.r, c.p, length)
		if err != nil {
			panic("pwhash: scrypt refuses what is within the bounds: " + err.Error())
		}
		return tag
	})
}
