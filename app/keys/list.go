package keys

import (
	"context"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/secure"
	"github.com/signet-auth/signet/ports/store"
)

// Sealing says what opens the private half of a key.
type Sealing string

// The sealings. A key that signs no more has no private half, and none of them.
const (
	SealedUnderCurrent  Sealing = "current"  // SECRET_KEY
	SealedUnderPrevious Sealing = "previous" // one of SECRET_KEY_PREVIOUS, which must stay until it is sealed anew
	SealedUnderUnknown  Sealing = "unknown"  // nothing that is known here
)

// Listed is a key without its private half, and what opens that.
type Listed struct {
	domain.SigningKey

	Sealed Sealing
}

// List lists the keys that verify tokens, newest first.
type List struct {
	Store  store.Store
	Sealer secure.Sealer
}

// Handle lists. Nothing private is in the answer, sealed or not.
func (l List) Handle(ctx context.Context, actor domain.Actor) ([]Listed, error) {
	if actor.Kind != domain.ActorSystem {
		return nil, domain.ErrForbidden
	}
	all, err := l.Store.Read().Keys.All(ctx)
	if err != nil {
		return nil, err
	}
	listed := make([]Listed, len(all))
	for i, key := range all {
		listed[i] = Listed{SigningKey: key, Sealed: l.sealing(key)}
		listed[i].Private = nil
	}
	return listed, nil
}

func (l List) sealing(key domain.SigningKey) Sealing {
	if len(key.Private) == 0 {
		return ""
	}
	_, changed, err := l.Sealer.Reseal(Place(key.KID), key.Private)
	switch {
	case err != nil:
		return SealedUnderUnknown
	case changed:
		return SealedUnderPrevious
	}
	return SealedUnderCurrent
}
