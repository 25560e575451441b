// Package cache is the port to bounded, in-process caches of what the store knows.
package cache

import (
	"context"
	"time"

	"github.com/signet-auth/signet/domain"
)

// Cache remembers values by key. It is filled only through Get, and the change feed drops outdated values. If a key is dropped, or
// everything is flushed, during a load, the callers that were already waiting get the loaded value, but it is not kept.
type Cache[K comparable, V any] interface {
	// Get returns the remembered value, or loads it; parallel loads of one key are one. Errors of load are returned and not kept.
	Get(ctx context.Context, key K, load func(context.Context) (V, error)) (V, error)
	// GetAll is Get for several keys: those that are neither cached nor being loaded are loaded together, by one call of load. A key for which
	// load returns no value has the zero value, which is kept like any other.
	GetAll(ctx context.Context, keys []K, load func(ctx context.Context, missing []K) (map[K]V, error)) (map[K]V, error)
	// Drop removes a key, and keeps the result of a load under way from being kept.
	Drop(key K)
	// Flush does the same for all keys.
	Flush()
}

// Set is the caches that the core needs. A duration is an upper bound; other entries live until a change drops them.
type Set struct {
	Sessions     Cache[domain.SessionID, domain.Session]
	Users        Cache[domain.UserID, domain.User] // each with its principal
	Identities   Cache[domain.UserID, []domain.Identity]
	LastLogins   Cache[domain.UserID, time.Time]                       // for domain.LastLoginAge, since a login causes no change
	Principals   Cache[domain.PrincipalID, domain.RememberedPrincipal] // until RememberUntil
	ServiceRefs  Cache[string, domain.RememberedRef]                   // by key, id and name, until RememberUntil
	Services     Cache[domain.ServiceID, domain.Service]
	Vocabularies Cache[domain.VocabularyKey, *domain.Vocabulary]              // bounded by weight
	Grants       Cache[domain.GrantsKey, domain.Grants]                       // bounded by weight, until Grants.RememberUntil
	Assigned     Cache[domain.AssignedKey, bool]                              // for domain.AssignedAge
	AppTokens    Cache[domain.AppTokenID, domain.RememberedAppToken]          // until RememberUntil
	AppTokenRefs Cache[domain.AppTokenSecretID, domain.RememberedAppTokenRef] // by the ids of secrets, until RememberUntil
	Claims       Cache[domain.TokenHash, domain.Claims]                       // until Claims.RememberUntil
	SessionCount Cache[struct{}, domain.SessionCount]                         // the only count, for domain.SessionCountAge
}
