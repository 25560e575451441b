package session

import (
	"context"

	"github.com/signet-auth/signet/app/access"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/cache"
	"github.com/signet-auth/signet/ports/store"
	"github.com/signet-auth/signet/ports/sys"
)

// Stats says how many sessions are live. Counting takes longer the more there are, so it is bounded three times: it is done when
// somebody asks and at most once a minute (on each replica, one at a time, whoever asks how often), it reads only the index of
// open sessions, and it may take 5 s.
type Stats struct {
	Store     store.Store
	System    sys.System
	Directory *access.Directory
	Policy    domain.SessionPolicy
	// Counts remembers the last count, under the one key there is, for a minute.
	Counts cache.Cache[CountKey, domain.SessionCount]
}

// CountKey is the key of the one count there is.
type CountKey struct{}

// Handle wants user:read at the platform. The answer may be a minute old.
func (u *Stats) Handle(ctx context.Context, actor domain.Actor) (domain.SessionCount, error) {
	if err := u.Directory.Require(ctx, actor, domain.UserRead); err != nil {
		return domain.SessionCount{}, err
	}
	return u.Counts.Get(ctx, CountKey{}, func(ctx context.Context) (domain.SessionCount, error) {
		return u.Store.Read().Sessions.CountLive(ctx, u.Policy, u.System.Now())
	})
}
