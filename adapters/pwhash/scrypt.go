package pwhash

import (
	"crypto/subtle"
	"strings"
)

// The bounds of scrypt. Memory is 128·N·r bytes, work is 128·N·r·p bytes mixed twice: twice the largest memory is a little more than the
// most expensive setting of the OWASP password storage guide.
const (
	maxScryptMemory = 128 << 20
	maxScryptWork   = 2 * maxScryptMemory
	maxScryptBlock  = 32
	maxScryptLanes  = 16
)

// scryptSize is the length of the tags that Werkzeug and Django write.
const scryptSize = 64

// scryptCost is N, r and p of RFC 7914.
type scryptCost struct{ n, r, p int }

func (c scryptCost) inBounds() bool {
	return c.n > 1 && c.n&(c.n-1) == 0 && c.n <= maxScryptMemory/128 && c.r >= 1 && c.r <= maxScryptBlock &&
		c.p >= 1 && c.p <= maxScryptLanes && 128*c.n*c.r <= maxScryptMemory && 128*c.n*c.r*c.p <= maxScryptWork
}

// scryptHash is scrypt (RFC 7914). It is verified, for accounts that come from elsewhere, and never made.
type scryptHash struct {
	cost scryptCost
	salt []byte
	tag  []byte
}

func (h scryptHash) compare(e engine, password []byte) bool {
	whole := hmacTakes(password)
	if !whole {
		password = standIn
	}
	tag := e.scrypt(password, h.salt, h.cost, len(h.tag))
	return subtle.ConstantTimeCompare(tag, h.tag) == 1 && whole
}

func (scryptHash) under(Setting) bool { return false }

// logarithm is N of ln=16. A text whose ln is N itself, as some programs write it, asks for far too much and is not read.
func logarithm(ln int) int {
	if ln > 30 {
		return 0
	}
	return 1 << ln
}

// readScryptCrypt reads the rest of a PHC string, a form that passlib uses, too: "ln=16,r=8,p=1$salt$tag".
func readScryptCrypt(rest string) (stored, bool) {
	parts := strings.Split(rest, "$")
	if len(parts) != 3 {
		return nil, false
	}
	named, ok := numbers(parts[0], "ln", "r", "p")
	if !ok {
		return nil, false
	}
	h := scryptHash{cost: scryptCost{logarithm(named[0]), named[1], named[2]}}
	var salt, tag bool
	h.salt, salt = decode(phc, parts[1], minSalt, maxSalt)
	h.tag, tag = decode(phc, parts[2], minTag, maxTag)
	return h, salt && tag && h.cost.inBounds()
}

// readScryptWerkzeug reads "N:r:p$salt$tag", the tag in hex.
func readScryptWerkzeug(rest string) (stored, bool) {
	parts := strings.Split(rest, "$")
	if len(parts) != 3 {
		return nil, false
	}
	h := scryptHash{}
	var salt, tag bool
	h.salt, salt = saltText(parts[1])
	h.tag, tag = decodeHex(parts[2], scryptSize)
	costs := strings.Split(parts[0], ":")
	return h, salt && tag && len(costs) == 3 && h.cost.read(costs[0], costs[1], costs[2])
}

// readScryptDjango reads "N$salt$r$p$tag", the tag in base64.
func readScryptDjango(rest string) (stored, bool) {
	parts := strings.Split(rest, "$")
	if len(parts) != 5 {
		return nil, false
	}
	h := scryptHash{}
	var salt, tag bool
	h.salt, salt = saltText(parts[1])
	h.tag, tag = decode(padded, parts[4], scryptSize, scryptSize)
	return h, salt && tag && h.cost.read(parts[0], parts[2], parts[3])
}

func (c *scryptCost) read(n, r, p string) bool {
	var okN, okR, okP bool
	c.n, okN = number(n)
	c.r, okR = number(r)
	c.p, okP = number(p)
	return okN && okR && okP && c.inBounds()
}
