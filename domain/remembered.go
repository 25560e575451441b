package domain

import (
	"crypto/sha256"
	"time"
)

// What replicas remember of the record, by which keys and for how long. The change feed drops what is out of date; what is here
// are the ends that no change tells.

const (
	// LastLoginAge is how late the last login may be shown.
	LastLoginAge = time.Minute
	// SessionCountAge is how late the number of live sessions may be shown.
	SessionCountAge = time.Minute
	// UnknownAge is how long an id that nobody has is remembered as such.
	UnknownAge = time.Second
	// AssignedAge is how late it may be seen that all roles of a principal have ended.
	AssignedAge = time.Second
)

// TokenHash is what a verified token is remembered by.
type TokenHash [sha256.Size]byte

// HashToken is the hash of a token's text.
func HashToken(token Secret) TokenHash { return sha256.Sum256([]byte(token.Reveal())) }

// GrantsKey has everything that decides what grants are: the principal, the service, and the counters that rise with every change
// of what the principal holds, what the service defines and what the platform shares. Grants under an old counter are never asked
// for again; they need no dropping. The counters come from the remembered principal and service, and those the change feed drops.
type GrantsKey struct {
	Principal PrincipalID
	Service   ServiceID
	Scopes    string // Scopes.Key of the credential (security.md, AZ-13)
	PV        [3]int64
}

// Vocabulary is the key of the names that the grants are of.
func (k GrantsKey) Vocabulary() VocabularyKey {
	return VocabularyKey{Service: k.Service, PV: [2]int64{k.PV[1], k.PV[2]}}
}

// VocabularyKey is likewise what decides which permissions exist at a service.
type VocabularyKey struct {
	Service ServiceID
	PV      [2]int64
}

// AssignedKey is what decides where a principal was given roles.
type AssignedKey struct {
	Principal PrincipalID
	PV        int64
}

// RememberUntil is when a remembered token is over.
func (c Claims) RememberUntil() time.Time { return c.ExpiresAt }

// RememberUntil is when remembered grants must be evaluated again; zero: only when a counter rises.
func (g Grants) RememberUntil() time.Time { return g.ValidUntil }

// RememberedPrincipal is a principal, or the news that there is none of that id.
type RememberedPrincipal struct {
	Principal

	Until time.Time // zero: until it changes
}

// RememberUntil is when an unknown id is asked for again.
func (p RememberedPrincipal) RememberUntil() time.Time { return p.Until }

// RememberedRef is the service that a key, an id or a name refers to, or the news that there is none: as of an era, which ends with
// the next change of any service.
type RememberedRef struct {
	ID    ServiceID
	Era   uint64
	Until time.Time
}

// RememberUntil is when an unknown reference is asked for again.
func (r RememberedRef) RememberUntil() time.Time { return r.Until }

// RememberedAppToken is an application token, or the news that there is none of that id.
type RememberedAppToken struct {
	AppToken

	Until time.Time // zero: until it changes
}

// RememberUntil is when an unknown id is asked for again.
func (t RememberedAppToken) RememberUntil() time.Time { return t.Until }

// RememberedAppTokenRef is the token that a secret is one of, which never changes, or the news that there is none.
type RememberedAppTokenRef struct {
	ID    AppTokenID
	Until time.Time
}

// RememberUntil is when an unknown id is asked for again.
func (r RememberedAppTokenRef) RememberUntil() time.Time { return r.Until }
