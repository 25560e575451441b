package domain

import (
	"fmt"
	"strings"
	"time"
)

const maxRoleName = 64

// MaxRoles is how many roles a service may have. They are all read at once where a change could close a circle.
const MaxRoles = 500

// Role is a named set of patterns within a service. It may include other roles of that service.
type Role struct {
	ID          RoleID
	ServiceID   ServiceID
	Name        string
	Description string
	IsSystem    bool // made by Signet: it can't be deleted
	IsDefault   bool // given to every new user (the platform's)
	Patterns    []Pattern
	Includes    []IncludedRole
	MinLevel    Level  // from which it counts, itself and what it includes; zero: any
	Version     int64  // counts changes, for If-Match
	ManagedBy   string // the owner of the manifest that it came with; empty: made by hand
	CreatedAt   time.Time
	UpdatedAt   time.Time
}

// IncludedRole is a role of the same service that another one includes.
type IncludedRole struct {
	ID   RoleID
	Name string // not written with it
}

// RoleChange is a new name, description or content of a role; nil members stay as they are.
type RoleChange struct {
	Name        *string
	Description *string
	Permissions *[]string // ids, names or patterns
	Includes    *[]string // ids or names
	MinLevel    *Level    // zero: any
}

// The limits of one role.
const (
	maxRolePatterns = 200
	maxRoleIncludes = 50
)

// Check validates the shape of a change. Name and description are [Line]s.
func (c RoleChange) Check() error {
	var errs []error
	if c.Name != nil {
		errs = append(errs, checkRoleName(*c.Name))
	}
	if c.Description != nil {
		errs = append(errs, CheckLine("description", *c.Description, maxDescription))
	}
	for _, l := range []struct {
		name  string
		items *[]string
		most  int
	}{{"permissions", c.Permissions, maxRolePatterns}, {"includes", c.Includes, maxRoleIncludes}} {
		if l.items != nil && len(*l.items) > l.most {
			errs = append(errs, ErrInvalidFields(FieldError{Field: l.name, Code: "too_long", Text: fmt.Sprintf("%s must have at most %d items", l.name, l.most)}))
		}
	}
	return MergeFields(errs...)
}

// CheckChange tells whether this change of a role is allowed. ErrSystemRole: roles that Signet made keep their names, and the content of
// service administrators and of the platform's own roles is fixed.
func (r Role) CheckChange(c RoleChange) error {
	if !r.IsSystem {
		return nil
	}
	if c.Name != nil && *c.Name != r.Name {
		return ErrSystemRole.Saying("A role made by Signet can't be renamed")
	}
	platform := r.ServiceID == PlatformID
	if (platform || r.Name == RoleAdmin) && (c.Permissions != nil || c.Includes != nil) || platform && c.Description != nil {
		return ErrSystemRole.Saying("The permissions of this role are fixed. Make another role beside it")
	}
	return nil
}

// NewRole makes a role of a service. Name and description are [Line]s.
func NewRole(id RoleID, service ServiceID, name, description string, patterns []Pattern, now time.Time) (Role, error) {
	err := MergeFields(checkRoleName(name), CheckLine("description", description, maxDescription))
	if err != nil {
		return Role{}, err
	}
	role := Role{
		ID: id, ServiceID: service, Name: name, Description: description, Patterns: patterns, Version: 1, CreatedAt: now, UpdatedAt: now,
	}
	return role, role.CheckName()
}

// CheckName reserves names at the platform for the roles of later releases.
func (r Role) CheckName() error {
	if r.ServiceID == PlatformID && !r.IsSystem && strings.HasPrefix(Fold(r.Name), "signet") {
		return ErrInvalidFields(FieldError{Field: "name", Code: "reserved", Text: "name must not begin with signet at the platform: such roles are made by Signet"})
	}
	return nil
}

// checkRoleName keeps names of roles fit for lists in headers.
func checkRoleName(name string) error {
	if strings.ContainsAny(name, ",\"\\") {
		return ErrInvalidFields(FieldError{Field: "name", Code: "invalid", Text: `name must not contain a comma, a quotation mark or a backslash`})
	}
	return checkName(name, maxRoleName)
}

// Place is the role's place in lists, which have the newest first.
func (r Role) Place() Cursor { return Cursor{At: r.CreatedAt, ID: string(r.ID)} }
