package store

import (
	"context"
	"time"

	"github.com/signet-auth/signet/domain"
)

// OpenSession is a session that has not ended, and its place among them.
type OpenSession struct {
	UserID    domain.UserID
	CreatedAt time.Time
	ID        domain.SessionID
}

// Restoration ends what a backup revives. Methods that may change many rows change at most n and return how many; they wait for locked rows
// and skip none.
type Restoration interface {
	// OpenSessions lists up to n sessions of all users that have not ended, including lapsed ones, after a given one; the zero value means
	// from the first.
	OpenSessions(ctx context.Context, after OpenSession, n int) ([]OpenSession, error)
	// VoidFlows uses up one-time secrets that still work, without their payloads.
	VoidFlows(ctx context.Context, now time.Time, n int) (int, error)
	// ForgetDevices removes remembered devices.
	ForgetDevices(ctx context.Context, n int) (int, error)
	// ParkMessages gives up messages that are neither delivered nor parked, leased ones too, and blanks their payloads.
	ParkMessages(ctx context.Context, now time.Time, reason string, n int) (int, error)
	// BeginEpoch gives the change feed a new epoch, so that its followers flush their caches. after is the epoch that it follows: if it is
	// not that of the feed, another replica was faster, and nothing is written. Empty: whatever it is.
	BeginEpoch(ctx context.Context, after, epoch string, now time.Time) error
}
