package api

import "time"

// Assignment says that a principal holds a role, and since and until when.
type Assignment struct {
	ID          string `json:"id"`
	RoleID      string `json:"role_id"`
	RoleName    string `json:"role_name"`
	ServiceID   string `json:"service_id"`
	ServiceKey  string `json:"service_key"`
	ServiceName string `json:"service_name"`
	PrincipalID string `json:"principal_id"`
	// Kind is user or service_account.
	Kind string `json:"kind"`
	// UserID repeats principal_id for users.
	UserID string `json:"user_id,omitempty"`
	// Email is shown to those who may read users.
	Email      string    `json:"email,omitempty"`
	AssignedAt time.Time `json:"assigned_at"`
	// CreatedAt repeats AssignedAt, for older clients.
	CreatedAt time.Time `json:"created_at"`
	// ExpiresAt is null for a role without an end.
	ExpiresAt *time.Time `json:"expires_at"`
	// MinACR is the level from which the role counts, by itself, its service or the server's settings; null: any.
	MinACR    *string `json:"min_acr"`
	ManagedBy *string `json:"managed_by"`
	// GrantedBy is who gave the role, for those who may read roles; null: Signet itself.
	GrantedBy *string `json:"granted_by,omitempty"`
}

// AssignmentRequest names a principal, a service and a role in the path: a user by id, services by id or key.
type AssignmentRequest struct {
	User    string `json:"-" path:"user_id"`
	Service string `json:"-" path:"service_id"`
	Role    string `json:"-" path:"role_id"`
}

// AssignRequest is POST …/role/{role_id}.
type AssignRequest struct {
	AssignmentRequest

	// ExpiresAt is null for no end. Left out, it changes nothing where the role is held already.
	ExpiresAt Optional[time.Time] `json:"expires_at,omitzero"`
}

// AccountAssignmentRequest is the same for a service's account.
type AccountAssignmentRequest struct {
	Account string `json:"-" path:"account"`
	Service string `json:"-" path:"service_id"`
	Role    string `json:"-" path:"role_id"`
}

// AssignAccountRequest is POST …/role/{role_id} for a service's account.
type AssignAccountRequest struct {
	AccountAssignmentRequest

	ExpiresAt Optional[time.Time] `json:"expires_at,omitzero"`
}

// AssignmentResponse is one assignment.
type AssignmentResponse struct {
	Success    bool       `json:"success"`
	Message    string     `json:"message"`
	Assignment Assignment `json:"assignment"`
	Warnings   []Warning  `json:"warnings,omitempty"`
}

// ListUserRolesRequest is GET /api/roles/user/{user_id}/service/{service_id}.
type ListUserRolesRequest struct {
	PageRequest

	User    string `json:"-" path:"user_id"`
	Service string `json:"-" path:"service_id"`
}

// ListUserAssignmentsRequest is GET /api/roles/user/{user_id}: over all services.
type ListUserAssignmentsRequest struct {
	PageRequest

	User string `json:"-" path:"user_id"`
}

// ListAccountRolesRequest is GET /api/roles/service-account/{account}/service/{service_id}.
type ListAccountRolesRequest struct {
	PageRequest

	Account string `json:"-" path:"account"`
	Service string `json:"-" path:"service_id"`
}

// ListServiceAssignmentsRequest is GET /api/roles/service/{service_id}/assignments.
type ListServiceAssignmentsRequest struct {
	PageRequest

	Service string `json:"-" path:"service_id"`
}

// ListHoldersRequest is GET /api/roles/service/{service_id}/role/{role_id}/assignments.
type ListHoldersRequest struct {
	PageRequest

	Service string `json:"-" path:"service_id"`
	Role    string `json:"-" path:"role_id"`
}

// ListUserRolesResponse is the roles of a principal at a service.
type ListUserRolesResponse struct {
	Success bool         `json:"success"`
	Roles   []Assignment `json:"roles"`
	// NextCursor is there when there is more.
	NextCursor string `json:"next_cursor,omitempty"`
}

// ListAssignmentsResponse is a list of assignments.
type ListAssignmentsResponse struct {
	Success     bool         `json:"success"`
	Assignments []Assignment `json:"assignments"`
	// NextCursor is there when there is more.
	NextCursor string `json:"next_cursor,omitempty"`
}

// AssignManyRequest is POST /api/roles/service/{service_id}/role/{role_id}/assignments.
type AssignManyRequest struct {
	Service   string              `json:"-" path:"service_id"`
	Role      string              `json:"-" path:"role_id"`
	Users     []string            `json:"user_ids" validate:"required,min=1,max=1000"`
	ExpiresAt Optional[time.Time] `json:"expires_at,omitzero"`
}

// AssignManyResponse is its success: what became of each, in order.
type AssignManyResponse struct {
	Success  bool            `json:"success"`
	Results  []AssignOutcome `json:"results"`
	Warnings []Warning       `json:"warnings,omitempty"`
}

// AssignOutcome is what became of one of many.
type AssignOutcome struct {
	UserID string `json:"user_id"`
	// Outcome is assigned, updated, unchanged, unknown or limit_reached.
	Outcome string `json:"outcome"`
}
