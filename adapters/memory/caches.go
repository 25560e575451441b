package memory

import (
	"time"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/cache"
)

// cacheSize is how many entries each cache remembers.
const cacheSize = 10_000

// NewCaches makes the caches that the core needs.
func NewCaches(now func() time.Time) cache.Set {
	return cache.Set{
		Sessions:     NewCache[domain.SessionID, domain.Session](cacheSize, 0, now, nil),
		Users:        NewCache[domain.UserID, domain.User](cacheSize, 0, now, nil),
		Identities:   NewCache[domain.UserID, []domain.Identity](cacheSize, 0, now, nil),
		LastLogins:   NewCache[domain.UserID, time.Time](cacheSize, domain.LastLoginAge, now, nil),
		Principals:   NewCache[domain.PrincipalID](cacheSize, 0, now, domain.RememberedPrincipal.RememberUntil),
		ServiceRefs:  NewCache[string](cacheSize, 0, now, domain.RememberedRef.RememberUntil),
		Services:     NewCache[domain.ServiceID, domain.Service](cacheSize, 0, now, nil),
		Vocabularies: NewWeighedCache[domain.VocabularyKey](4<<20, (*domain.Vocabulary).Weight, now, nil),
		Grants:       NewWeighedCache[domain.GrantsKey](8<<20, domain.Grants.Weight, now, domain.Grants.RememberUntil),
		Assigned:     NewCache[domain.AssignedKey, bool](cacheSize, domain.AssignedAge, now, nil),
		AppTokens:    NewCache[domain.AppTokenID](cacheSize, 0, now, domain.RememberedAppToken.RememberUntil),
		AppTokenRefs: NewCache[domain.AppTokenSecretID](cacheSize, 0, now, domain.RememberedAppTokenRef.RememberUntil),
		Claims:       NewCache[domain.TokenHash](cacheSize, 0, now, domain.Claims.RememberUntil),
		SessionCount: NewCache[struct{}, domain.SessionCount](1, domain.SessionCountAge, now, nil),
	}
}

// Usages are the statistics of the caches that NewCaches made, by name.
func Usages(s cache.Set) map[string]func() Usage {
	all := map[string]func() Usage{}
	for name, c := range map[string]any{
		"sessions": s.Sessions, "users": s.Users, "identities": s.Identities, "last_logins": s.LastLogins, "principals": s.Principals,
		"service_refs": s.ServiceRefs, "services": s.Services, "vocabularies": s.Vocabularies, "grants": s.Grants, "assigned": s.Assigned,
		"app_tokens": s.AppTokens, "app_token_refs": s.AppTokenRefs, "claims": s.Claims, "session_count": s.SessionCount,
	} {
		if used, ok := c.(interface{ Usage() Usage }); ok {
			all[name] = used.Usage
		}
	}
	return all
}
