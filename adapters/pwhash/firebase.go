package pwhash

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/subtle"
	"strings"
)

// What a project's signer key may have, in bytes; Firebase's have 64.
const (
	minSigner = 32
	maxSigner = maxTag
)

const maxSeparator = 16

// firebaseHash is what Firebase Authentication makes of scrypt: the salt is followed by the project's separator, p is 1, and
// the result is the key under which the project's signer key is encrypted (AES-256 in counter mode, from zero). That
// ciphertext is the hash.
//
// The signer key is a secret of the project, a pepper: without it nobody can try passwords on a dump. So it is never in the text. It is a
// setting that lives beside SECRET_KEY and is needed until the last imported account has logged in. It is no strong pepper: an attacker who
// knows the password of one account in a dump can compute it.
type firebaseHash struct {
	cost    scryptCost
	salt    []byte // with the separator
	tag     []byte
	signers [][]byte
}

// compare does the work once: the signer keys only come in after it, so trying several costs nothing.
func (h firebaseHash) compare(e engine, password []byte) bool {
	whole := hmacTakes(password)
	if !whole {
		password = standIn
	}
	block, err := aes.NewCipher(e.scrypt(password, h.salt, h.cost, 32))
	if err != nil {
		panic("pwhash: AES takes 32 bytes: " + err.Error())
	}
	match := 0
	for _, signer := range h.signers {
		tag := make([]byte, len(signer))
		cipher.NewCTR(block, make([]byte, aes.BlockSize)).XORKeyStream(tag, signer) //nolint:gosec // each salt has its own key
		match |= subtle.ConstantTimeCompare(tag, h.tag)
	}
	return match == 1 && whole
}

func (firebaseHash) under(Setting) bool { return false }

// readFirebase reads "ln=14,r=8$separator$salt$hash": mem_cost, rounds, and the three values in the base64 that Firebase's
// console and export show.
func readFirebase(rest string) (stored, bool) {
	parts := strings.Split(rest, "$")
	if len(parts) != 4 {
		return nil, false
	}
	named, ok := numbers(parts[0], "ln", "r")
	if !ok {
		return nil, false
	}
	h := firebaseHash{cost: scryptCost{logarithm(named[0]), named[1], 1}}
	separator, okSeparator := decode(padded, parts[1], 0, maxSeparator)
	salt, okSalt := decode(padded, parts[2], minSalt, maxSalt)
	tag, okTag := decode(padded, parts[3], minSigner, maxSigner)
	h.salt, h.tag = append(salt, separator...), tag
	return h, okSeparator && okSalt && okTag && h.cost.inBounds()
}
