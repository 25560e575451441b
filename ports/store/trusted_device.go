package store

import (
	"context"
	"time"

	"github.com/signet-auth/signet/domain"
)

// TrustedDeviceReader reads remembered devices.
type TrustedDeviceReader interface {
	// ByUser lists a user's, ended ones too, oldest first.
	ByUser(ctx context.Context, user domain.UserID) ([]domain.TrustedDevice, error)
	// ByID finds one of anybody. domain.ErrNotFound when there is none.
	ByID(ctx context.Context, id domain.TrustedDeviceID) (domain.TrustedDevice, error)
}

// TrustedDevices writes remembered devices. Callers lock the user's principal first. They are deleted with the user.
type TrustedDevices interface {
	TrustedDeviceReader
	// Insert writes one.
	Insert(ctx context.Context, d domain.TrustedDevice) error
	// Use writes when it was last used. It is no error when it is gone.
	Use(ctx context.Context, id domain.TrustedDeviceID, now time.Time) error
	// Delete removes those of a user that are named. It is no error when some are gone.
	Delete(ctx context.Context, user domain.UserID, named ...domain.TrustedDeviceID) error
}
