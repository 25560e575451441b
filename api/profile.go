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

// ChangeEmailRequest is the body of POST /api/auth/change-email. An account without a password needs a login of the last minutes
// instead of it.
type ChangeEmailRequest struct {
	NewEmail string `json:"new_email" validate:"required,max=254"`
	Password string `json:"password,omitempty"`
}

// ConfirmEmailRequest is the body of POST /api/auth/change-email/confirm: the token of the link.
type ConfirmEmailRequest struct {
	Token string `json:"token" validate:"required"`
}

// ChangeEmailLinkRequest is GET or POST /api/auth/change-email/{token}.
type ChangeEmailLinkRequest struct {
	Token string `json:"-" path:"token" validate:"required"`
}
