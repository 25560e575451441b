package provider

import (
	"errors"
	"time"

	"github.com/signet-auth/signet/domain"
)

// IDTokens is the cryptography for providers: it verifies id_tokens, and makes the client secret for Apple.
type IDTokens interface {
	// Keys reads a key set (RFC 7517). Keys of an unknown kty, crv or alg, those of use "enc" and RSA ones under 2 048 bits are left out. It
	// returns an error when the document is invalid, or has more than 100 keys.
	Keys(document []byte) ([]Key, error)
	// Verify checks an id_token of at most 16 KB (OIDC Core §3.1.3.7): its signature under the one key that its kid names (without a kid: the
	// only key that fits), by an algorithm fixed by the key, and never HS* or none; iss, aud, azp, exp, iat and nonce, the times with 60 s of
	// leeway; and its subject (SubjectOf). It returns ErrUnknownKey when no key has its kid: the keys may have been rotated. It returns a
	// *ClockError when only its times are wrong.
	Verify(token string, keys []Key, want Expected) (Claims, error)
	// ClientSecret makes the client secret for Apple: ES256 by the PEM key under its kid; iss is the team, sub the client id, aud Apple's
	// issuer, 5 minutes.
	ClientSecret(key AppleKey, clientID string, now time.Time) (domain.Secret, error)
}

// Key is a prepared public key of a provider.
type Key interface {
	KID() string
	// Issuer is the member `issuer` that Microsoft's key sets carry, empty elsewhere.
	Issuer() string
}

// Expected is the values that an id_token is checked against.
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

// AppleKey is the key with which a team makes client secrets for Apple.
type AppleKey struct {
	TeamID, KeyID string
	PEM           domain.Secret
}

// ClockError is the error for an id_token whose times don't fit: the provider's clock or ours is wrong.
type ClockError struct {
	Claim string        // exp, iat or nbf
	Off   time.Duration // the difference beyond the leeway
}

// Error says by how much the time is wrong.
func (e *ClockError) Error() string {
	return e.Claim + " of the id_token is " + e.Off.Round(time.Second).String() + " beyond the leeway"
}

// ErrUnknownKey is the error for an id_token whose kid no key has.
var ErrUnknownKey = errors.New("the id_token names a key that the key set does not have")
