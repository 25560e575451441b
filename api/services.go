package api

import "time"

// Service is a service as those see it who look after it.
type Service struct {
	ID string `json:"id"`
	// Key is the audience of its tokens. It never changes.
	Key         string `json:"key"`
	Name        string `json:"name"`
	Description string `json:"description"`
	IsActive    bool   `json:"is_active"`
	// IsPlatform is true for Signet itself.
	IsPlatform bool `json:"is_platform"`
	// TokenType is the typ header of its access tokens.
	TokenType string `json:"token_typ"`
	// MinACR is the level from which the service's roles count, aal2 or phr; null: any.
	MinACR *string `json:"min_acr"`
	// Version counts changes; it is the ETag too.
	Version int64 `json:"version"`
	// ManagedBy is the owner of the manifest that the service came with.
	ManagedBy *string   `json:"managed_by"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

// PageRequest is which part of a list is wanted.
type PageRequest struct {
	Limit int `json:"-" query:"limit" validate:"omitempty,gte=1,lte=200"`
	// Cursor is next_cursor of the page before.
	Cursor string `json:"-" query:"cursor" validate:"max=200"`
}

// ListServicesResponse is the success of GET /api/roles/services.
type ListServicesResponse struct {
	Success  bool      `json:"success"`
	Services []Service `json:"services"`
	// NextCursor is there when there is more.
	NextCursor string `json:"next_cursor,omitempty"`
}

// CreateServiceRequest is POST /api/roles/services.
type CreateServiceRequest struct {
	Name string `json:"name" validate:"required"`
	// Key is made from the name when it is left out.
	Key         string           `json:"key,omitempty"`
	Description Optional[string] `json:"description,omitzero"`
	TokenType   string           `json:"token_typ,omitempty" validate:"omitempty,oneof=at+jwt JWT"`
	// MinACR is the level from which the service's roles count, aal2 or phr; null: any.
	MinACR Optional[string] `json:"min_acr,omitzero" validate:"omitempty,oneof=aal2 phr"`
}

// ServiceRequest names a service in the path, by id or key.
type ServiceRequest struct {
	Service string `json:"-" path:"service_id"`
}

// UpdateServiceRequest is PUT /api/roles/services/{service_id}. Members that are left out stay.
type UpdateServiceRequest struct {
	Service     string           `json:"-" path:"service_id"`
	Name        Optional[string] `json:"name,omitzero"`
	Description Optional[string] `json:"description,omitzero"`
	TokenType   string           `json:"token_typ,omitempty" validate:"omitempty,oneof=at+jwt JWT"`
	IsActive    *bool            `json:"is_active,omitempty"`
	// MinACR is the level from which the service's roles count, aal2 or phr; null: any. Only the platform's service:write lowers it.
	MinACR Optional[string] `json:"min_acr,omitzero" validate:"omitempty,oneof=aal2 phr"`
}

// ServiceResponse is one service.
type ServiceResponse struct {
	Success bool `json:"success"`
	// ServiceID repeats service.id, for older clients.
	ServiceID string  `json:"service_id"`
	Service   Service `json:"service"`
}
