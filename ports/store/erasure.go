package store

import (
	"context"
	"time"

	"github.com/signet-auth/signet/domain"
)

// ErasureReader finds whom to erase.
type ErasureReader interface {
	// Due lists up to n users whose time has come, those that have waited longest first.
	Due(ctx context.Context, now time.Time, n int) ([]domain.UserID, error)
}

// Erasure removes what is held about a person. What can be much is removed up to n rows at a time, and said how many.
type Erasure interface {
	// Schedule sets when a user is to be erased; zero: not at all. domain.ErrNotFound when there is none.
	Schedule(ctx context.Context, user domain.UserID, at time.Time) error
	// Sessions removes a user's sessions with their families, live ones too: end them first, or nobody hears of it.
	Sessions(ctx context.Context, user domain.UserID, n int) (int, error)
	// Traces removes the traces of events, and of all events about sessions. The events stay.
	Traces(ctx context.Context, events []domain.EventID, sessions []domain.SessionID) error
	// IdentifierTraces removes the traces of which the address is the identifier that somebody typed.
	IdentifierTraces(ctx context.Context, email domain.Email, n int) (int, error)
	// Secrets removes the one-time secrets about a user, and those that an address was sent.
	Secrets(ctx context.Context, user domain.UserID, email domain.Email) error
	// Messages removes the messages of the outbox about any of the subjects, whatever became of them.
	Messages(ctx context.Context, subjects [][]byte) error
	// User removes a user with what hangs on them: identities, roles, last login, and sessions that are left. The principal stays.
	User(ctx context.Context, user domain.UserID) error
}
