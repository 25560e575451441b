package domain

import (
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"io"
)

// RefreshKeys are the keys K that bind refresh tokens to SECRET_KEY: the current one first, then the previous ones, which
// recognize but never make a token.
type RefreshKeys [][]byte

const (
	secretSize = 32
	saltSize   = 32
	tagSize    = 16
)

// RefreshToken is a refresh token taken apart. It proves nothing until a family has judged it.
type RefreshToken struct {
	Family     FamilyID
	Generation int64
	secret     [secretSize]byte
	tag        [tagSize]byte
}

// ParseRefreshToken reads the text form. ok is false for anything that Signet did not write in this form.
func ParseRefreshToken(text Secret) (t RefreshToken, ok bool) {
	fields, ok := decodeOpaque(text.Reveal(), refreshPrefix, 16+8+secretSize+tagSize)
	if !ok {
		return t, false
	}
	b := fields[0]
	t.Family = UUIDText[FamilyID]([16]byte(b[:16]))
	t.Generation = readInt64(b[16:24])
	copy(t.secret[:], b[24:24+secretSize])
	copy(t.tag[:], b[24+secretSize:])
	return t, t.Generation >= 0
}

// newRefreshToken makes the token of a family's generation, bound to key.
func newRefreshToken(key []byte, family FamilyID, generation int64, secret [secretSize]byte) RefreshToken {
	t := RefreshToken{Family: family, Generation: generation, secret: secret}
	t.tag = t.tagUnder(key)
	return t
}

// Text is the form that clients keep.
func (t RefreshToken) Text() Secret {
	b := t.head()
	b = append(b, t.secret[:]...)
	b = append(b, t.tag[:]...)
	return NewSecret(encodeOpaque(refreshPrefix, b))
}

// Hash is what the family's row keeps of the secret.
func (t RefreshToken) Hash() []byte {
	sum := sha256.Sum256(t.secret[:])
	return sum[:]
}

// Claimed is the family on the assumption that the token is its live one: a rotation that has read nothing begins with it.
func (t RefreshToken) Claimed() Family {
	return Family{ID: t.Family, Generation: t.Generation, Hash: t.Hash()}
}

// Genuine tells whether Signet made it, by verifying its tag under each of the keys.
func (t RefreshToken) Genuine(keys RefreshKeys) bool {
	for _, key := range keys {
		if tag := t.tagUnder(key); hmac.Equal(tag[:], t.tag[:]) {
			return true
		}
	}
	return false
}

// successor is the token that follows t under that salt. It is derived and not random, so that a replay of t yields the same successor
// again and nothing replayable has to be stored.
func (t RefreshToken) successor(key, salt []byte) RefreshToken {
	next := RefreshToken{Family: t.Family, Generation: t.Generation + 1}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte("next"))
	mac.Write(t.secret[:])
	mac.Write(next.head())
	mac.Write(salt)
	return newRefreshToken(key, next.Family, next.Generation, [secretSize]byte(mac.Sum(nil)))
}

func (t RefreshToken) tagUnder(key []byte) [tagSize]byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte("tag"))
	mac.Write(t.head())
	mac.Write(t.secret[:])
	return [tagSize]byte(mac.Sum(nil)[:tagSize])
}

func (t RefreshToken) head() []byte {
	id, _ := UUIDBytes(t.Family)
	return appendInt64(id[:], t.Generation)
}

// Format keeps the secret out of prints of the struct.
func (RefreshToken) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// The domain keeps clear of encoding/*; big-endian is four lines.
func appendInt64(b []byte, v int64) []byte {
	for shift := 56; shift >= 0; shift -= 8 {
		b = append(b, byte(v>>shift))
	}
	return b
}

func readInt64(b []byte) (v int64) {
	for _, c := range b {
		v = v<<8 | int64(c)
	}
	return v
}
