package api

import "time"

// CreateTokenRequest is the body of POST /api/tokens. At most one of the three ends is given; without one the token has no end.
type CreateTokenRequest struct {
	ServiceID     string              `json:"service_id" validate:"required,max=100"` // or the service's key
	Name          string              `json:"name" validate:"required"`
	ExpiresAt     Optional[time.Time] `json:"expires_at,omitzero"`
	ExpiresInDays *int64              `json:"expires_in_days,omitempty"`
	ExpiresIn     *int64              `json:"expires_in,omitempty"` // s
	// Scopes narrow what the service's account may do, each service-key/resource:action with the wildcards of roles. Absent or null: all.
	Scopes Optional[[]string] `json:"scopes,omitzero"`
}

// TokenResponse is the success of what is about one token.
type TokenResponse struct {
	Success   bool      `json:"success"`
	TokenData Token     `json:"token_data"`
	Warnings  []Warning `json:"warnings,omitempty"`
}

// Token is an application token of a service.
type Token struct {
	ID string `json:"id"`
	// Token is the secret text, there in the one answer that follows its making.
	Token     string `json:"token,omitempty"`
	Name      string `json:"name"`
	ServiceID string `json:"service_id"`
	// Prefix is how the newest secret's text begins.
	Prefix string `json:"prefix"`
	// Scopes are null when the token may do all that the service's account may.
	Scopes *[]string `json:"scopes"`
	// IsActive tells whether it may be used now: it has not ended, and its service is active.
	IsActive  bool       `json:"is_active"`
	ExpiresAt *time.Time `json:"expires_at"`
	RevokedAt *time.Time `json:"revoked_at"`
	CreatedAt time.Time  `json:"created_at"`
	// CreatedBy is null when Signet itself made it, and CreatorActive then, too.
	CreatedBy     *string    `json:"created_by"`
	CreatorActive *bool      `json:"creator_active"`
	LastUsedAt    *time.Time `json:"last_used_at"` // may be 10 s late, as are all that tell of use
	// LastUsed repeats LastUsedAt, for older clients.
	LastUsed   *time.Time    `json:"last_used"`
	LastUsedIP string        `json:"last_used_ip,omitempty"`
	UseCount   int64         `json:"use_count"` // since it was made
	Secrets    []TokenSecret `json:"secrets"`
	// Unheld are scopes that permit nothing now, because the service's account holds nothing of what they name.
	Unheld []string `json:"unheld,omitzero"`
}

// RotateTokenResponse is the success of POST /api/tokens/{id}/rotate.
type RotateTokenResponse struct {
	Success   bool         `json:"success"`
	TokenData RotatedToken `json:"token_data"`
	Warnings  []Warning    `json:"warnings,omitempty"`
}

// RotatedToken is a token with a new secret.
type RotatedToken struct {
	Token

	// PreviousExpiresAt is when the secret before ends; null when there is none that lives.
	PreviousExpiresAt *time.Time `json:"previous_expires_at"`
}

// TokenSecret is one secret of a token that lives.
type TokenSecret struct {
	Prefix     string     `json:"prefix"`
	CreatedAt  time.Time  `json:"created_at"`
	ExpiresAt  *time.Time `json:"expires_at"`
	LastUsedAt *time.Time `json:"last_used_at"`
}

// ListTokensRequest is GET /api/tokens/service/{service_id}. Without limit and cursor the list is whole, up to 1000.
type ListTokensRequest struct {
	ServiceID string `json:"-" path:"service_id"`
	Limit     int    `json:"-" query:"limit" validate:"omitempty,gte=1,lte=200"`
	// Cursor is next_cursor of the page before.
	Cursor string `json:"-" query:"cursor" validate:"max=200"`
}

// ListTokensResponse is its success.
type ListTokensResponse struct {
	Success bool    `json:"success"`
	Tokens  []Token `json:"tokens"`
	// NextCursor is there when there is more.
	NextCursor string `json:"next_cursor,omitempty"`
}

// TokenRequest names a token: GET and DELETE /api/tokens/{id}, POST /api/tokens/{id}/revoke.
type TokenRequest struct {
	ID string `json:"-" path:"id"`
}

// UpdateTokenRequest is PATCH /api/tokens/{id}. What is absent stays.
type UpdateTokenRequest struct {
	ID        string              `json:"-" path:"id"`
	Name      *string             `json:"name,omitempty"`
	ExpiresAt Optional[time.Time] `json:"expires_at,omitzero"` // null: no end
	Scopes    Optional[[]string]  `json:"scopes,omitzero"`     // null: all
}

// RotateTokenRequest is the body of POST /api/tokens/{id}/rotate.
type RotateTokenRequest struct {
	ID string `json:"-" path:"id"`
	// Overlap is for how many seconds the secret before lives on: a day unless said, at most 30.
	Overlap       *int64              `json:"overlap,omitempty"`
	ExpiresAt     Optional[time.Time] `json:"expires_at,omitzero"`
	ExpiresInDays *int64              `json:"expires_in_days,omitempty"`
	ExpiresIn     *int64              `json:"expires_in,omitempty"` // s
	// Supersede says which secret ends now while two live: previous, or latest, when its answer was lost or it leaked.
	Supersede string `json:"supersede,omitempty" validate:"omitempty,oneof=previous latest"`
}

// ValidateTokenResponse is the success of GET /api/tokens/validate.
type ValidateTokenResponse struct {
	Success bool           `json:"success"`
	Service ServiceRef     `json:"service"`
	Token   ValidatedToken `json:"token"`
}

// ServiceRef names a service.
type ServiceRef struct {
	ID   string `json:"id"`
	Key  string `json:"key"`
	Name string `json:"name"`
}

// ValidatedToken is an application token as its bearer sees it.
type ValidatedToken struct {
	ID        string     `json:"id"`
	Name      string     `json:"name"`
	Scopes    *[]string  `json:"scopes"` // null: all that the service's account may do
	ExpiresAt *time.Time `json:"expires_at"`
}

// TokenUsageRequest is GET /api/tokens/service/{service_id}/usage: whole hours of UTC, since on and before until. Without both it is the
// last day; at most 7 days, and 31 with token_id.
type TokenUsageRequest struct {
	ServiceID string `json:"-" path:"service_id"`
	Since     string `json:"-" query:"since" validate:"max=40"`
	Until     string `json:"-" query:"until" validate:"max=40"`
	TokenID   string `json:"-" query:"token_id" validate:"max=100"`
}

// TokenUsageResponse is its success.
type TokenUsageResponse struct {
	Success bool         `json:"success"`
	Usage   []TokenUsage `json:"usage"`
}

// TokenUsage is the use of one token. A use is one request that was authenticated with the token itself.
type TokenUsage struct {
	TokenID    string     `json:"token_id"`
	UseCount   int64      `json:"use_count"` // since it was made
	LastUsedAt *time.Time `json:"last_used_at"`
	// Buckets are the hours in which it was used.
	Buckets []UsageBucket `json:"buckets"`
}

// UsageBucket is one hour.
type UsageBucket struct {
	Hour  time.Time `json:"hour"`
	Count int64     `json:"count"`
}
