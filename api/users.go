package api

import (
	"encoding/json"
	"time"
)

// ManagedUser is an account as those who look after accounts see it.
type ManagedUser struct {
	User

	DisabledReason string     `json:"disabled_reason"`
	DisabledUntil  *time.Time `json:"disabled_until"`
	// EraseAt is when the data of a closed account is erased.
	EraseAt *time.Time `json:"erase_at"`
}

// ListUsersRequest is GET /api/users.
type ListUsersRequest struct {
	// Search is an id, or how the address, the first or the last name begins. What it finds is not paged.
	Search   string `json:"-" query:"search" validate:"omitempty,min=2,max=254"`
	IsActive string `json:"-" query:"is_active" validate:"omitempty,oneof=true false"`
	Limit    int    `json:"-" query:"limit" validate:"omitempty,gte=1,lte=200"`
	// Cursor is next_cursor of the page before.
	Cursor string `json:"-" query:"cursor" validate:"max=200"`
}

// ListUsersResponse is its success.
type ListUsersResponse struct {
	Success bool          `json:"success"`
	Users   []ManagedUser `json:"users"`
	// Truncated tells that a search found more than is shown.
	Truncated bool `json:"truncated,omitempty"`
	// NextCursor is there when there is more.
	NextCursor string `json:"next_cursor,omitempty"`
}

// UserRequest names an account in the path.
type UserRequest struct {
	ID string `json:"-" path:"id"`
}

// UserResponse is an account after a read or a change.
type UserResponse struct {
	Success bool        `json:"success"`
	User    ManagedUser `json:"user"`
}

// UpdateUserRequest is PATCH /api/users/{id}. A member that is absent stays as it is; null clears it, but for the address.
type UpdateUserRequest struct {
	ID string `json:"-" path:"id"`

	FirstName Optional[string]          `json:"first_name,omitzero" validate:"omitempty,max=100"`
	LastName  Optional[string]          `json:"last_name,omitzero" validate:"omitempty,max=100"`
	Locale    Optional[string]          `json:"locale,omitzero" validate:"omitempty,max=35"`
	Metadata  Optional[json.RawMessage] `json:"metadata,omitzero"`
	Email     Optional[string]          `json:"email,omitzero" validate:"omitempty,max=254"`
}

// DisableUserRequest is POST /api/users/{id}/disable.
type DisableUserRequest struct {
	ID string `json:"-" path:"id"`

	Reason string `json:"reason" validate:"required,max=200"`
	// Until is when they may come back by themselves; without it, when somebody enables them.
	Until *time.Time `json:"until,omitempty"`
}

// EndUserSessionsResponse is the success of POST /api/users/{id}/end-sessions.
type EndUserSessionsResponse struct {
	Success bool `json:"success"`
	Ended   int  `json:"ended"` // how many sessions have ended by it
}

// ListUserSessionsRequest is GET /api/users/{id}/sessions.
type ListUserSessionsRequest struct {
	ID    string `json:"-" path:"id"`
	Limit int    `json:"-" query:"limit" validate:"omitempty,gte=1,lte=200"`
	// Cursor is next_cursor of the page before.
	Cursor string `json:"-" query:"cursor" validate:"max=200"`
}

// UnlinkIdentityRequest is DELETE /api/users/{id}/identities/{iid}.
type UnlinkIdentityRequest struct {
	ID       string `json:"-" path:"id"`
	Identity string `json:"-" path:"iid"`
}
