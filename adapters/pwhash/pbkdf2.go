package pwhash

import (
	"crypto/sha1" //nolint:gosec // hashes that others made are verified once and then replaced
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"hash"
	"strings"
)

// maxPBKDF2Rounds bounds what a stored text may cost, in rounds of HMAC: a tag of several blocks takes that many times more.
const maxPBKDF2Rounds = 2_000_000

// digest is a hash function of PBKDF2.
type digest struct {
	size int
	make func() hash.Hash
}

var (
	digestSHA1   = digest{sha1.Size, sha1.New}
	digestSHA256 = digest{sha256.Size, sha256.New}
	digestSHA512 = digest{sha512.Size, sha512.New}
)

// pbkdf2Hash is PBKDF2 with HMAC (RFC 8018 §5.2). It is verified, for accounts that come from elsewhere, and never made.
type pbkdf2Hash struct {
	digest digest
	rounds int
	salt   []byte
	tag    []byte
}

func (h pbkdf2Hash) inBounds() bool {
	blocks := (len(h.tag) + h.digest.size - 1) / h.digest.size
	return h.rounds*blocks <= maxPBKDF2Rounds
}

func (h pbkdf2Hash) compare(e engine, password []byte) bool {
	whole := hmacTakes(password)
	if !whole {
		password = standIn
	}
	tag := e.pbkdf2(h.digest, password, h.salt, h.rounds, len(h.tag))
	return subtle.ConstantTimeCompare(tag, h.tag) == 1 && whole
}

func (pbkdf2Hash) under(Setting) bool { return false }

// readPBKDF2 reads "rounds$salt$tag".
func readPBKDF2(d digest, readSalt, readTag func(string) ([]byte, bool)) func(string) (stored, bool) {
	return func(rest string) (stored, bool) {
		parts := strings.Split(rest, "$")
		if len(parts) != 3 {
			return nil, false
		}
		h := pbkdf2Hash{digest: d}
		var rounds, salt, tag bool
		h.rounds, rounds = number(parts[0])
		h.salt, salt = readSalt(parts[1])
		h.tag, tag = readTag(parts[2])
		return h, rounds && salt && tag && h.inBounds()
	}
}

// readPBKDF2Passlib reads "rounds$salt$tag" in passlib's own base64.
func readPBKDF2Passlib(d digest) func(string) (stored, bool) {
	return readPBKDF2(d,
		func(text string) ([]byte, bool) { return decode(dotted, text, minSalt, maxSalt) },
		func(text string) ([]byte, bool) { return decode(dotted, text, d.size, d.size) })
}

// readPBKDF2PHC reads "rounds,l=length$salt$tag" behind the "i=" of a PHC string.
func readPBKDF2PHC(d digest) func(string) (stored, bool) {
	return func(rest string) (stored, bool) {
		parts := strings.Split(rest, "$")
		if len(parts) != 3 {
			return nil, false
		}
		named, ok := numbers("i="+parts[0], "i", "l")
		if !ok {
			return nil, false
		}
		h := pbkdf2Hash{digest: d, rounds: named[0]}
		var salt, tag bool
		h.salt, salt = decode(phc, parts[1], minSalt, maxSalt)
		h.tag, tag = decode(phc, parts[2], minTag, maxTag)
		return h, salt && tag && len(h.tag) == named[1] && h.inBounds()
	}
}

// readPBKDF2Django reads "rounds$salt$tag", the tag in base64.
func readPBKDF2Django(d digest) func(string) (stored, bool) {
	return readPBKDF2(d, saltText, func(text string) ([]byte, bool) { return decode(padded, text, d.size, d.size) })
}

// readPBKDF2Werkzeug reads "rounds$salt$tag", the tag in hex. Texts without rounds are not read: their number depends on the version that
// wrote them.
func readPBKDF2Werkzeug(d digest) func(string) (stored, bool) {
	return readPBKDF2(d, saltText, func(text string) ([]byte, bool) { return decodeHex(text, d.size) })
}
