package api

import (
	"encoding/json"
	"time"
)

// User is an account as its owner sees it.
type User struct {
	ID              string     `json:"id"`
	Email           string     `json:"email"`
	FirstName       string     `json:"first_name"`
	LastName        string     `json:"last_name"`
	Locale          string     `json:"locale,omitempty"`
	IsActive        bool       `json:"is_active"`
	IsEmailVerified bool       `json:"is_email_verified"`
	CreatedAt       time.Time  `json:"created_at"`
	UpdatedAt       time.Time  `json:"updated_at"`
	LastLoginAt     *time.Time `json:"last_login_at"` // may be 60 s late
	// LastLogin repeats LastLoginAt, for older clients.
	LastLogin *time.Time `json:"last_login"`
	// Metadata is a JSON object that the user may edit.
	Metadata json.RawMessage `json:"metadata"`
	// Identities are in the answers of /api/auth/me and /api/users. Elsewhere they are absent, which does not mean none.
	Identities []Identity `json:"identities,omitzero"`
}

// Identity is an account at a provider that the user may log in with.
type Identity struct {
	ID          string `json:"id"`
	Provider    string `json:"provider"`
	DisplayName string `json:"display_name"`
	// Email is what the provider said last.
	Email         string     `json:"email,omitempty"`
	EmailVerified bool       `json:"email_verified"`
	CreatedAt     time.Time  `json:"created_at"`
	LastLoginAt   *time.Time `json:"last_login_at,omitempty"`
	// Usable is false when the provider is not configured here any more.
	Usable bool `json:"usable"`
}

// MeResponse is the success of GET /api/auth/me.
type MeResponse struct {
	Success bool `json:"success"`
	User    User `json:"user"`
}
