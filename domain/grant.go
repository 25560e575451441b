package domain

import (
	"slices"
	"time"
)

// HeldRole is a role that a principal holds at a service, by assignment or because an assigned role includes it. ExpiresAt
// is the latest end among the ways that lead to it; zero means no end.
type HeldRole struct {
	ID        RoleID
	Name      string
	Patterns  []Pattern
	ExpiresAt time.Time
}

// Grants is everything a principal may do at one service, evaluated at one time.
type Grants struct {
	Roles    []string
	Patterns []Pattern
	// Permissions are the names of the service's permissions (and of the shared vocabulary) that the patterns grant, sorted.
	Permissions []string
	// ValidUntil is the earliest end among the assignments behind it; zero means none. Neither a cached copy nor a token
	// outlives it.
	ValidUntil time.Time
}

// EvaluateGrants turns held roles into grants. known are the names of the permissions that exist for the service.
func EvaluateGrants(held []HeldRole, known []string, now time.Time) Grants {
	var g Grants
	for _, role := range held {
		if !role.ExpiresAt.IsZero() {
			if !now.Before(role.ExpiresAt) {
				continue
			}
			if g.ValidUntil.IsZero() || role.ExpiresAt.Before(g.ValidUntil) {
				g.ValidUntil = role.ExpiresAt
			}
		}
		g.Roles = append(g.Roles, role.Name)
		g.Patterns = append(g.Patterns, role.Patterns...)
	}
	slices.Sort(g.Roles)
	g.Roles = slices.Compact(g.Roles)
	slices.Sort(g.Patterns)
	g.Patterns = slices.Compact(g.Patterns)
	for _, name := range known {
		if g.Allows(name) {
			g.Permissions = append(g.Permissions, name)
		}
	}
	slices.Sort(g.Permissions)
	g.Permissions = slices.Compact(g.Permissions)
	return g
}

// Allows tells whether the named permission is held. Denial is absence.
func (g Grants) Allows(permission string) bool {
	return slices.ContainsFunc(g.Patterns, func(p Pattern) bool { return p.Matches(permission) })
}

// Covers tells whether a holder of g may grant the pattern: one of theirs covers the whole of it.
func (g Grants) Covers(pattern Pattern) bool {
	return slices.ContainsFunc(g.Patterns, func(p Pattern) bool { return p.Covers(pattern) })
}

// CoversAll tells whether everything other grants, g grants too: the rule behind target_outranks.
func (g Grants) CoversAll(other Grants) bool {
	return !slices.ContainsFunc(other.Patterns, func(p Pattern) bool { return !g.Covers(p) })
}
