package domain

import (
	"crypto/hmac"
	"crypto/sha256"
	"io"
	"math/big"
	"strings"
	"time"
)

// Flow is one use of a one-time secret: what it is for, whom it is about and which mailbox it went to. The secret is consumed
// by one conditional update, so that of any number of parallel uses one succeeds.
type Flow struct {
	ID            FlowID
	Purpose       Purpose
	SecretHash    []byte
	CodeHash      []byte // empty: no code
	Subject       string
	Address       string // canonical
	Payload       []byte // sealed
	Tries         int    // wrong codes so far
	CreatedAt     time.Time
	CodeExpiresAt time.Time
	ExpiresAt     time.Time
	ConsumedAt    time.Time
}

// CodePolicy bounds the short code that a mail carries beside the link.
type CodePolicy struct {
	TTL   time.Duration
	Tries int // wrong ones, after which only the link is left
}

const (
	oneTimeSecretSize = 32
	codeDigits        = 6
)

// OneTimeSecret is what a mail carries.
type OneTimeSecret struct{ Link, Code Secret }

// NewFlow makes a flow and its secret, with a code when the policy gives codes a life. codeKey binds the hash of the code to
// SECRET_KEY: six digits are too few to be hashed without a key.
func NewFlow(id FlowID, purpose Purpose, subject string, address Email, codeKey []byte, entropy io.Reader, now time.Time, ttl time.Duration, code CodePolicy) (Flow, OneTimeSecret, error) {
	raw := make([]byte, oneTimeSecretSize)
	if _, err := io.ReadFull(entropy, raw); err != nil {
		return Flow{}, OneTimeSecret{}, err
	}
	f := Flow{ID: id, Purpose: purpose, Subject: subject, Address: address.Canonical(), CreatedAt: now, ExpiresAt: now.Add(ttl)}
	secret := OneTimeSecret{Link: NewSecret(encodeBase62(raw))}
	f.SecretHash, _ = HashOneTimeSecret(secret.Link)
	if code.TTL == 0 {
		return f, secret, nil
	}
	digits, err := drawCode(entropy)
	if err != nil {
		return Flow{}, OneTimeSecret{}, err
	}
	secret.Code = NewSecret(digits)
	f.CodeExpiresAt, f.CodeHash = now.Add(code.TTL), f.hashCode(codeKey, secret.Code)
	return f, secret, nil
}

// DeriveSecret makes the secret of a flow from a text, so that it can be derived again and need not be stored.
func DeriveSecret(key []byte, label, text string) Secret {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(label + "\x00" + text))
	return NewSecret(encodeBase62(mac.Sum(nil)))
}

// DeriveFlowID is the id of a flow that must be unique for a text.
func DeriveFlowID(label, text string) FlowID { return DeriveID[FlowID](label, text) }

// HashOneTimeSecret is the stored form of a link's secret. ok is false when the text can't be one.
func HashOneTimeSecret(link Secret) (hash []byte, ok bool) {
	raw, ok := decodeBase62Strict(link.Reveal(), oneTimeSecretSize)
	if !ok {
		return nil, false
	}
	sum := sha256.Sum256(raw)
	return sum[:], true
}

// IsLive tells whether the link still works.
func (f Flow) IsLive(now time.Time) bool { return f.ConsumedAt.IsZero() && now.Before(f.ExpiresAt) }

// TakesCode tells whether a code may still be tried.
func (f Flow) TakesCode(p CodePolicy, now time.Time) bool {
	return f.IsLive(now) && len(f.CodeHash) > 0 && f.Tries < p.Tries && now.Before(f.CodeExpiresAt)
}

// HasCode compares a code in constant time.
func (f Flow) HasCode(codeKey []byte, code Secret) bool {
	return hmac.Equal(f.hashCode(codeKey, code), f.CodeHash)
}

// hashCode binds the code to its flow, so that equal codes of two flows have unequal hashes.
func (f Flow) hashCode(key []byte, code Secret) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(f.ID))
	mac.Write([]byte(code.Reveal()))
	return mac.Sum(nil)
}

// ParseCode reads a code as a person types or pastes it: spaces and dashes are ignored.
func ParseCode(text Secret) (Secret, bool) {
	digits := withoutSeparators(text.Reveal())
	if len(digits) != codeDigits {
		return Secret{}, false
	}
	for i := range codeDigits {
		if digits[i] < '0' || digits[i] > '9' {
			return Secret{}, false
		}
	}
	return NewSecret(digits), true
}

// drawCode draws six digits with negligible bias: 8 bytes modulo a million are uneven by less than 2^-44.
func drawCode(entropy io.Reader) (string, error) {
	var raw [8]byte
	if _, err := io.ReadFull(entropy, raw[:]); err != nil {
		return "", err
	}
	n := new(big.Int).SetBytes(raw[:])
	text := n.Mod(n, big.NewInt(1_000_000)).String()
	return strings.Repeat("0", codeDigits-len(text)) + text, nil
}

func decodeBase62Strict(text string, n int) ([]byte, bool) {
	if len(text) != base62Length(n) {
		return nil, false
	}
	return decodeBase62(text, n)
}
