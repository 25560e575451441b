package store

import (
	"context"
	"time"

	"github.com/signet-auth/signet/domain"
)

// DeviceReader reads the classes of device that users log in from.
type DeviceReader interface {
	// ByUser lists them, last seen first.
	ByUser(ctx context.Context, user domain.UserID) ([]domain.Device, error)
}

// Devices writes classes of device. They are deleted with the user.
type Devices interface {
	DeviceReader
	// RecordLogin records a login from a class and tells what is new about it, in one statement for a known class. At most
	// domain.MaxKnownDevices classes are kept. Of parallel logins from one new class, one counts as new.
	RecordLogin(ctx context.Context, user domain.UserID, class string, now time.Time) (domain.DeviceNews, error)
	// DeleteByUser deletes all of a user's classes, for example when another person takes the account over. Having none is no error.
	DeleteByUser(ctx context.Context, user domain.UserID) error
}
