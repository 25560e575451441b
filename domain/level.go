package domain

import (
	"slices"
	"time"
)

// Level says how strongly the owner of a session proved who they are (NIST SP 800-63B; acr of OpenID Connect Core §2). Levels are ordered.
// The store keeps the numbers.
type Level uint8

// The levels. Zero is a session that a release without levels wrote, or a token without the claim: it counts as AAL1.
const (
	AAL1 Level = iota + 1 // one factor: a password or a provider
	AAL2                  // a second one beside it: a code of an authenticator app, or a recovery code
	PHR                   // one of them resists phishing: a passkey or a security key (RFC 9470 §8, OpenID EAP ACR Values)
)

var levelNames = [...]string{AAL1: "aal1", AAL2: "aal2", PHR: "phr"}

// String is the word on the wire.
func (l Level) String() string { return levelNames[l.OrLowest()] }

// OrLowest is the level, and AAL1 for none and for one of a later release.
func (l Level) OrLowest() Level {
	if l < AAL1 || l > PHR {
		return AAL1
	}
	return l
}

// NoLevel is the level of those who can't prove one, such as the accounts of services: every role of theirs counts.
const NoLevel = PHR

// ParseLevel reads the word.
func ParseLevel(text string) (Level, bool) {
	i := slices.Index(levelNames[:], text)
	return Level(max(i, 0)), i > 0
}

// ParseMinLevel reads the level from which a role counts; empty: any, which is zero.
func ParseMinLevel(text string) (Level, error) {
	level, ok := ParseLevel(text)
	if text == "" || ok && level > AAL1 {
		return level, nil
	}
	return 0, ErrInvalidFields(FieldError{Field: "min_acr", Code: "invalid", Text: "min_acr must be aal2, phr or null"})
}

// MinLevelName is the word for the level from which a role counts; empty for any.
func MinLevelName(level Level) string {
	if level <= AAL1 {
		return ""
	}
	return level.String()
}

// Demand is a login that an action asks for (RFC 9470).
type Demand struct {
	Level  Level
	MaxAge time.Duration // since that level was last proved; zero: any
	// Ways are those in which the account can prove a factor, the best first; nil where they were not looked up.
	Ways []string
}

// IsMetBy tells whether a token of a level, proved at a time, is enough.
func (d Demand) IsMetBy(level Level, at, now time.Time) bool {
	return !at.IsZero() && level.OrLowest() >= d.Level.OrLowest() && now.Sub(at) <= d.MaxAge
}

// The authentication methods of a second factor (RFC 8176 §2). MethodMFA stands beside them when two factors were proved.
const (
	MethodOTP         = "otp"
	MethodRecovery    = "recovery" // not registered
	MethodHardwareKey = "hwk"      // a key that never left its device
	MethodSoftwareKey = "swk"      // a key that is kept by software, or synced between devices
	MethodUser        = "user"     // the key's device verified who uses it
	MethodMFA         = "mfa"
)

// Reached is the level that a set of methods proves.
func Reached(methods []string) Level {
	switch {
	case !slices.Contains(methods, MethodMFA):
		return AAL1
	case slices.Contains(methods, MethodHardwareKey), slices.Contains(methods, MethodSoftwareKey):
		return PHR
	}
	return AAL2
}
