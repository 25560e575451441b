package api

import "time"

// TokenTypeBearer is the token_type of every access token (RFC 6750).
const TokenTypeBearer = "Bearer"

// The values of LoginRequest.Transport.
const (
	TransportBody   = "body"   // refresh tokens are a member of the answer; the default
	TransportCookie = "cookie" // refresh tokens are in a cookie that scripts can't read, for good; for browsers
)

// LoginRequest is the body of POST /api/auth/login.
type LoginRequest struct {
	ProxiedClient

	Email    string `json:"email" validate:"required"`
	Password string `json:"password" validate:"required"`
	// Service is the key, id or name of the service the access token is for; without it, Signet itself.
	Service    string `json:"service,omitempty" validate:"max=100"`
	DeviceName string `json:"device_name,omitempty" validate:"max=100"`
	// Transport says where the session's refresh tokens travel: in the body, or in a cookie and never in a body.
	Transport string `json:"transport,omitempty" validate:"omitempty,oneof=body cookie"`
	// DeviceToken is that of a remembered device, on which no second factor is asked for; without it, that of the cookie counts. One that does
	// not work is as none.
	DeviceToken string `json:"device_token,omitempty"`
}

// LoginResponse is its success.
type LoginResponse struct {
	Success     bool   `json:"success"`
	AccessToken string `json:"access_token"`
	// RefreshToken is absent when it travels by cookie.
	RefreshToken string  `json:"refresh_token,omitempty"`
	TokenType    string  `json:"token_type"`
	ExpiresIn    int64   `json:"expires_in"` // s, of the access token
	User         User    `json:"user"`
	SessionID    string  `json:"session_id"`
	Session      Session `json:"session"`
	ACR          string  `json:"acr"` // how strongly the person proved who they are: aal1, aal2 or phr
	// NeedsACR is the lowest level above that at which the person would have more roles at the service.
	NeedsACR string `json:"needs_acr,omitempty"`
	// EnrolmentRequired is true for a person without a second factor where one is required (MFA=required): they can add one, and little else.
	EnrolmentRequired bool `json:"enrolment_required,omitempty"`
}

// Session is when a login ends.
type Session struct {
	ID        string    `json:"id"`
	ExpiresAt time.Time `json:"expires_at"`
	// IdleExpiresAt is when it ends unless it is refreshed before.
	IdleExpiresAt time.Time `json:"idle_expires_at"`
}

// RefreshRequest is the body of POST /api/auth/refresh. Without refresh_token, the one sent as bearer or cookie counts.
type RefreshRequest struct {
	ProxiedClient

	RefreshToken string `json:"refresh_token,omitempty"`
	Service      string `json:"service,omitempty" validate:"max=100"`
}

// RefreshResponse is its success. The refresh token replaces the one sent.
type RefreshResponse struct {
	Success     bool   `json:"success"`
	AccessToken string `json:"access_token"`
	// RefreshToken is absent when it travels by cookie.
	RefreshToken string `json:"refresh_token,omitempty"`
	TokenType    string `json:"token_type"`
	ExpiresIn    int64  `json:"expires_in"` // s
	// NeedsACR is the lowest level above the session's at which the person would have more roles at the service.
	NeedsACR string `json:"needs_acr,omitempty"`
}

// LogoutRequest is the body of POST /api/auth/logout, for who has no access token at hand.
type LogoutRequest struct {
	RefreshToken string `json:"refresh_token,omitempty"`
}

// ValidateResponse is the success of GET /api/auth/validate-jwt: the token is genuine, and its session and user are live, or its
// application token and service.
type ValidateResponse struct {
	Success bool `json:"success"`
	// UserID, User and SessionID are there for a user's token, Service for a service's.
	UserID    string      `json:"user_id,omitempty"`
	User      *User       `json:"user,omitempty"`
	SessionID string      `json:"session_id,omitempty"`
	Service   *ServiceRef `json:"service,omitempty"`
	// ACR is how strongly the user proved who they are, and AuthTime when they last proved that, in seconds since 1970 (RFC 9470 §6).
	ACR      string `json:"acr,omitempty"`
	AuthTime int64  `json:"auth_time,omitempty"`
	// Audience is the key of the service that the token is for, and Permissions are the bearer's short names there.
	Audience    string   `json:"audience"`
	Permissions []string `json:"permissions"`
	// CS is the number of the newest change of the feed that the answer includes, and ValidUntil is when the first of the assignments behind
	// the permissions ends; absent: none ends by itself.
	CS         int64      `json:"cs"`
	ValidUntil *time.Time `json:"valid_until,omitempty"`
}
