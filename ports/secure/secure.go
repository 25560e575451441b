// Package secure is the port to cryptography: password hashes, access tokens, and sealed data.
package secure

import (
	"context"
	"errors"
	"time"

	"github.com/signet-auth/signet/domain"
)

// PasswordHasher bounds how many passwords are hashed at once. Hashes describe themselves (modular crypt or PHC string).
type PasswordHasher interface {
	// Reserve waits for a place to hash, for a bounded time. It returns domain.ErrBusy when there is none, and ctx's error when the caller
	// hung up, whose turn is then skipped. Call it before the account is looked up, so that a full queue reveals nothing about accounts.
	Reserve(ctx context.Context) (Slot, error)
	// Unreadable is the kind of a stored hash that matches no password, because its text is malformed, beyond the bounds of work, or of a
	// kind that is not read; empty for one that is fine, and for none.
	Unreadable(hash string) string
}

// Slot is one place to hash, for one goroutine. Release it as soon as the hashing is done.
type Slot interface {
	// Verify compares a password with a stored hash in the time that the current setting takes, whatever the hash: an empty or unreadable hash
	// is compared with a decoy and never matches, a cheaper one is topped up. The Unicode form of a password makes no difference; one that is
	// not composed (NFC) costs two comparisons, with a hash and without.
	Verify(hash string, password domain.Secret) Match
	// Hash hashes under the current setting. A password that the setting can't take whole is an error.
	Hash(password domain.Secret) (string, error)
	// Release gives the place back. Later calls do nothing.
	Release()
}

// Match is the outcome of a comparison.
type Match struct {
	OK bool
	// Outdated tells that the hash was made under another setting and should be replaced.
	Outdated bool
	// Unreadable is the kind of the stored hash if no password can match it: operators must learn of it, but not clients.
	Unreadable string
	// Settle waits until the answer takes as long as one under the current setting, for hashes of another kind that can't be topped up. Call
	// it after Release, so that the wait does not occupy the place. It may be nil.
	Settle func(context.Context)
}

// KeyMaker makes signing keys.
type KeyMaker interface {
	// Generate makes a key pair with its thumbprint: KID, Algorithm, Private (not sealed) and Public are set. The thumbprint does not begin
	// with a dash, since it is an argument of commands.
	Generate(alg domain.Algorithm) (domain.SigningKey, error)
}

// TokenIssuer signs access tokens.
type TokenIssuer interface {
	// Signer prepares a key for use; Private must be opened.
	Signer(key domain.SigningKey) (Signer, error)
}

// Signer signs with one key. It is safe for concurrent use.
type Signer interface {
	// Sign makes an access token (RFC 9068) of the claims; its header has the key's kid and the claims' type.
	Sign(c domain.Claims) (string, error)
}

// TokenVerifier checks access tokens.
type TokenVerifier interface {
	// Key prepares the public half of a key for use.
	Key(key domain.SigningKey) (VerifyKey, error)
	// Peek reads the kid of a well-formed token, without cryptography. ok is false for anything that no key of ours can have signed: wrong
	// length, form, algorithm or type.
	Peek(token string) (kid string, ok bool)
	// Verify checks the signature and every registered claim but the audience (RFC 8725, RFC 9068 §4), and returns the claims. It returns
	// ErrExpired when the token has only expired and is genuine. Any other error means that it is not genuine.
	Verify(token string, key VerifyKey, issuer string, now time.Time) (domain.Claims, error)
	// JWKS is the key set document (RFC 7517 §5) of the keys: public members only.
	JWKS(keys []domain.SigningKey) ([]byte, error)
}

// VerifyKey is a prepared public key; it is bound to one algorithm.
type VerifyKey interface{ KID() string }

// Sealer encrypts what is stored, and derives keys from SECRET_KEY, one per label (HKDF-SHA256).
type Sealer interface {
	// Seal encrypts with the current key (AES-256-GCM). place names table, column and row, and is authenticated: a sealed
	// value moved elsewhere does not open.
	Seal(place string, plain []byte) ([]byte, error)
	// Open decrypts with the key that sealed the value, the current one or a previous one. It returns ErrUnknownSecret when it is neither.
	Open(place string, sealed []byte) ([]byte, error)
	// Reseal seals a value under the current key that a previous one sealed. changed is false, and the value is the same, when the
	// current key sealed it. ErrUnknownSecret as with Open.
	Reseal(place string, sealed []byte) (resealed []byte, changed bool, err error)
	// Derive returns the label's key of 32 bytes under the current secret and then under each previous one. Callers must
	// not change them.
	Derive(label string) [][]byte
}

// ErrUnknownSecret is the error for a value that an unknown secret sealed. The value need not be damaged: it opens where the secret is
// known.
var ErrUnknownSecret = errors.New("sealed under a secret that is neither the current one nor a previous one")

// ErrExpired is the error for a genuine token that has expired.
var ErrExpired = errors.New("the token has expired")
