package store

import (
	"context"
	"time"

	"github.com/signet-auth/signet/domain"
)

// ErasureReader finds the users to erase.
type ErasureReader interface {
	// Due lists up to n users who are due to be erased, those that have waited longest first.
	Due(ctx context.Context, now time.Time, n int) ([]domain.UserID, error)
}

// Erasure removes the data about a person. Methods that may remove many rows remove at most n and return how many.
type Erasure interface {
	// Schedule sets when a user is to be erased; zero: not at all. domain.ErrNotFound when there is none.
	Schedule(ctx context.Context, user domain.UserID, at time.Time) error
	// Sessions removes a user's sessions with their families, including live ones: end those first, otherwise replicas do not learn of it.
	Sessions(ctx context.Context, user domain.UserID, n int) (int, error)
	// Traces removes the traces of events, and of all events about sessions. The events stay.
	Traces(ctx context.Context, events []domain.EventID, sessions []domain.SessionID) error
	// IdentifierTraces removes the traces in which the address is the typed identifier.
	IdentifierTraces(ctx context.Context, email domain.Email, n int) (int, error)
	// Secrets removes the one-time secrets about a user, and those that an address was sent.
	Secrets(ctx context.Context, user domain.UserID, email domain.Email) error
	// Messages removes the messages of the outbox about any of the subjects, in any state.
	Messages(ctx context.Context, subjects [][]byte) error
	// User removes a user with their identities, roles, last login and remaining sessions. The principal stays.
	User(ctx context.Context, user domain.UserID) error
}
