package domain

import "time"

const maxRoleName = 64

// Role is a named set of patterns within a service. It may include other roles of that service.
type Role struct {
	ID          RoleID
	ServiceID   ServiceID
	Name        string
	Description string
	IsSystem    bool // made by Signet: it can't be deleted
	IsDefault   bool // given to every new user (the platform's)
	Patterns    []Pattern
	Includes    []RoleID
	CreatedAt   time.Time
	UpdatedAt   time.Time
}

// NewRole makes a role of a service.
func NewRole(id RoleID, service ServiceID, name, description string, patterns []Pattern, now time.Time) (Role, error) {
	err := MergeFields(checkRequiredLine("name", name, maxRoleName), CheckLine("description", description, maxDescription))
	if err != nil {
		return Role{}, err
	}
	return Role{
		ID: id, ServiceID: service, Name: name, Description: description, Patterns: patterns, CreatedAt: now, UpdatedAt: now,
	}, nil
}

// AssignedRole is a role that a principal was given, with the names that people know it by.
type AssignedRole struct {
	RoleID     RoleID
	Role       string
	ServiceID  ServiceID
	ServiceKey string
	CreatedAt  time.Time
	ExpiresAt  time.Time // zero: no end
}

// Assignment gives a role to a principal, for good or until a time.
type Assignment struct {
	ID          AssignmentID
	PrincipalID PrincipalID
	RoleID      RoleID
	GrantedBy   PrincipalID // empty: Signet itself
	CreatedAt   time.Time
	ExpiresAt   time.Time // zero: no end
}
