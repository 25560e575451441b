package pwhash

import (
	_ "embed"
	"encoding/binary"
	"hash/fnv"
	"sort"
	"strings"
)

// commonPasswords are sorted 64-bit hashes (hashFolded), 8 bytes each, big-endian, of the texts in the dictionaries of zxcvbn:
// exact in practice, and part of the program's file, so that a start reads and decodes nothing. A collision refuses one
// password of 2⁴⁸. A test makes the file.
//
//go:embed common_passwords.bin
var commonPasswords string

const hashSize = 8

// IsCommon tells whether a password is one that attackers try first (ASVS 6.2.4, NIST SP 800-63B-4 §3.1.1.2), without a network.
// It is a domain.PasswordPolicy's Common, and safe for concurrent use.
//
// A password is common when the whole of it, case aside, is one of the dictionaries' entries; when it is one of them with up to
// four digits or signs behind it or letters written as digits ("password123", "P@ssw0rd"), which is where guessing programs go
// next; when it is a run or a repetition of digits; or when its letters spell the name of this product ("Signet-2031!").
func IsCommon(password string) bool {
	return isListed(password) || isDecorated(password) || isDigitRun(password) || isProduct(password)
}

func isListed(text string) bool {
	hash := hashFolded(text)
	n := len(commonPasswords) / hashSize
	at := sort.Search(n, func(i int) bool { return listedHash(i) >= hash })
	return at < n && listedHash(at) == hash
}

func listedHash(i int) uint64 {
	return binary.BigEndian.Uint64([]byte(commonPasswords[i*hashSize : (i+1)*hashSize]))
}

// hashFolded is what the list of common passwords keeps of each.
func hashFolded(text string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(strings.ToLower(text)))
	return h.Sum64()
}
