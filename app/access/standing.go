package access

import (
	"context"
	"slices"
	"time"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

// Standing is what an actor holds at a service and at the platform, read under the locks of a transaction. It decides whether anybody would
// gain rights. Lock the service and the actor's principal first.
type Standing struct {
	service       domain.Service
	own, platform domain.Cover
	level         domain.Level // at which this is so
	higher        *Standing    // at the next level that adds a role; nil: none does
}

// Enter locks the principals that a change is about, and the actor's, after the services and before anything is written. It then repeats
// the checks that were made before the transaction: whether the actor may act and has the right. It returns domain.ErrTokenInvalid, or the
// errors of Right. locked are the principals that exist.
func (d *Directory) Enter(ctx context.Context, tx *store.Tx, a domain.Actor, right domain.Right, s domain.Service, now time.Time, targets ...domain.PrincipalID) (st Standing, locked map[domain.PrincipalID]domain.Principal, err error) {
	var others []domain.PrincipalID
	if a.Kind != domain.ActorSystem {
		others = append(others, a.ID)
	}
	if locked, err = tx.Principals.LockAll(ctx, targets, others); err != nil {
		return Standing{}, nil, err
	}
	if a.Kind != domain.ActorSystem {
		if p, there := locked[a.ID]; !there || !p.IsActive(now) {
			return Standing{}, nil, domain.ErrTokenInvalid
		}
	}
	if st, err = d.standingOf(ctx, tx, a, s, now); err != nil {
		return Standing{}, nil, err
	}
	_, err = st.Right(right)
	return st, locked, err
}

func (d *Directory) standingOf(ctx context.Context, tx *store.Tx, a domain.Actor, s domain.Service, now time.Time) (Standing, error) {
	if a.Kind == domain.ActorSystem {
		return Standing{service: s, own: domain.CoverEverything(), platform: domain.CoverEverything()}, nil
	}
	platform, err := tx.Grants.Held(ctx, a.ID, domain.PlatformID)
	if err != nil {
		return Standing{}, err
	}
	platform = d.levelled(platform, domain.PlatformID)
	own := platform
	if !s.IsPlatform() {
		if own, err = tx.Grants.Held(ctx, a.ID, s.ID); err != nil {
			return Standing{}, err
		}
	}
	cover := func(held []domain.HeldRole, key string, level domain.Level) domain.Cover {
		c := domain.NewCover(domain.AtLevel(held, level), now)
		if a.Scopes.Narrows() {
			c = c.Narrow(a.Scopes.At(key))
		}
		return c
	}
	var at func(level domain.Level) *Standing
	at = func(level domain.Level) *Standing {
		st := &Standing{service: s, own: cover(own, s.Key, level), platform: cover(platform, domain.PlatformKey, level), level: level}
		next, _ := domain.NextLevel(append(slices.Clone(platform), own...), level, now)
		if next != 0 {
			st.higher = at(next)
		}
		return st
	}
	return *at(a.RoleLevel()), nil
}

// Right is the end of the actor's right over the service's objects; zero: no end. If the actor no longer has it, it was taken away since
// the first check: domain.ErrForbidden for a right of the platform alone, domain.ErrNotFound for the others, and domain.ErrReauthRequired
// where it now needs a higher level.
func (st Standing) Right(right domain.Right) (until time.Time, err error) {
	until, ok := st.right(right)
	if ok {
		return until, nil
	}
	err = domain.ErrNotFound
	if right.IsPlatformOnly() {
		err = domain.ErrForbidden
	}
	return time.Time{}, st.OrLevel(err, func(higher Standing) bool { _, ok := higher.right(right); return ok })
}

func (st Standing) right(right domain.Right) (until time.Time, ok bool) {
	until, ok = st.platform.Until(domain.Pattern(right.Platform))
	if st.service.IsActive() && !st.service.IsPlatform() && right.Own != "" {
		if own, held := st.own.Until(domain.Pattern(right.Own)); held && ok {
			until = domain.LaterEnd(until, own)
		} else if held {
			until, ok = own, true
		}
	}
	return until, ok
}

// OrLevel is a refusal, or domain.ErrReauthRequired where what the actor holds would be enough at a higher level.
func (st Standing) OrLevel(refusal error, enough func(Standing) bool) error {
	for higher := st.higher; higher != nil; higher = higher.higher {
		if enough(*higher) {
			return needsLevel(refusal, higher.level)
		}
	}
	return refusal
}

// Cover is what the actor may give or take away at the service: what they hold there, or everything if they have the platform's right over
// roles, which is how the first administrator of a service is appointed. At the platform everybody is limited to what they hold.
func (st Standing) Cover(right domain.Right) domain.Cover {
	if st.service.IsPlatform() {
		return st.own
	}
	until, ok := st.platform.Until(domain.Pattern(right.Platform))
	if !ok {
		return st.own
	}
	return st.own.With(until, "*:*", "signet.*:*")
}

// RequireRank refuses actions on a principal whose platform permissions are not a subset of the actor's: an actor who can disable an
// administrator, set their password or use a token of their account would effectively be one. It is checked in the transaction that acts,
// with the current permissions of both: the actor's at their level, and all of the target's, whatever they have proved. until is when the
// actor loses the first of those permissions; zero: never.
func (d *Directory) RequireRank(ctx context.Context, tx *store.Tx, a domain.Actor, target domain.PrincipalID, now time.Time) (until time.Time, err error) {
	if a.Kind == domain.ActorSystem || a.ID == target {
		return time.Time{}, nil
	}
	theirs, err := tx.Grants.Held(ctx, target, domain.PlatformID)
	if err != nil {
		return time.Time{}, err
	}
	st, err := d.standingOf(ctx, tx, a, domain.PlatformService(), now)
	if err != nil {
		return time.Time{}, err
	}
	patterns := domain.Patterns(theirs, now)
	until, _, ok := st.own.UntilAll(patterns)
	if !ok {
		return time.Time{}, st.OrLevel(domain.ErrTargetOutranks, func(higher Standing) bool { _, _, ok := higher.own.UntilAll(patterns); return ok })
	}
	return until, nil
}
