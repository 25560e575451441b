package access

import (
	"context"

	"github.com/signet-auth/signet/domain"
)

// RequireEver checks whether an actor could have a right over any service's objects at all: by the platform's permission, or because they
// have a role at some service. Call it before anything is looked up, so that an actor without rights gets the same answer for ids that
// exist and for invented ones. RequireAt decides, also about the level: here a role counts from any.
func (d *Directory) RequireEver(ctx context.Context, a domain.Actor, right domain.Right) error {
	err := d.Require(ctx, a, right.Platform)
	if !IsRefusal(err) || right.IsPlatformOnly() {
		return err
	}
	if RequirePlatform(a) != nil {
		return err
	}
	principal, perr := d.PrincipalOf(ctx, a)
	if perr != nil {
		return perr
	}
	elsewhere, perr := d.Caches.Assigned.Get(ctx, domain.AssignedKey{Principal: principal.ID, PV: principal.PV}, func(ctx context.Context) (bool, error) {
		return d.Store.Read().Grants.Elsewhere(ctx, principal.ID, d.System.Now())
	})
	if perr != nil {
		return perr
	}
	if !elsewhere {
		return err
	}
	return nil
}

// RequireAt wants a right over the objects of one service. The service must have been loaded: never decide by a part of a path or a body.
// Without the right the service does not exist for the actor: domain.ErrNotFound; with one that needs a higher level,
// domain.ErrReauthRequired.
func (d *Directory) RequireAt(ctx context.Context, a domain.Actor, right domain.Right, s domain.Service) error {
	err := d.Require(ctx, a, right.Platform)
	if !IsRefusal(err) {
		return err
	}
	if right.IsPlatformOnly() || s.IsPlatform() || !s.IsActive() {
		return Easier(err, domain.ErrNotFound) // a service that is off has no administrators of its own
	}
	grants, gerr := d.GrantsOf(ctx, a, s)
	if gerr != nil {
		return gerr
	}
	own := d.orLevel(ctx, a, s, grants, domain.ErrNotFound, func(g domain.Grants) bool {
		return g.Allows(right.Own) || right.AnyOwn && g.AllowsAny(domain.ReservedPermissions())
	})
	if own == nil || !IsRefusal(own) {
		return own
	}
	return Easier(err, own)
}

// LoadService finds a service by id or key, as paths and bodies name it, for an actor who has a right over its objects. It returns
// domain.ErrNotFound when the actor has no right or the service does not exist.
func (d *Directory) LoadService(ctx context.Context, a domain.Actor, right domain.Right, ref string) (domain.Service, error) {
	service, err := d.Store.Read().Services.ByRef(ctx, ref)
	if err != nil {
		return domain.Service{}, err
	}
	return service, d.RequireAt(ctx, a, right, service)
}
