package signet

import (
	"errors"
	"fmt"
	"time"
)

// The verdicts that are no principal. Use errors.Is; errors.As finds the *Refusal and the *Unavailable.
var (
	// ErrMissing says that there is no token.
	ErrMissing = errors.New("signet: no access token")
	// ErrInvalid says that the token is refused. Why is in the Refusal, and not for its bearer.
	ErrInvalid = errors.New("signet: the access token is invalid")
	// ErrUnavailable says that no verdict can be had now.
	ErrUnavailable = errors.New("signet: no verdict can be had now")
)

// Reason is why a token was refused.
type Reason string

// The reasons.
const (
	ReasonMalformed   Reason = "malformed"
	ReasonAlgorithm   Reason = "algorithm"
	ReasonType        Reason = "type"
	ReasonCritical    Reason = "critical"
	ReasonKeyUnknown  Reason = "key_unknown"
	ReasonSignature   Reason = "signature"
	ReasonIssuer      Reason = "issuer"
	ReasonAudience    Reason = "audience"
	ReasonClaims      Reason = "claims"
	ReasonExpired     Reason = "expired"
	ReasonNotYetValid Reason = "not_yet_valid"
	ReasonTokenBound  Reason = "token_bound"
	ReasonKeyRevoked  Reason = "key_revoked"
	ReasonEnded       Reason = "ended"
	ReasonInactive    Reason = "inactive"
)

// Refusal is why a token was refused, for logs and metrics; the token is not in it. Subject is empty while the signature is not verified.
type Refusal struct { //nolint:errname // what it is, and an error besides
	Reason  Reason
	Subject string
	KID     string
}

// Error names the reason.
func (r *Refusal) Error() string { return fmt.Sprintf("%v: %s", ErrInvalid, r.Reason) }

// Is makes it an ErrInvalid.
func (r *Refusal) Is(target error) bool { return target == ErrInvalid }

// Unavailable is why there is no verdict.
type Unavailable struct { //nolint:errname // likewise
	Cause error
	// RetryAfter is when another try makes sense.
	RetryAfter time.Duration
}

// Error names the cause.
func (u *Unavailable) Error() string { return fmt.Sprintf("%v: %v", ErrUnavailable, u.Cause) }

// Is makes it an ErrUnavailable.
func (u *Unavailable) Is(target error) bool { return target == ErrUnavailable }

// Unwrap is the cause.
func (u *Unavailable) Unwrap() error { return u.Cause }

func unavailable(why string) error {
	return &Unavailable{Cause: errors.New(why), RetryAfter: time.Second}
}
