package memory

import (
	"time"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/cache"
)

// cacheSize is how many entries each cache remembers.
const cacheSize = 10_000

// NewCaches makes the caches that the core wants.
func NewCaches(now func() time.Time) cache.Set {
	return cache.Set{
		Sessions:     NewCache[domain.SessionID, domain.Session](cacheSize, 0, now, nil),
		Users:        NewCache[domain.UserID, domain.User](cacheSize, 0, now, nil),
		LastLogins:   NewCache[domain.UserID, time.Time](cacheSize, domain.LastLoginAge, now, nil),
		Services:     NewCache[string, domain.Service](cacheSize, 0, now, nil),
		Grants:       NewCache[domain.GrantsKey](cacheSize, 0, now, domain.Grants.RememberUntil),
		Claims:       NewCache[domain.TokenHash](cacheSize, 0, now, domain.Claims.RememberUntil),
		SessionCount: NewCache[struct{}, domain.SessionCount](1, domain.SessionCountAge, now, nil),
	}
}
