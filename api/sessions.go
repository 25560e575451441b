package api

import "time"

// DefaultLimit is how much of a list is shown when no limit is given; MaxWhole the same for the lists of the original service, whose
// clients ask for no page and look for a name in what they get.
const (
	DefaultLimit = 50
	MaxWhole     = 1000
)

// ListSessionsRequest is GET /api/auth/sessions.
type ListSessionsRequest struct {
	Limit int `json:"-" query:"limit" validate:"omitempty,gte=1,lte=200"`
	// Cursor is next_cursor of the page before.
	Cursor string `json:"-" query:"cursor" validate:"max=200"`
}

// ListSessionsResponse is its success.
type ListSessionsResponse struct {
	Success  bool            `json:"success"`
	Sessions []ListedSession `json:"sessions"`
	// NextCursor is there when there is more.
	NextCursor string `json:"next_cursor,omitempty"`
}

// ListedSession is a live session as its owner sees it. Nothing in it opens anything.
type ListedSession struct {
	ID string `json:"id"`
	// JTI repeats ID, for older clients.
	JTI string `json:"jti"`
	// Current is true for the session of the token that asks.
	Current   bool      `json:"current"`
	CreatedAt time.Time `json:"created_at"`
	// LastSeenAt is the login or the last refresh: no other request writes to a session.
	LastSeenAt    time.Time `json:"last_seen_at"`
	ExpiresAt     time.Time `json:"expires_at"`
	IdleExpiresAt time.Time `json:"idle_expires_at"`
	IP            string    `json:"ip"`
	UserAgent     string    `json:"user_agent"`
	DeviceName    string    `json:"device_name"`
	// Static sessions keep their refresh token for good.
	Static bool `json:"static"`
}

// EndSessionRequest is DELETE /api/auth/sessions/{id}.
type EndSessionRequest struct {
	ID string `json:"-" path:"id"`
}

// EndSessionsResponse is the success of DELETE /api/auth/sessions.
type EndSessionsResponse struct {
	Success bool `json:"success"`
	Revoked int  `json:"revoked"` // how many sessions have ended by it
}

// SessionStatsResponse is the success of GET /api/auth/sessions/stats.
type SessionStatsResponse struct {
	Success           bool  `json:"success"`
	ActiveSessions    int64 `json:"active_sessions"`
	UsersWithSessions int64 `json:"users_with_sessions"`
}
