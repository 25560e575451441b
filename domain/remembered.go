package domain

import (
	"crypto/sha256"
	"time"
)

// What replicas cache, by which keys and for how long. The change feed drops outdated entries; the durations here are for ends that cause
// no change.

const (
	// LastLoginAge is how outdated the displayed last login may be.
	LastLoginAge = time.Minute
	// SessionCountAge is how outdated the displayed number of live sessions may be.
	SessionCountAge = time.Minute
	// UnknownAge is how long an unknown id is cached as unknown.
	UnknownAge = time.Second
	// AssignedAge is how late the end of a principal's last role may be noticed.
	AssignedAge = time.Second
)

// TokenHash is the cache key of a verified token.
type TokenHash [sha256.Size]byte

// HashToken is the hash of a token's text.
func HashToken(token Secret) TokenHash { return sha256.Sum256([]byte(token.Reveal())) }

// GrantsKey has everything that decides what grants are: the principal, the service, and the counters that rise with every change of what
// the principal holds, what the service defines and what the platform shares. Grants under an old counter are never used again, so they
// need not be dropped. The counters come from the remembered principal and service, which the change feed drops.
type GrantsKey struct {
	Principal PrincipalID
	Service   ServiceID
	Scopes    string // Scopes.Key of the credential (security.md, AZ-13)
	Level     Level  // that counts for it: NoLevel where none is proved
	PV        [3]int64
}

// Vocabulary is the key of the vocabulary of these grants.
func (k GrantsKey) Vocabulary() VocabularyKey {
	return VocabularyKey{Service: k.Service, PV: [2]int64{k.PV[1], k.PV[2]}}
}

// VocabularyKey has everything that decides which permissions exist at a service.
type VocabularyKey struct {
	Service ServiceID
	PV      [2]int64
}

// AssignedKey has everything that decides where a principal has roles.
type AssignedKey struct {
	Principal PrincipalID
	PV        int64
}

// RememberUntil is when a cached token expires.
func (c Claims) RememberUntil() time.Time { return c.ExpiresAt }

// RememberUntil is when cached grants must be evaluated again; zero: only when a counter rises.
func (g Grants) RememberUntil() time.Time { return EarlierEnd(g.ValidUntil, g.again) }

// RememberedPrincipal is a principal, or the fact that there is none with that id.
type RememberedPrincipal struct {
	Principal

	Until time.Time // zero: until it changes
}

// RememberUntil is when an unknown id is asked for again.
func (p RememberedPrincipal) RememberUntil() time.Time { return p.Until }

// RememberedRef is the service that a key, an id or a name refers to, or the fact that there is none. It is valid for an era, which ends
// with the next change of any service.
type RememberedRef struct {
	ID    ServiceID
	Era   uint64
	Until time.Time
}

// RememberUntil is when an unknown reference is looked up again.
func (r RememberedRef) RememberUntil() time.Time { return r.Until }

// RememberedAppToken is an application token, or the fact that there is none with that id.
type RememberedAppToken struct {
	AppToken

	Until time.Time // zero: until it changes
}

// RememberUntil is when an unknown id is asked for again.
func (t RememberedAppToken) RememberUntil() time.Time { return t.Until }

// RememberedAppTokenRef is the token that a secret belongs to, which never changes, or the fact that there is none.
type RememberedAppTokenRef struct {
	ID    AppTokenID
	Until time.Time
}

// RememberUntil is when an unknown id is asked for again.
func (r RememberedAppTokenRef) RememberUntil() time.Time { return r.Until }
