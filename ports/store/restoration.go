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

// Restoration ends what a backup brings back to life. What can be much is done up to n rows at a time, and said how many; nothing is passed
// by because another transaction holds it.
type Restoration interface {
	// OpenSessions lists up to n sessions that have not ended, of anybody, lapsed ones too, from behind one on; from the first one for the
	// zero value.
	OpenSessions(ctx context.Context, after OpenSession, n int) ([]OpenSession, error)
	// VoidFlows uses up one-time secrets that still work, without their payloads.
	VoidFlows(ctx context.Context, now time.Time, n int) (int, error)
	// ParkMessages gives up messages that are neither delivered nor parked, leased ones too, and blanks their payloads.
	ParkMessages(ctx context.Context, now time.Time, reason string, n int) (int, error)
	// BeginEpoch gives the change feed another epoch: its followers forget everything they remember.
	BeginEpoch(ctx context.Context, epoch string) error
}
