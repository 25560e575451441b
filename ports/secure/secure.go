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
	// Reserve waits for a place to hash, a bounded time. domain.ErrBusy when there is none; ctx's error when the caller hung
	// up, whose turn is then skipped. It is called before the account is looked up, so that a full queue says nothing
	// about accounts.
	Reserve(ctx context.Context) (Slot, error)
	// Unreadable is the kind of a stored hash that matches no password, because its text is malformed, beyond the bounds of work, or of a
	// kind that is not read; empty for one that is fine, and for none.
	Unreadable(hash string) string
}

// Slot is one place to hash, for one goroutine. Release it as soon as the hashing is done.
type Slot interface {
	// Verify compares a password with a stored hash in the time that the current setting takes, whatever the hash: an empty
	// or unreadable hash is compared with a decoy and never matches, a cheaper one is topped up. A password is the same in
	// whatever Unicode form it is typed; one that is not composed (NFC) costs two comparisons, with a hash and without.
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
	// Unreadable is the kind of the stored hash where no password can match it: what an operator must know, and no client.
	Unreadable string
	// Settle waits until the answer takes as long as one under the current setting, for hashes of another kind that can't be
	// topped up. Call it after Release: the answer waits, not the place. It may be nil.
	Settle func(context.Context)
}

// KeyMaker makes signing keys.
type KeyMaker interface {
	// Generate makes a key pair with its thumbprint: KID, Algorithm, Private (not sealed) and Public are set. The thumbprint has no
	// dash in front, since it is typed as an argument of commands.
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
	// Peek reads the kid of a token whose form is right, without cryptography. ok is false for anything that no key of ours
	// can have signed: wrong length, form, algorithm or type.
	Peek(token string) (kid string, ok bool)
	// Verify checks the signature and every registered claim but the audience (RFC 8725, RFC 9068 §4), and returns the
	// claims. ErrExpired when only its time is over: such a token is genuine. Any other error: it is not.
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
	// Open decrypts with the key that sealed, the current one or a previous one. ErrUnknownSecret when it is neither.
	Open(place string, sealed []byte) ([]byte, error)
	// Reseal seals a value under the current key that a previous one sealed. changed is false, and the value is the same, when the
	// current key sealed it. ErrUnknownSecret as with Open.
	Reseal(place string, sealed []byte) (resealed []byte, changed bool, err error)
	// Derive returns the label's key of 32 bytes under the current secret and then under each previous one. Callers must
	// not change them.
	Derive(label string) [][]byte
}

// ErrUnknownSecret is the error of a sealed value that another secret sealed than those that are known here. Nothing says that it is
// damaged: where the secret is known, it opens.
var ErrUnknownSecret = errors.New("sealed under a secret that is neither the current one nor a previous one")

// ErrExpired is the error of a genuine token whose time is over.
var ErrExpired = errors.New("the token has expired")
