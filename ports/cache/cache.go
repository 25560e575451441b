// Package cache is the port to bounded, in-process memory of what the store knows.
package cache

import (
	"context"
	"time"

	"github.com/signet-auth/signet/domain"
)

// Cache remembers values by key. It is filled only through Get, and the change feed drops what is out of date: a value that
// was being loaded while its key was dropped, or everything was, is returned to those who asked before and not remembered.
type Cache[K comparable, V any] interface {
	// Get returns the remembered value, or loads it; parallel loads of one key are one. Errors of load are returned and not
	// remembered.
	Get(ctx context.Context, key K, load func(context.Context) (V, error)) (V, error)
	// GetAll is Get for several keys: those that are not remembered and that nobody loads are loaded together, by one call of load. A key
	// that load returns no value for has the zero value, which is remembered like any other.
	GetAll(ctx context.Context, keys []K, load func(ctx context.Context, missing []K) (map[K]V, error)) (map[K]V, error)
	// Drop forgets a key, and makes a load under way unfit to be remembered.
	Drop(key K)
	// Flush forgets everything, likewise.
	Flush()
}

// Set is the caches that the core wants. What is said of a life is its upper bound; the others end when a change drops them.
type Set struct {
	Sessions     Cache[domain.SessionID, domain.Session]
	Users        Cache[domain.UserID, domain.User] // each with its principal
	Identities   Cache[domain.UserID, []domain.Identity]
	LastLogins   Cache[domain.UserID, time.Time]                       // for domain.LastLoginAge: no change tells of a login
	Principals   Cache[domain.PrincipalID, domain.RememberedPrincipal] // until RememberUntil
	ServiceRefs  Cache[string, domain.RememberedRef]                   // by key, id and name, until RememberUntil
	Services     Cache[domain.ServiceID, domain.Service]
	Vocabularies Cache[domain.VocabularyKey, *domain.Vocabulary]              // bounded by weight
	Grants       Cache[domain.GrantsKey, domain.Grants]                       // bounded by weight, until Grants.RememberUntil
	Assigned     Cache[domain.AssignedKey, bool]                              // for domain.AssignedAge
	AppTokens    Cache[domain.AppTokenID, domain.RememberedAppToken]          // until RememberUntil
	AppTokenRefs Cache[domain.AppTokenSecretID, domain.RememberedAppTokenRef] // by the ids of secrets, until RememberUntil
	Claims       Cache[domain.TokenHash, domain.Claims]                       // until Claims.RememberUntil
	SessionCount Cache[struct{}, domain.SessionCount]                         // the one count there is, for domain.SessionCountAge
}
