package api

import (
	"encoding/json"
	"time"
)

// CloseRequest is the body of POST /api/auth/close. An account without a password sends none, soon after a login.
type CloseRequest struct {
	Password string `json:"password,omitempty"`
}

// CloseResponse is its success: all sessions have ended.
type CloseResponse struct {
	Success bool   `json:"success"`
	Message string `json:"message"`
	// EraseAt is when the data is erased, unless an administrator opens the account before.
	EraseAt time.Time `json:"erase_at"`
}

// ExportResponse is the success of GET /api/auth/export: everything that is held about the user, newest first.
type ExportResponse struct {
	Success       bool              `json:"success"`
	ExportedAt    time.Time         `json:"exported_at"`
	Account       ExportedAccount   `json:"account"`
	Sessions      []ExportedSession `json:"sessions"`
	Devices       []ExportedDevice  `json:"devices"`
	Identities    []ExportedWayIn   `json:"identities"`
	Factors       []ExportedFactor  `json:"factors"`
	RecoveryCodes RecoveryCodes     `json:"recovery_codes"`
	// TrustedDevices are those that were remembered, also those that have ended since.
	TrustedDevices []TrustedDevice `json:"trusted_devices"`
	Roles          []ExportedRole  `json:"roles"`
	// Pending are links that were mailed and not used yet, such as that of a change of address.
	Pending []ExportedSecret `json:"pending"`
	Events  []ExportedEvent  `json:"events"`
	// Truncated names the members that have only the newest entries: 1000 sessions, 1000 roles, 100 pending, 2000 events.
	Truncated []string `json:"truncated"`
}

// ExportedAccount is the account itself.
type ExportedAccount struct {
	ID              string          `json:"id"`
	Email           string          `json:"email"`
	EmailAsTyped    string          `json:"email_as_typed"`
	FirstName       string          `json:"first_name"`
	LastName        string          `json:"last_name"`
	Locale          string          `json:"locale"`
	HasPassword     bool            `json:"has_password"`
	EmailVerifiedAt *time.Time      `json:"email_verified_at"`
	LastLoginAt     *time.Time      `json:"last_login_at"`
	CreatedAt       time.Time       `json:"created_at"`
	UpdatedAt       time.Time       `json:"updated_at"`
	Metadata        json.RawMessage `json:"metadata"`
	FailedLogins    int             `json:"failed_logins"` // in a row
	LockedUntil     *time.Time      `json:"locked_until"`
}

// ExportedSession is a session, live or over.
type ExportedSession struct {
	ID         string     `json:"id"`
	Methods    []string   `json:"methods"` // RFC 8176
	CreatedAt  time.Time  `json:"created_at"`
	LastSeenAt time.Time  `json:"last_seen_at"`
	ExpiresAt  time.Time  `json:"expires_at"`
	EndedAt    *time.Time `json:"ended_at"`
	EndReason  string     `json:"end_reason"`
	IP         string     `json:"ip"`
	UserAgent  string     `json:"user_agent"`
	DeviceName string     `json:"device_name"`
}

// ExportedDevice is a kind of device that the user has logged in from.
type ExportedDevice struct {
	Class       string    `json:"class"`
	FirstSeenAt time.Time `json:"first_seen_at"`
	LastSeenAt  time.Time `json:"last_seen_at"`
}

// ExportedWayIn is an account at a provider.
type ExportedWayIn struct {
	ID            string     `json:"id"`
	Provider      string     `json:"provider"`
	Subject       string     `json:"subject"`
	Email         string     `json:"email"`
	EmailVerified bool       `json:"email_verified"`
	CreatedAt     time.Time  `json:"created_at"`
	LastLoginAt   *time.Time `json:"last_login_at"`
}

// ExportedFactor is a second factor, without its secret.
type ExportedFactor struct {
	Factor

	ConfirmedAt *time.Time `json:"confirmed_at"` // null while it waits to be confirmed
}

// ExportedRole is a role that the user was given.
type ExportedRole struct {
	Role      string     `json:"role"`
	Service   string     `json:"service"`
	CreatedAt time.Time  `json:"created_at"`
	ExpiresAt *time.Time `json:"expires_at"`
}

// ExportedSecret is a one-time secret that was mailed.
type ExportedSecret struct {
	Purpose   string    `json:"purpose"`
	Address   string    `json:"address"`
	CreatedAt time.Time `json:"created_at"`
	ExpiresAt time.Time `json:"expires_at"`
}

// ExportedEvent is an event that the user did or that is about them. Of what others did it does not say from where.
type ExportedEvent struct {
	ID         string            `json:"id"`
	At         time.Time         `json:"at"`
	Type       EventType         `json:"type"`
	Outcome    string            `json:"outcome"`
	Actor      ExportedParty     `json:"actor"`
	Subject    ExportedParty     `json:"subject"`
	ServiceID  string            `json:"service_id"`
	SessionID  string            `json:"session_id"`
	RequestID  string            `json:"request_id"`
	IP         string            `json:"ip"`
	UserAgent  string            `json:"user_agent"`
	Identifier string            `json:"identifier"` // as typed at a failed login
	Details    map[string]string `json:"details"`
}

// ExportedParty is who acted, or what it was about.
type ExportedParty struct {
	Type string `json:"type"`
	ID   string `json:"id"`
}
