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
)

// TokenHash is what a verified token is remembered by.
type TokenHash [sha256.Size]byte

// HashToken is the hash of a token's text.
func HashToken(token Secret) TokenHash { return sha256.Sum256([]byte(token.Reveal())) }

// GrantsKey has everything that decides what grants are: the principal, the service, and the counters that rise with every change
// of what the principal holds, what the service defines and what the platform shares. Grants under an old counter are never asked
// for again; they need no dropping.
type GrantsKey struct {
	Principal PrincipalID
	Service   ServiceID
	PV        [3]int64
}

// RememberUntil is when a remembered token is over.
func (c Claims) RememberUntil() time.Time { return c.ExpiresAt }

// RememberUntil is when remembered grants must be evaluated again; zero: only when a counter rises.
func (g Grants) RememberUntil() time.Time { return g.ValidUntil }
