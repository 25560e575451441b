package domain

import "time"

// Identity is an account at a provider by which a user may log in. The provider's subject is the key and never the address, which
// providers reuse and reassign. No provider is asked yet: the port to them will be ports/provider, its adapter
// adapters/gothoauth with a file a provider, and the feature that asks app/federation, which ends in app/signin like every login.
type Identity struct {
	ID            IdentityID
	UserID        UserID
	Provider      string
	Subject       string
	Email         string
	EmailVerified bool
	CreatedAt     time.Time
	LastLoginAt   time.Time
}
