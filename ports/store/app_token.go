package store

import (
	"context"
	"time"

	"github.com/signet-auth/signet/domain"
)

// AppTokenReader reads application tokens, each with its secrets, newest first.
type AppTokenReader interface {
	ByID(ctx context.Context, id domain.AppTokenID) (domain.AppToken, error)
	// BySecret finds the token of a secret, by the secret's public id.
	BySecret(ctx context.Context, id domain.AppTokenSecretID) (domain.AppToken, error)
	// List is a service's, newest first, ended ones too, each with its creator and its use, in three statements whatever their number.
	List(ctx context.Context, service domain.ServiceID, page Page) ([]domain.ListedAppToken, error)
	// Listed is one as List shows it.
	Listed(ctx context.Context, id domain.AppTokenID) (domain.ListedAppToken, error)
	// CountLive counts those of a service that may be used at a time.
	CountLive(ctx context.Context, service domain.ServiceID, now time.Time) (int, error)
	// UsedHours are the hours of use of some tokens from a time on and before another, by token and hour.
	UsedHours(ctx context.Context, tokens []domain.AppTokenID, since, until time.Time) ([]domain.UsedHour, error)
}

// AppTokens writes application tokens. Lock the principal of the service's account before a decision about a token, or about their number.
type AppTokens interface {
	AppTokenReader
	// Insert writes a token with its secrets.
	Insert(ctx context.Context, t domain.AppToken) error
	// Update writes name, scopes and ends, and makes the secrets those that the token has. domain.ErrNotFound when there is none.
	Update(ctx context.Context, t domain.AppToken) error
	// Delete removes a token with its secrets and their last use; its hours stay. A missing token is no error.
	Delete(ctx context.Context, id domain.AppTokenID) error
	// AddUse adds to the use of secrets, and of tokens by the hour. Neither list has a key twice, and both are in the order of their keys, so
	// that replicas never deadlock. Purged tokens and secrets are no error.
	AddUse(ctx context.Context, secrets []domain.TokenUse, hours []domain.UsedHour) error
}
