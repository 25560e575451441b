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

// Devices writes them. They go with the user.
type Devices interface {
	DeviceReader
	// RecordLogin notes a login from a class and tells what is new about it, in one statement for a class that is known. At most
	// domain.MaxKnownDevices stay. Of parallel logins from one class one is new.
	RecordLogin(ctx context.Context, user domain.UserID, class string, now time.Time) (domain.DeviceNews, error)
	// DeleteByUser forgets them all, as when the account goes to another person. None is no error.
	DeleteByUser(ctx context.Context, user domain.UserID) error
}
