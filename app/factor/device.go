package factor

import (
	"context"
	"slices"
	"time"

	"github.com/signet-auth/signet/app/access"
	"github.com/signet-auth/signet/app/base"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

// Devices are the remembered devices of the caller, newest first. Those that have ended are none, for whatever reason.
func (s *Service) Devices(ctx context.Context, actor domain.Actor) ([]domain.TrustedDevice, error) {
	if err := access.RequirePlatformUser(actor); err != nil {
		return nil, err
	}
	user, err := s.Store.Read().Users.ByID(ctx, domain.UserID(actor.ID))
	if err != nil {
		return nil, access.TokenInvalidWhenGone(err)
	}
	all, err := s.Store.Read().Trusted.ByUser(ctx, user.ID)
	slices.Reverse(all)
	now := s.System.Now()
	return slices.DeleteFunc(all, func(d domain.TrustedDevice) bool { return !d.IsLive(user.Principal, now) }), err
}

// RemoveDevice makes the caller be asked for a second factor on a remembered device again. Sessions that began there go on.
// domain.ErrNotFound for one that is unknown, has ended or is another user's.
func (s *Service) RemoveDevice(ctx context.Context, actor domain.Actor, from domain.Origin, id domain.TrustedDeviceID) error {
	removed, err := s.removeDevices(ctx, actor, from, func(d domain.TrustedDevice) bool { return d.ID == id })
	if err == nil && removed == 0 {
		err = domain.ErrNotFound
	}
	return err
}

// RemoveDevices does so on all of them, and returns how many there were.
func (s *Service) RemoveDevices(ctx context.Context, actor domain.Actor, from domain.Origin) (int, error) {
	return s.removeDevices(ctx, actor, from, func(domain.TrustedDevice) bool { return true })
}

// removeDevices locks the principal, as logins do: a login that comes after it is asked for a factor.
func (s *Service) removeDevices(ctx context.Context, actor domain.Actor, from domain.Origin, which func(domain.TrustedDevice) bool) (removed int, err error) {
	if err := access.RequirePlatformUser(actor); err != nil {
		return 0, err
	}
	now := s.System.Now()
	err = s.Store.WithinTx(context.WithoutCancel(ctx), func(ctx context.Context, tx *store.Tx) error {
		removed = 0
		principal, err := base.LockActor(ctx, tx, actor, now)
		if err != nil {
			return err
		}
		gone, err := forgetDevices(ctx, tx, principal, now, which)
		if removed = len(gone); err != nil || removed == 0 {
			return err
		}
		var events []domain.Event
		for _, d := range gone {
			events = append(events, domain.DeviceEvent(domain.EventDeviceRemoved, actor, from, d))
		}
		return s.Audit.Record(ctx, tx, now, events...)
	})
	return removed, err
}

// forgetDevices deletes remembered devices of an account whose principal is locked, and returns them.
func forgetDevices(ctx context.Context, tx *store.Tx, p domain.Principal, now time.Time, which func(domain.TrustedDevice) bool) ([]domain.TrustedDevice, error) {
	user := domain.UserID(p.ID)
	all, err := tx.Trusted.ByUser(ctx, user)
	if err != nil {
		return nil, err
	}
	gone := slices.DeleteFunc(all, func(d domain.TrustedDevice) bool { return !d.IsLive(p, now) || !which(d) })
	if len(gone) == 0 {
		return nil, nil
	}
	var ids []domain.TrustedDeviceID
	for _, d := range gone {
		ids = append(ids, d.ID)
	}
	return gone, tx.Trusted.Delete(ctx, user, ids...)
}
