package api

import (
	"encoding/json"
	"time"
)

// RegisterRequest is the body of POST /api/auth/register.
type RegisterRequest struct {
	ProxiedClient

	Email     string `json:"email" validate:"required,max=254"`
	Password  string `json:"password" validate:"required"`
	FirstName string `json:"first_name,omitempty" validate:"max=100"`
	LastName  string `json:"last_name,omitempty" validate:"max=100"`
	Locale    string `json:"locale,omitempty" validate:"max=35"` // BCP 47
}

// RegisterResponse is its success, 201.
type RegisterResponse struct {
	Success bool `json:"success"`
	// UserID is the id this registration will have. Store it after the verification.
	UserID  string `json:"user_id"`
	Message string `json:"message"`
}

// VerifyEmailLinkRequest is GET or POST /api/auth/verify-email/{token}.
type VerifyEmailLinkRequest struct {
	Token string `json:"-" path:"token" validate:"required"`
}

// VerifyEmailRequest is the body of POST /api/auth/verify-email: the token of the link, or the address and the code.
type VerifyEmailRequest struct {
	ProxiedClient

	Token string `json:"token,omitempty"`
	Email string `json:"email,omitempty" validate:"max=254"`
	Code  string `json:"code,omitempty" validate:"max=16"`
}

// ResendVerificationRequest is the body of POST /api/auth/verify-email/resend.
type ResendVerificationRequest struct {
	ProxiedClient

	Email string `json:"email" validate:"required,max=254"`
}

// MessageResponse is a success that has nothing to tell but that it is one.
type MessageResponse struct {
	Success bool   `json:"success"`
	Message string `json:"message"`
}

// The messages of successes that a call and the page of a link both answer with.
const (
	MessageEmailVerified = "Email verified successfully"
	MessageEmailChanged  = "Email address changed"
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
