package pwhash

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"strings"
)

// maxText is the longest stored text that is read.
const maxText = 512

// What a salt and a tag may have, in bytes. A shorter tag could be guessed; a longer one only costs.
const (
	minSalt, maxSalt = 4, 64
	minTag, maxTag   = 16, 64
)

// The readers below accept exactly one spelling of a value: otherwise two spellings of the same hash would compare as different.

// number reads a positive decimal number without sign, blanks or leading zeros.
func number(text string) (n int, ok bool) {
	if text == "" || len(text) > 9 || text[0] == '0' {
		return 0, false
	}
	for i := range len(text) {
		if !isDigit(text[i]) {
			return 0, false
		}
		n = 10*n + int(text[i]-'0')
	}
	return n, true
}

// numbers reads "a=1,b=2": these names in this order.
func numbers(text string, names ...string) ([]int, bool) {
	fields := strings.Split(text, ",")
	if len(fields) != len(names) {
		return nil, false
	}
	values := make([]int, len(names))
	for i, name := range names {
		digits, named := strings.CutPrefix(fields[i], name+"=")
		n, ok := number(digits)
		if !named || !ok {
			return nil, false
		}
		values[i] = n
	}
	return values, true
}

var (
	// phc is the base64 of PHC strings.
	phc = base64.RawStdEncoding.Strict()
	// padded is the base64 of RFC 4648 §4.
	padded = base64.StdEncoding.Strict()
	// dotted is what passlib calls "adapted": a dot in the place of the plus.
	dotted = base64.NewEncoding("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789./").WithPadding(base64.NoPadding).Strict()
)

// decode reads base64. The package skips line ends, so the result is encoded again and compared.
func decode(encoding *base64.Encoding, text string, least, most int) (raw []byte, ok bool) {
	raw, err := encoding.DecodeString(text)
	return raw, err == nil && len(raw) >= least && len(raw) <= most && encoding.EncodeToString(raw) == text
}

// decodeHex reads lower-case hex.
func decodeHex(text string, length int) (raw []byte, ok bool) {
	raw, err := hex.DecodeString(text)
	return raw, err == nil && len(raw) == length && hex.EncodeToString(raw) == text
}

// saltText reads a salt that is hashed as it is written: printable ASCII.
func saltText(text string) (salt []byte, ok bool) {
	for i := range len(text) {
		if text[i] <= ' ' || text[i] > '~' {
			return nil, false
		}
	}
	return []byte(text), len(text) >= minSalt && len(text) <= maxSalt
}

// hmacTakes tells whether HMAC, which PBKDF2 and scrypt begin with, sees all of a password: it pads its key with NULs, so "a" and "a\x00"
// would be equal. (It also replaces a password that is longer than its block by its digest. So that digest would be accepted as a password,
// too, if it were text; the first login replaces the hash.)
func hmacTakes(password []byte) bool {
	return len(password) > 0 && len(password) <= maxPassword && bytes.IndexByte(password, 0) < 0
}
