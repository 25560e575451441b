package domain

import (
	"slices"
	"time"
)

// HeldRole is a role that a principal holds at a service, by assignment or because an assigned role includes it. Level is the lowest from
// which it counts, the highest that the service, the role and those that include it ask for; zero: any. A role that is held from several levels on is
// there once for each. ExpiresAt is the latest end among the assignments that lead to it from that level on; zero means no end.
type HeldRole struct {
	ID        RoleID
	Name      string
	Level     Level
	Patterns  []Pattern
	ExpiresAt time.Time
}

// AtLevel is the roles that count at a level, each once, with their latest ends.
func AtLevel(held []HeldRole, level Level) []HeldRole {
	var all []HeldRole
	at := make(map[RoleID]int, len(held))
	for _, role := range held {
		if role.Level > level {
			continue
		}
		if i, known := at[role.ID]; known {
			all[i].ExpiresAt = LaterEnd(all[i].ExpiresAt, role.ExpiresAt)
			continue
		}
		at[role.ID] = len(all)
		all = append(all, role)
	}
	return all
}

// WithFloor is the roles of the platform where all but the one that everybody has count from a level on (MFA_PLATFORM).
func WithFloor(held []HeldRole, floor Level) []HeldRole {
	all := slices.Clone(held)
	for i := range all {
		if all[i].ID != RolePlatformDefault {
			all[i].Level = max(all[i].Level, floor)
		}
	}
	return all
}

// NextLevel is the lowest level above one at which a role is added; zero: none is. until is when that may change by itself; zero: never.
func NextLevel(held []HeldRole, level Level, now time.Time) (next Level, until time.Time) {
	has := map[RoleID]bool{}
	for _, role := range held {
		if role.Level <= level && role.IsHeld(now) {
			has[role.ID] = true
		}
	}
	for _, role := range held {
		if role.Level <= level || has[role.ID] || !role.IsHeld(now) {
			continue
		}
		until = EarlierEnd(until, role.ExpiresAt)
		if next == 0 || role.Level < next {
			next = role.Level
		}
	}
	return next, until
}

// IsHeld tells whether the role still counts.
func (r HeldRole) IsHeld(now time.Time) bool { return r.ExpiresAt.IsZero() || now.Before(r.ExpiresAt) }

// Grants is everything a principal may do at one service, evaluated at one time. The zero value allows nothing.
type Grants struct {
	Roles []string // names, sorted
	// ValidUntil is the earliest end among the assignments behind it; zero means none. Neither a cached copy nor a token
	// outlives it.
	ValidUntil time.Time
	// NextLevel is the lowest level above that of these grants at which a role would be added; zero: none would.
	NextLevel Level

	again      time.Time // when NextLevel may be another; zero: not by itself
	held       []HeldRole
	vocabulary *Vocabulary
	names      nameSet
	narrowed   [][]Pattern // the patterns of each Narrow so far
}

// EvaluateGrants turns held roles into grants at a level. Only names in the vocabulary count: a pattern grants the names that it matches.
func EvaluateGrants(held []HeldRole, vocabulary *Vocabulary, level Level, now time.Time) Grants {
	g := Grants{held: AtLevel(held, level), vocabulary: vocabulary}
	g.NextLevel, g.again = NextLevel(held, level, now)
	var patterns []Pattern
	for _, role := range g.held {
		if !role.IsHeld(now) {
			continue
		}
		g.ValidUntil = EarlierEnd(g.ValidUntil, role.ExpiresAt)
		g.Roles = append(g.Roles, role.Name)
		patterns = append(patterns, role.Patterns...)
	}
	slices.Sort(g.Roles)
	g.Roles = slices.Compact(g.Roles)
	g.names = vocabulary.matching(patterns)
	return g
}

// LastingUntil is the grants without the roles that end by a time.
func (g Grants) LastingUntil(at time.Time) Grants {
	if g.ValidUntil.IsZero() || g.ValidUntil.After(at) {
		return g
	}
	lasting := EvaluateGrants(g.held, g.vocabulary, NoLevel, at)
	lasting.NextLevel = g.NextLevel
	for _, patterns := range g.narrowed {
		lasting = lasting.Narrow(patterns)
	}
	return lasting
}

// Narrow is the part of the grants that match the patterns of a credential's scopes. It leaves out roles, because they would claim more
// than the credential may do.
func (g Grants) Narrow(patterns []Pattern) Grants {
	if g.vocabulary == nil {
		return g
	}
	g.Roles = nil
	g.narrowed = append(slices.Clone(g.narrowed), patterns)
	g.names = g.names.and(g.vocabulary.matching(patterns))
	return g
}

// Allows tells whether the named permission exists and is held. There are no explicit denials.
func (g Grants) Allows(permission string) bool {
	return g.vocabulary != nil && g.vocabulary.has(g.names, permission)
}

// Exists tells whether the service has a permission of that name, held or not.
func (g Grants) Exists(permission string) bool {
	return g.vocabulary != nil && g.vocabulary.Has(permission)
}

// Permissions are the names that are held, sorted; nil when there is none. The slice is the caller's.
func (g Grants) Permissions() []string {
	if g.vocabulary == nil {
		return nil
	}
	return g.vocabulary.list(g.names)
}

// HeldRoles are the roles behind the grants, each once, even if narrowed, and including roles that have ended since.
func (g Grants) HeldRoles() []HeldRole { return g.held }

// AllowsAny tells whether any of the named permissions is held.
func (g Grants) AllowsAny(permissions []string) bool {
	return slices.ContainsFunc(permissions, g.Allows)
}

// Weight is about how many bytes it takes, without the vocabulary.
func (g Grants) Weight() int {
	n := 256 + 8*len(g.names)
	for _, role := range g.held {
		n += 96 + 2*len(role.Name)
		for _, p := range role.Patterns {
			n += 16 + len(p)
		}
	}
	return n
}

// EarlierEnd is the earlier of two ends; a zero one is none at all.
func EarlierEnd(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// LaterEnd is the later of two ends; a zero one is none at all, and so the latest.
func LaterEnd(a, b time.Time) time.Time {
	if a.IsZero() || b.IsZero() {
		return time.Time{}
	}
	if a.Before(b) {
		return b
	}
	return a
}
