package domain

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"io"
	"time"
)

// AppTokenSecret is one secret of an application token, as it is stored: its hash, and a public id in the token's text, by which it is
// found. The id is a random UUID, so that secrets of about the same time have different visible prefixes.
type AppTokenSecret struct {
	ID        AppTokenSecretID
	Hash      []byte // SHA-256: with 256 random bits nothing slower is needed
	Prefix    string // the visible beginning of its text
	CreatedAt time.Time
	ExpiresAt time.Time // zero: with its token
}

// prefixDigits is how much of the public id people see.
const prefixDigits = 8

// NewAppTokenSecret generates a secret, and the text that is shown once.
func NewAppTokenSecret(id AppTokenSecretID, entropy io.Reader, now time.Time) (AppTokenSecret, Secret, error) {
	var secret [secretSize]byte
	if _, err := io.ReadFull(entropy, secret[:]); err != nil {
		return AppTokenSecret{}, Secret{}, fmt.Errorf("draw a secret: %w", err)
	}
	public, ok := UUIDBytes(id)
	if !ok {
		return AppTokenSecret{}, Secret{}, fmt.Errorf("the id of a secret is no UUID")
	}
	text := encodeOpaque(appTokenPrefix, public[:], secret[:])
	hash := sha256.Sum256(secret[:])
	return AppTokenSecret{ID: id, Hash: hash[:], Prefix: text[:len(appTokenPrefix)+prefixDigits], CreatedAt: now}, NewSecret(text), nil
}

// IsLive tells whether it may be used, apart from the state of its token.
func (s AppTokenSecret) IsLive(now time.Time) bool {
	return s.ExpiresAt.IsZero() || now.Before(s.ExpiresAt)
}

// PresentedAppToken is an application token taken apart. It proves nothing until an AppToken has judged it.
type PresentedAppToken struct {
	Secret AppTokenSecretID
	hash   [sha256.Size]byte
}

// ParseAppToken reads the text form. ok is false for anything that Signet did not write in this form.
func ParseAppToken(text Secret) (p PresentedAppToken, ok bool) {
	fields, ok := decodeOpaque(text.Reveal(), appTokenPrefix, 16, secretSize)
	if !ok {
		return p, false
	}
	return PresentedAppToken{Secret: UUIDText[AppTokenSecretID]([16]byte(fields[0])), hash: sha256.Sum256(fields[1])}, true
}

// matches compares the hashes in constant time, so that the time does not reveal how much of a guess is right.
func (p PresentedAppToken) matches(s AppTokenSecret) bool {
	return subtle.ConstantTimeCompare(p.hash[:], s.Hash) == 1
}
