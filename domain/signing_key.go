package domain

import "time"

// Algorithm is a JWS algorithm (RFC 7518 §3.1, RFC 8037). None has a shared secret: a service that could verify with it could mint
// administrators.
type Algorithm string

// The algorithms.
const (
	ES256 Algorithm = "ES256"
	RS256 Algorithm = "RS256"
	EdDSA Algorithm = "EdDSA"
)

// KeyState is a signing key's place in its life: published, signing, still verifying, gone.
type KeyState string

// The states. Next is published before it signs, so that verifiers have time to fetch it.
const (
	KeyNext    KeyState = "next"
	KeyActive  KeyState = "active"
	KeyRetired KeyState = "retired"
	KeyRevoked KeyState = "revoked"
)

// SigningKey is a key pair. Private is sealed wherever it is stored.
type SigningKey struct {
	KID         string // RFC 7638 thumbprint
	Algorithm   Algorithm
	State       KeyState
	Private     []byte // PKCS #8 DER, sealed at rest; empty once the key signs no more
	Public      []byte // JWK, public members only
	CreatedAt   time.Time
	ActivatedAt time.Time
	RetiredAt   time.Time
	ExpiresAt   time.Time // when the last token it signed has expired; zero while it may sign
}

// Verifies tells whether tokens of this key are still accepted, and the key is published.
func (k SigningKey) Verifies(now time.Time) bool {
	return k.State != KeyRevoked && (k.ExpiresAt.IsZero() || now.Before(k.ExpiresAt))
}

// Activate makes the key the one that signs.
func (k *SigningKey) Activate(now time.Time) { k.State, k.ActivatedAt = KeyActive, now }

// retire ends signing. The private half is deleted at once: it is not needed any more and must not be stolen.
func (k *SigningKey) retire(now, expires time.Time) {
	k.State, k.RetiredAt, k.ExpiresAt, k.Private = KeyRetired, now, expires, []byte{}
}

// revoke ends everything.
func (k *SigningKey) revoke(now time.Time) {
	k.State, k.RetiredAt, k.ExpiresAt, k.Private = KeyRevoked, now, now, []byte{}
}
