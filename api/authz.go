package api

import "time"

// Check asks whether a principal may do something at a service.
type Check struct {
	// UserID is the id of any principal; left out, it is about the caller. Empty and null are nobody.
	UserID Optional[string] `json:"user_id,omitzero" validate:"omitempty,max=100"`
	// Service is a key, an id or a name.
	Service    string `json:"service" validate:"required,max=100"`
	Permission string `json:"permission" validate:"required,max=200"`
	// ACR is the level that the person has proved, from the claim of their token: aal1, which is the default, aal2 or phr. About the caller it
	// is that of the credential, and a higher one is ignored.
	ACR string `json:"acr,omitempty" validate:"omitempty,oneof=aal1 aal2 phr"`
}

// CheckRequest is POST /api/authz/check.
type CheckRequest struct {
	Checks []Check `json:"checks" validate:"required,min=1,max=100,dive"`
}

// CheckResponse is its success: an answer a check, in order.
type CheckResponse struct {
	Success bool          `json:"success"`
	Results []CheckResult `json:"results"`
	// CS is the number of the newest change of the feed that the answer includes.
	CS int64 `json:"cs"`
	// ValidUntil is when the first of the assignments ends that the answer depends on; absent: none ends by itself.
	ValidUntil *time.Time `json:"valid_until,omitempty"`
}

// CheckResult is the answer to one check.
type CheckResult struct {
	Allowed bool `json:"allowed"`
	// NeedsACR is the level at which it would be allowed.
	NeedsACR string `json:"needs_acr,omitempty"`
}

// ExplainResponse is the success of POST /api/authz/explain.
type ExplainResponse struct {
	Success bool `json:"success"`
	Allowed bool `json:"allowed"`
	// NeedsACR is the level at which it would be allowed.
	NeedsACR string `json:"needs_acr,omitempty"`
	// Path leads from the principal over roles to the pattern that allows it.
	Path []ExplainStep `json:"path,omitempty"`
	// Missing says why it is not allowed.
	Missing *ExplainMissing `json:"missing,omitempty"`
}

// ExplainStep is one step of a path.
type ExplainStep struct {
	// Type is user, service_account, role, include or pattern.
	Type      string     `json:"type"`
	ID        string     `json:"id,omitempty"`
	Name      string     `json:"name,omitempty"`
	ExpiresAt *time.Time `json:"expires_at,omitempty"`
}

// ExplainMissing is what is missing.
type ExplainMissing struct {
	// Reason is unknown_principal, principal_inactive, unknown_service, service_inactive, unknown_permission, not_granted, expired,
	// needs_acr or out_of_scope. With expired and needs_acr, role is the one that was held, or would count.
	Reason  string     `json:"reason"`
	Role    string     `json:"role,omitempty"`
	EndedAt *time.Time `json:"ended_at,omitempty"`
}

// PermissionsRequest is GET /api/roles/user/{user_id}/permissions.
type PermissionsRequest struct {
	User string `json:"-" path:"user_id"`
	// Service is a key, an id or a name.
	Service string `json:"-" query:"service" validate:"max=100"`
}

// PermissionsResponse is its success.
type PermissionsResponse struct {
	Success bool `json:"success"`
	// Permissions are full names: service-key/resource:action.
	Permissions []string `json:"permissions"`
	// ByService has the short names by the keys of services.
	ByService map[string][]string `json:"by_service"`
	IsActive  bool                `json:"is_active"`
	// Truncated is true when there are more than 10000.
	Truncated bool `json:"truncated,omitempty"`
}

// OwnServicesResponse is the success of GET /api/roles/services/user.
type OwnServicesResponse struct {
	Success  bool         `json:"success"`
	Services []OwnService `json:"services"`
	// NextCursor is there when there is more.
	NextCursor string `json:"next_cursor,omitempty"`
}

// OwnService is a service at which the caller holds a role.
type OwnService struct {
	Service     Service   `json:"service"`
	Roles       []OwnRole `json:"roles"`
	Permissions []string  `json:"permissions"`
}

// OwnRole is a role that the caller holds.
type OwnRole struct {
	ID        string     `json:"id"`
	Name      string     `json:"name"`
	ExpiresAt *time.Time `json:"expires_at"`
	// Direct is false for a role that is held because another one includes it.
	Direct bool `json:"direct"`
}
