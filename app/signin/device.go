package signin

import (
	"context"
	"errors"
	"time"

	"github.com/signet-auth/signet/app/guard"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

// claimed is the token of a remembered device that came with a login. Nobody is told why one does not count: such a login is as one without.
type claimed struct {
	presented domain.PresentedDevice
	sent      bool
	budget    guard.Reservation

	genuine bool                   // Signet made it, though it may have ended, or be another user's
	live    domain.TrustedDeviceID // the device, if the account remembers it
}

// claim reads a token, and reserves what a guess at it costs the address block. From a block without budget none counts.
func (s *Service) claim(ctx context.Context, text domain.Secret, from domain.Origin) (c claimed) {
	if s.settings.TrustedDevice == 0 {
		return c
	}
	if c.presented, c.sent = domain.ParseDeviceToken(text); !c.sent {
		return c
	}
	var err error
	if c.budget, err = s.guard.AttemptToken(ctx, from); err != nil {
		c.sent = false
	}
	return c
}

// settle gives the budget back, unless the token was invented. failed is the error of the login, which may not have looked at it.
func (c *claimed) settle(failed error) {
	if c.sent && (c.genuine || failed != nil) {
		c.budget.Return()
	}
}

// recognize looks for the device, under the lock of the account's principal.
func (c *claimed) recognize(ctx context.Context, tx *store.Tx, p domain.Principal, now time.Time) error {
	c.genuine, c.live = false, ""
	if !c.sent {
		return nil
	}
	device, err := tx.Trusted.ByID(ctx, c.presented.ID)
	if errors.Is(err, domain.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if c.genuine = c.presented.Matches(device); !c.genuine || !device.IsLive(p, now) {
		return nil
	}
	c.live = device.ID
	if !device.IsUseNews(now) {
		return nil
	}
	return tx.Trusted.Use(ctx, device.ID, now)
}

// trusted is a device that is to be remembered, and its token; zero if none is.
type trusted struct {
	domain.TrustedDevice

	text domain.Secret
}

func (s *Service) newTrusted(p Proof, from domain.Origin, now time.Time) (t trusted, err error) {
	if !p.Remember || s.settings.TrustedDevice == 0 {
		return trusted{}, nil
	}
	id := domain.TrustedDeviceID(s.System.NewID())
	t.TrustedDevice, t.text, err = domain.NewTrustedDevice(id, p.User.Principal, s.devices.Name(from.UserAgent), s.settings.TrustedDevice, s.System.Entropy, now)
	return t, err
}

// trust remembers a device. Beyond the limit it takes the place of the oldest; those that have ended make room first.
func (s *Service) trust(ctx context.Context, tx *store.Tx, p domain.Principal, t trusted, session domain.Session, from domain.Origin, now time.Time) error {
	if t.ID == "" {
		return nil
	}
	all, err := tx.Trusted.ByUser(ctx, t.UserID) // oldest first
	if err != nil {
		return err
	}
	var gone []domain.TrustedDeviceID
	var live []domain.TrustedDevice
	for _, d := range all {
		if d.IsLive(p, now) {
			live = append(live, d)
		} else {
			gone = append(gone, d.ID)
		}
	}
	surplus := live[:max(0, len(live)-domain.MaxTrustedDevices+1)]
	var events []domain.Event
	for _, d := range surplus {
		gone = append(gone, d.ID)
		events = append(events, domain.DeviceEvent(domain.EventDeviceRemoved, domain.System(), from, d).With("reason", "limit"))
	}
	if err := tx.Trusted.Delete(ctx, t.UserID, gone...); err != nil {
		return err
	}
	if err := tx.Trusted.Insert(ctx, t.TrustedDevice); err != nil {
		return err
	}
	return s.Audit.Record(ctx, tx, now, append(events, domain.DeviceEvent(domain.EventDeviceTrusted, actorOf(session), from, t.TrustedDevice))...)
}
