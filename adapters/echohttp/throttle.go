package echohttp

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/transient"
)

// Limits are requests per minute; 0 means the default. They bound the load of one caller on this process. The limits that protect secrets
// belong to the use cases.
type Limits struct {
	Anonymous     int // per address block, 600
	Forged        int // tokens that Signet never made, per address block, 60
	Authenticated int // per session or token, 600
}

// throttle counts calls. Its limiter may be nil: no limits.
type throttle struct {
	limiter                          transient.Limiter
	anonymous, forged, authenticated transient.Limit
}

func newThrottle(limiter transient.Limiter, l Limits) *throttle {
	perMinute := func(name string, set, otherwise int) transient.Limit {
		if set == 0 {
			set = otherwise
		}
		return transient.Limit{Name: name, Burst: set, Window: time.Minute}
	}
	return &throttle{
		limiter:       limiter,
		anonymous:     perMinute("api:anonymous", l.Anonymous, 600),
		forged:        perMinute("api:forged", l.Forged, 60),
		authenticated: perMinute("api:authenticated", l.Authenticated, 600),
	}
}

// takeAnonymous counts a call without valid credentials against its address block.
func (t *throttle) takeAnonymous(ctx context.Context, from domain.Origin) error {
	if t.limiter == nil {
		return nil
	}
	return t.take(ctx, t.anonymous, from.Block())
}

// returnAnonymous returns what takeAnonymous took, so that a back end may refresh for thousands of users from one address.
func (t *throttle) returnAnonymous(ctx context.Context, from domain.Origin) {
	if t.limiter != nil {
		t.limiter.Return(context.WithoutCancel(ctx), t.anonymous, from.Block())
	}
}

// takeAuthenticated counts a call against its session or, for a service, against the application token behind it, so that a new access
// token does not bring a new budget.
func (t *throttle) takeAuthenticated(ctx context.Context, actor domain.Actor) error {
	if t.limiter == nil {
		return nil
	}
	key := cmp.Or(string(actor.SessionID), string(actor.AppToken), actor.TokenID, string(actor.ID))
	return t.take(ctx, t.authenticated, key)
}

// countForged counts a forged token, and returns the error to answer with: over the limit it is 429, which is cheap and tells the forger
// nothing. Valid tokens are never counted here, so a flood of forgeries does not lock out the neighbours of the forger's address. Any other
// error is returned as it is.
func (t *throttle) countForged(ctx context.Context, from domain.Origin, err error) error {
	if t.limiter == nil || !errors.Is(err, domain.ErrForged) {
		return err
	}
	if over := t.take(ctx, t.forged, from.Block()); over != nil {
		return over
	}
	return err
}

func (t *throttle) take(ctx context.Context, limit transient.Limit, key string) error {
	d := t.limiter.Take(ctx, limit, key)
	if d.Allowed {
		return nil
	}
	e := domain.ErrRateLimited.After(d.RetryAfter)
	e.Quota = &domain.Quota{Limit: limit.Burst, Remaining: d.Remaining, Window: limit.Window, Reset: d.Reset}
	return e
}
