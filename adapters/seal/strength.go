package seal

import (
	"fmt"
	"strings"
)

const (
	minLength   = 32 // bytes: 256 bits when they are random
	minDistinct = 8
)

// placeholders are words that example files and tutorials use for a secret: everybody who reads the same tutorial could mint
// administrators. Each has at least six letters, so a random base64 secret contains one less than once in a million.
var placeholders = [...]string{
	"secret", "password", "passphrase", "changeme", "changethis", "changeit", "replaceme", "replacethis", "placeholder",
	"example", "default", "insecure", "insertkey", "yourkey", "letmein", "qwerty",
}

// weakness says why a secret is refused, or "" (RFC 8725 §3.5, ASVS 13.2.3). HKDF adds no entropy: an attacker who guesses the secret has
// every key. Entropy can't be measured from one sample, so the rule lists what people really type:
//
//   - fewer than 32 bytes, or fewer than 8 different ones;
//   - a placeholder in it, letters compared without case, digits and punctuation ignored;
//   - one pattern over and over ("0123456789abcdef" twice);
//   - mostly runs of a keyboard or alphabet ("abcdefgh…", "1111…"): two steps in three go to the same or the next byte.
func weakness(secret string) string {
	switch {
	case secret == "":
		return "is empty"
	case len(secret) < minLength:
		return fmt.Sprintf("has %d bytes, fewer than %d", len(secret), minLength)
	case distinct(secret) < minDistinct:
		return fmt.Sprintf("has fewer than %d different characters", minDistinct)
	case isPlaceholder(secret):
		return "is a placeholder"
	case isRepeated(secret):
		return "repeats one pattern"
	case isRun(secret):
		return "is made of runs of characters"
	}
	return ""
}

func distinct(secret string) int {
	var seen [256]bool
	n := 0
	for i := range len(secret) {
		if !seen[secret[i]] {
			seen[secret[i]] = true
			n++
		}
	}
	return n
}

func isPlaceholder(secret string) bool {
	letters := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' {
			return r
		}
		return -1
	}, strings.ToLower(secret))
	for _, word := range placeholders {
		if strings.Contains(letters, word) {
			return true
		}
	}
	return false
}

func isRepeated(secret string) bool {
	for period := 1; period <= len(secret)/2; period++ {
		if secret[period:] == secret[:len(secret)-period] {
			return true
		}
	}
	return false
}

func isRun(secret string) bool {
	steps := 0
	for i := 1; i < len(secret); i++ {
		if d := int(secret[i]) - int(secret[i-1]); d >= -1 && d <= 1 {
			steps++
		}
	}
	return 3*steps >= 2*(len(secret)-1)
}
