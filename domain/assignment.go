package domain

import "time"

// Assignment gives a role to a principal, without an end or until a time.
type Assignment struct {
	ID          AssignmentID
	PrincipalID PrincipalID
	RoleID      RoleID
	ServiceID   ServiceID   // the role's
	GrantedBy   PrincipalID // empty: Signet itself
	ManagedBy   string      // the owner of the manifest that it came with; empty: made by hand
	CreatedAt   time.Time
	ExpiresAt   time.Time // zero: no end
}

// IsLive tells whether it counts.
func (a Assignment) IsLive(now time.Time) bool {
	return a.ExpiresAt.IsZero() || now.Before(a.ExpiresAt)
}

// Place is the assignment's place in lists, which have the newest first.
func (a Assignment) Place() Cursor { return Cursor{At: a.CreatedAt, ID: string(a.ID)} }

// Unfactored is a user without a second factor.
type Unfactored struct {
	ID    UserID
	Email string
}

// ListedAssignment is an assignment with the names that people know its parts by.
type ListedAssignment struct {
	Assignment

	Kind        PrincipalKind
	Email       string // of a user
	Role        string
	MinLevel    Level // from which the role counts
	ServiceKey  string
	ServiceName string
}
