package domain

import (
	"slices"
	"time"
)

// FactorKind says what a factor is.
type FactorKind string

// The kinds of factors.
const (
	FactorTOTP        FactorKind = "totp"         // an authenticator app (RFC 6238)
	FactorPasskey     FactorKind = "passkey"      // a WebAuthn credential that also logs in alone
	FactorSecurityKey FactorKind = "security_key" // a WebAuthn credential that is only a second factor
)

// The limits of factors.
const (
	MaxTOTP       = 3
	MaxWebAuthn   = 20
	MaxFactorName = 64 // characters
	// EnrolTTL is how long a factor waits to be confirmed.
	EnrolTTL = 10 * time.Minute
)

// Factor is what a person proves beside a password or a provider, or instead of them. It counts once it is confirmed; also a suspended one
// is a reason to ask for a factor.
type Factor struct {
	ID     FactorID
	UserID UserID
	Kind   FactorKind
	Name   string
	// SessionID is the session that began an unconfirmed one, and the only one that may confirm it.
	SessionID   SessionID
	Secret      []byte // of TOTP, sealed
	LastStep    int64  // the newest time step of TOTP that was accepted: no step counts twice (RFC 6238 §5.2)
	Credential  Credential
	CreatedAt   time.Time
	ConfirmedAt time.Time
	LastUsedAt  time.Time
	SuspendedAt time.Time
}

// Credential is the public part of a WebAuthn credential.
type Credential struct {
	ID             []byte
	PublicKey      []byte // COSE
	RPID           string
	SignCount      uint32
	Transports     []string
	BackupEligible bool // it may be synced
	BackedUp       bool // it is
}

// IsConfirmed tells whether it counts.
func (f Factor) IsConfirmed() bool { return !f.ConfirmedAt.IsZero() }

// CanConfirm tells whether a session may still confirm it.
func (f Factor) CanConfirm(by SessionID, now time.Time) bool {
	return !f.IsConfirmed() && f.SessionID == by && now.Before(f.CreatedAt.Add(EnrolTTL))
}

// IsUsable tells whether it proves anything now. rpID is the present one: a browser offers no credential of another.
func (f Factor) IsUsable(rpID string) bool {
	return f.IsConfirmed() && f.SuspendedAt.IsZero() && (f.Kind == FactorTOTP || f.Credential.RPID == rpID)
}

// Method is its authentication method.
func (f Factor) Method() string {
	switch {
	case f.Kind == FactorTOTP:
		return MethodOTP
	case f.Credential.BackupEligible:
		return MethodSoftwareKey
	}
	return MethodHardwareKey
}

// Accepts tells whether a signature's counter shows that nobody else has signed with the same key: it grows, or there is none (WebAuthn Level 3
// §6.1.1).
func (c Credential) Accepts(count uint32) bool {
	return count > c.SignCount || count == 0 && c.SignCount == 0
}

// HasPasskey tells whether one of the factors logs in alone.
func HasPasskey(all []Factor, rpID string) bool {
	return slices.ContainsFunc(all, func(f Factor) bool { return f.Kind == FactorPasskey && f.IsUsable(rpID) })
}

// Keys are the credentials of the passkeys and security keys among the factors that can sign now.
func Keys(all []Factor, rpID string) (keys []Credential) {
	for _, f := range all {
		if f.Kind != FactorTOTP && f.IsUsable(rpID) {
			keys = append(keys, f.Credential)
		}
	}
	return keys
}

// Confirmed are those that count.
func Confirmed(all []Factor) []Factor {
	return slices.DeleteFunc(slices.Clone(all), func(f Factor) bool { return !f.IsConfirmed() })
}

// The ways to prove a second factor, in the order in which they are offered.
const (
	WayWebAuthn = "webauthn"
	WayTOTP     = "totp"
	WayRecovery = "recovery"
)

// WaysToProve are the ways that are open to the owner of factors.
func WaysToProve(all []Factor, codes RecoveryCodes, rpID string) []string {
	var ways []string
	for _, f := range all {
		switch {
		case !f.IsUsable(rpID):
		case f.Kind == FactorTOTP:
			ways = append(ways, WayTOTP)
		default:
			ways = append(ways, WayWebAuthn)
		}
	}
	if codes.Left > 0 {
		ways = append(ways, WayRecovery)
	}
	order := []string{WayWebAuthn, WayTOTP, WayRecovery}
	return slices.DeleteFunc(order, func(way string) bool { return !slices.Contains(ways, way) })
}

// WithFactor are the methods of a login that went on to prove a second factor by some more.
func WithFactor(methods []string, proved ...string) []string {
	for _, m := range append(slices.Clip(proved), MethodMFA) {
		if !slices.Contains(methods, m) {
			methods = append(slices.Clip(methods), m)
		}
	}
	return methods
}

// WithoutFactors are the methods of a session whose owner removed factors. left are the methods that the remaining ones prove, recovery
// codes included.
func WithoutFactors(methods, left []string) []string {
	kept := slices.DeleteFunc(slices.Clone(methods), func(m string) bool {
		return slices.Contains(secondMethods, m) && !slices.Contains(left, m)
	})
	if !slices.ContainsFunc(kept, func(m string) bool { return slices.Contains(secondMethods, m) }) {
		kept = slices.DeleteFunc(kept, func(m string) bool { return m == MethodMFA })
	}
	return kept
}

var secondMethods = []string{MethodOTP, MethodRecovery, MethodHardwareKey, MethodSoftwareKey, MethodUser}
