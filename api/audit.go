package api

import "time"

// ListEventsRequest is GET /api/audit.
type ListEventsRequest struct {
	Actor   string `json:"-" query:"actor" validate:"max=100"`   // id of a user or a service
	Subject string `json:"-" query:"subject" validate:"max=100"` // id of what it is about
	// Type is up to 10 types, or families such as grant.*, with commas between them.
	Type    string `json:"-" query:"type" validate:"max=500"`
	Outcome string `json:"-" query:"outcome" validate:"omitempty,oneof=success failure"`
	// Service is the id or key of the service whose objects the events are about.
	Service string `json:"-" query:"service" validate:"max=100"`
	Since   string `json:"-" query:"since" validate:"max=64" format:"date-time"` // from then on
	Until   string `json:"-" query:"until" validate:"max=64" format:"date-time"` // before then
	Limit   int    `json:"-" query:"limit" validate:"omitempty,gte=1,lte=200"`
	// Cursor is next_cursor of the page before.
	Cursor string `json:"-" query:"cursor" validate:"max=200"`
}

// ListEventsResponse is its success, newest first.
type ListEventsResponse struct {
	Success bool    `json:"success"`
	Events  []Event `json:"events"`
	// NextCursor is there when there is more.
	NextCursor string `json:"next_cursor,omitempty"`
}

// Event is one line of the audit log. What identifies a person (ip, user_agent, identifier) is shown to those who may read users, until it
// is erased.
type Event struct {
	ID        string     `json:"id"`
	At        time.Time  `json:"at"` // by the clock of the replica that wrote it
	Type      EventType  `json:"type"`
	Outcome   string     `json:"outcome"` // success or failure
	Actor     EventParty `json:"actor"`
	Subject   EventParty `json:"subject"`
	ServiceID string     `json:"service_id,omitempty"`
	SessionID string     `json:"session_id,omitempty"`
	RequestID string     `json:"request_id,omitempty"`
	IP        string     `json:"ip,omitempty"`
	UserAgent string     `json:"user_agent,omitempty"`
	// Identifier is what was typed at a failed login, or the address before a change.
	Identifier string            `json:"identifier,omitempty"`
	Details    map[string]string `json:"details"`
}

// EventParty is who acted, or what it was about.
type EventParty struct {
	Type string `json:"type"`
	ID   string `json:"id,omitempty"`
}
