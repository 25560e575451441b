package api

import "time"

// Role is a named set of permissions of a service.
type Role struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	Description string `json:"description"`
	ServiceID   string `json:"service_id"`
	// IsDefault roles are given to every new user.
	IsDefault bool `json:"is_default"`
	// IsSystem roles come with Signet or with their service.
	IsSystem bool `json:"is_system"`
	// Permissions are names and patterns, sorted.
	Permissions []string       `json:"permissions"`
	Includes    []IncludedRole `json:"includes"`
	// MinACR is the level from which the role counts, aal2 or phr; null: any, unless its service asks for one.
	MinACR *string `json:"min_acr"`
	// Version counts changes; it is the ETag too.
	Version int64 `json:"version"`
	// ManagedBy is the owner of the manifest that the role came with.
	ManagedBy *string   `json:"managed_by"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

// IncludedRole is a role that another one includes.
type IncludedRole struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// ListRolesRequest is GET /api/roles/service/{service_id}.
type ListRolesRequest struct {
	PageRequest

	Service string `json:"-" path:"service_id"`
}

// ListRolesResponse is its success.
type ListRolesResponse struct {
	Success bool   `json:"success"`
	Roles   []Role `json:"roles"`
	// NextCursor is there when there is more.
	NextCursor string `json:"next_cursor,omitempty"`
}

// CreateRoleRequest is POST /api/roles/service/{service_id}.
type CreateRoleRequest struct {
	Service     string           `json:"-" path:"service_id"`
	Name        string           `json:"name" validate:"required"`
	Description Optional[string] `json:"description,omitzero"`
	// Permissions are ids, names that exist, or patterns with "*" for the whole resource or action.
	Permissions Optional[[]string] `json:"permissions,omitzero"`
	// Includes are ids or names of roles of the same service.
	Includes Optional[[]string] `json:"includes,omitzero"`
	// MinACR is the level from which the role counts, aal2 or phr; null: any, unless its service asks for one.
	MinACR Optional[string] `json:"min_acr,omitzero" validate:"omitempty,oneof=aal2 phr"`
}

// UpdateRoleRequest is PUT /api/roles/{role_id}. Members that are left out stay; lists replace what is there.
type UpdateRoleRequest struct {
	Role        string             `json:"-" path:"role_id"`
	Name        Optional[string]   `json:"name,omitzero"`
	Description Optional[string]   `json:"description,omitzero"`
	Permissions Optional[[]string] `json:"permissions,omitzero"`
	Includes    Optional[[]string] `json:"includes,omitzero"`
	// MinACR is the level from which the role counts, aal2 or phr; null: any, unless its service asks for one.
	MinACR Optional[string] `json:"min_acr,omitzero" validate:"omitempty,oneof=aal2 phr"`
}

// RoleRequest names a role in the path.
type RoleRequest struct {
	Role string `json:"-" path:"role_id"`
}

// DeleteRoleRequest is DELETE /api/roles/{role_id}.
type DeleteRoleRequest struct {
	Role string `json:"-" path:"role_id"`
	// Force takes the role from those who hold it, and out of roles that include it.
	Force bool `json:"-" query:"force"`
}

// RoleResponse is one role.
type RoleResponse struct {
	Success bool `json:"success"`
	// RoleID repeats role.id, for older clients.
	RoleID string `json:"role_id"`
	Role   Role   `json:"role"`
}

// GetRoleResponse is the success of GET /api/roles/{role_id}.
type GetRoleResponse struct {
	Success bool `json:"success"`
	Role    Role `json:"role"`
	// Effective is what the role comes to with all it includes, sorted.
	Effective []string `json:"effective"`
	// Holders is how many hold it directly, counted to 1000.
	Holders int `json:"holders"`
}

// Permission is a name for something that may be done at a service, or, without a service, at all of them.
type Permission struct {
	ID          string  `json:"id"`
	Name        string  `json:"name"`
	Description string  `json:"description"`
	ServiceID   *string `json:"service_id"`
	// IsReserved ones are rights over the service's own objects in Signet.
	IsReserved bool      `json:"is_reserved"`
	ManagedBy  *string   `json:"managed_by"`
	CreatedAt  time.Time `json:"created_at"`
}

// ListPermissionsRequest is GET /api/roles/permissions.
type ListPermissionsRequest struct {
	PageRequest

	// Service is an id, a key, or "shared".
	Service string `json:"-" query:"service_id" validate:"max=100"`
	// Search is how the name begins.
	Search string `json:"-" query:"search" validate:"max=200"`
}

// ListPermissionsResponse is its success.
type ListPermissionsResponse struct {
	Success     bool         `json:"success"`
	Permissions []Permission `json:"permissions"`
	// NextCursor is there when there is more.
	NextCursor string `json:"next_cursor,omitempty"`
}

// CreatePermissionRequest is POST /api/roles/permissions.
type CreatePermissionRequest struct {
	// Name is resource:action, the last segment the action.
	Name        string           `json:"name" validate:"required"`
	Description Optional[string] `json:"description,omitzero"`
	// Service is an id or a key; left out, the permission is shared by all services.
	Service *string `json:"service_id,omitempty"`
}

// UpdatePermissionRequest is PUT /api/roles/permissions/{id}.
type UpdatePermissionRequest struct {
	Permission  string           `json:"-" path:"id"`
	Description Optional[string] `json:"description,omitzero"`
}

// DeletePermissionRequest is DELETE /api/roles/permissions/{id}.
type DeletePermissionRequest struct {
	Permission string `json:"-" path:"id"`
	// Force takes the permission out of the roles that name it.
	Force bool `json:"-" query:"force"`
}

// PermissionResponse is one permission.
type PermissionResponse struct {
	Success bool `json:"success"`
	// PermissionID repeats permission.id.
	PermissionID string     `json:"permission_id"`
	Permission   Permission `json:"permission"`
}
