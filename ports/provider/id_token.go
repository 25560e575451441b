package provider

import (
	"errors"
	"time"

	"github.com/signet-auth/signet/domain"
)

// IDTokens is the cryptography behind providers: their id_tokens, and the client secret that Apple wants made.
type IDTokens interface {
	// Keys reads a key set (RFC 7517). Keys of an unknown kty, crv or alg, those of use "enc" and RSA ones under 2 048 bits are left
	// out. An error when the document is none, or holds more than 100 keys.
	Keys(document []byte) ([]Key, error)
	// Verify checks an id_token of at most 16 KB (OIDC Core §3.1.3.7): its signature under the one key that its kid names (without a
	// kid: that fits), by an algorithm fixed by the key, and never HS* or none; iss, aud, azp, exp, iat and nonce, the times with 60 s
	// of leeway; and its subject (SubjectOf). ErrUnknownKey when no key has its kid: the keys may have been rotated. A *ClockError when
	// nothing but its times is wrong.
	Verify(token string, keys []Key, want Expected) (Claims, error)
	// ClientSecret makes Apple's: ES256 by the PEM key under its kid; iss is the team, sub the client id, aud Apple's issuer, 5 minutes.
	ClientSecret(key AppleKey, clientID string, now time.Time) (domain.Secret, error)
}

// Key is a prepared public key of a provider.
type Key interface {
	KID() string
	// Issuer is the member `issuer` that Microsoft's key sets carry, empty elsewhere.
	Issuer() string
}

// Expected is what an id_token is held against.
type Expected struct {
	Issuer     func(iss string) bool // exact ones, or a tenant's
	Audience   string                // the client id
	Nonce      string
	Algorithms []string // of the metadata; nil: any that the key takes
	Now        time.Time
}

// Claims are those of a verified id_token, or of userinfo. Raw holds every member, numbers as json.Number.
type Claims struct {
	Issuer  string
	Subject string
	Raw     map[string]any
	Key     Key // that signed it
}

// AppleKey is what Apple gives a team to make client secrets with.
type AppleKey struct {
	TeamID, KeyID string
	PEM           domain.Secret
}

// ClockError is the error of an id_token whose times don't fit: it, or this machine, has the wrong time.
type ClockError struct {
	Claim string        // exp, iat or nbf
	Off   time.Duration // how far it is out, beyond the leeway
}

// Error says by how much.
func (e *ClockError) Error() string {
	return e.Claim + " of the id_token is " + e.Off.Round(time.Second).String() + " beyond the leeway"
}

// ErrUnknownKey is the error of an id_token whose kid is in none of the keys.
var ErrUnknownKey = errors.New("the id_token names a key that the key set does not have")
