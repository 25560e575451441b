// Package factor is the port to what proves a second factor, or a person without a password: one-time passwords (RFC 6238) and WebAuthn
// credentials (Web Authentication Level 3).
//
// Adapters judge, and keep nothing: challenges, secrets, counters and what was used up are the caller's.
package factor

import (
	"errors"
	"time"

	"github.com/signet-auth/signet/domain"
)

// OTP makes and judges time-based one-time passwords: SHA-1, six digits, 30 s, which is what all authenticator apps support. Safe for
// concurrent use.
type OTP interface {
	// New makes a secret for an account, which the app shows beside the issuer.
	New(issuer, account string) (OTPKey, error)
	// Match tells at which time step (RFC 6238 §4.2) a code of six ASCII digits is right: the one of now, or the one before or after; the later
	// one if two have the same code. The caller accepts a step once, and none before it.
	Match(secret []byte, code string, now time.Time) (step int64, ok bool)
}

// OTPKey is a new secret in the forms that people can take it over in.
type OTPKey struct {
	Secret []byte        // 20 random bytes
	Text   domain.Secret // base32, to type
	URI    domain.Secret // otpauth:, for a link
	QR     []byte        // the URI as PNG
}

// Passkeys asks browsers for WebAuthn credentials and judges what comes back, for one relying party. Options and responses are the JSON of
// PublicKeyCredential's parse…FromJSON and toJSON. Safe for concurrent use.
//
// Errors about a response wrap ErrMalformed, ErrForged or ErrUnfit.
type Passkeys interface {
	// RPID is the domain that the credentials are bound to.
	RPID() string
	// CreationOptions asks for a new credential.
	CreationOptions(Creation) ([]byte, error)
	// Create judges the answer to them. Keys are of P-256 (ES256), of Ed25519, or of RSA with 2048 to 4096 bits (RS256).
	Create(c Creation, response []byte) (Created, error)
	// RequestOptions asks for a signature.
	RequestOptions(Assertion) ([]byte, error)
	// Presented reads whose signature a response claims to be, before anything is judged.
	Presented(response []byte) (Presented, error)
	// Assert judges a signature by the credential that it claims. The user handle (Presented), the counter and the backup flags are only
	// reported: the caller compares and keeps them.
	Assert(a Assertion, by domain.Credential, response []byte) (Asserted, error)
}

// The limits of what browsers send.
const (
	MaxResponse     = 16 << 10 // bytes of a response
	MaxCredentialID = 1023     // bytes (WebAuthn Level 3 §5.8.3)
	MaxPublicKey    = 2 << 10  // bytes
	ChallengeSize   = 32       // random bytes
)

// Creation is one request for a new credential.
type Creation struct {
	Challenge []byte // ChallengeSize random bytes
	User      domain.UserID
	Account   string // what the authenticator shows: the address
	// Resident asks for a passkey: discoverable, and the user verified. Otherwise a security key is asked for, which is a second factor only.
	Resident bool
	Exclude  []domain.Credential // the user's own, which the authenticator must not make again
}

// Assertion is one request for a signature.
type Assertion struct {
	Challenge []byte
	Allow     []domain.Credential // none: any passkey of this relying party
	// Passwordless wants the user verified. Otherwise it is preferred, and reported.
	Passwordless bool
}

// Created is a new credential.
type Created struct {
	domain.Credential

	UserVerified bool // when it was made
}

// Presented is what a response says about itself.
type Presented struct {
	CredentialID []byte
	User         domain.UserID // of the user handle; zero: none, or not one of ours
}

// Asserted is a genuine signature.
type Asserted struct {
	SignCount      uint32
	UserVerified   bool
	BackupEligible bool // as signed now: it may differ from what is kept
	BackedUp       bool
}

// The kinds of errors about a response.
var (
	// ErrMalformed is a response that can't be read, or contradicts itself, or has an attestation beyond none and packed-self. The text says
	// what is wrong with it, and is fit for clients.
	ErrMalformed = errors.New("malformed")
	// ErrForged is a wrong signature, origin or relying party: an attack, or a wrong setting. The text may repeat the origin, for the log.
	ErrForged = errors.New("not genuine")
	// ErrUnfit is a response that is not what was asked for: another ceremony, challenge, algorithm or credential, or a user who is not present,
	// or not verified. One that is forged as well is ErrForged, except with another algorithm or credential, since nothing is checked with it.
	ErrUnfit = errors.New("not what was asked for")
)
