package keys

import (
	"context"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

// List lists the keys that verify tokens, newest first.
type List struct{ Store store.Store }

// Handle lists. Nothing private is in the answer, sealed or not.
func (l List) Handle(ctx context.Context, actor domain.Actor) ([]domain.SigningKey, error) {
	if actor.Kind != domain.ActorSystem {
		return nil, domain.ErrForbidden
	}
	all, err := l.Store.Read().Keys.All(ctx)
	for i := range all {
		all[i].Private = nil
	}
	return all, err
}
