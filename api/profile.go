package api

import "encoding/json"

// UpdateMeRequest is the body of PATCH /api/auth/me. What is absent stays as it is, null clears.
type UpdateMeRequest struct {
	FirstName Optional[string] `json:"first_name,omitzero" validate:"omitempty,max=100"`
	LastName  Optional[string] `json:"last_name,omitzero" validate:"omitempty,max=100"`
	Locale    Optional[string] `json:"locale,omitzero" validate:"omitempty,max=35"` // BCP 47
	// Metadata is a JSON object of at most 8 KB that replaces the one before as a whole.
	Metadata Optional[json.RawMessage] `json:"metadata,omitzero"`
}
