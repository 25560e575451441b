package domain

import (
	"fmt"
	"slices"
	"strings"
)

// The limits of roles with their includes. They are checked when a role is edited, also for every role above it, so that evaluation never
// has to stop halfway.
const (
	maxIncludeDepth = 8
	maxClosure      = 1000
)

// RoleGraph is the live roles of one service with their includes.
type RoleGraph struct {
	roles map[RoleID]Role
	above map[RoleID][]RoleID
}

// NewRoleGraph makes the graph of roles that carry their patterns and includes.
func NewRoleGraph(roles []Role) RoleGraph {
	g := RoleGraph{roles: make(map[RoleID]Role, len(roles)), above: map[RoleID][]RoleID{}}
	for _, r := range roles {
		g.roles[r.ID] = r
		for _, included := range r.Includes {
			g.above[included.ID] = append(g.above[included.ID], r.ID)
		}
	}
	return g
}

// With is the graph with a role added, or replaced if its id exists.
func (g RoleGraph) With(role Role) RoleGraph {
	roles := []Role{role}
	for id, r := range g.roles {
		if id != role.ID {
			roles = append(roles, r)
		}
	}
	return NewRoleGraph(roles)
}

// Len is how many roles there are.
func (g RoleGraph) Len() int { return len(g.roles) }

// Role is the role of an id.
func (g RoleGraph) Role(id RoleID) (Role, bool) {
	r, ok := g.roles[id]
	return r, ok
}

// Named is the role with that name, compared as for uniqueness.
func (g RoleGraph) Named(name string) (Role, bool) {
	for _, r := range g.roles {
		if Fold(r.Name) == Fold(name) {
			return r, true
		}
	}
	return Role{}, false
}

// Closure is the patterns of roles and of all they include, sorted.
func (g RoleGraph) Closure(ids ...RoleID) []Pattern {
	var all []Pattern
	for _, id := range g.reach(ids, g.below) {
		all = append(all, g.roles[id].Patterns...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// IncludedBy are the roles that include it directly, in the order of their names.
func (g RoleGraph) IncludedBy(id RoleID) []Role {
	var all []Role
	for _, above := range g.above[id] {
		all = append(all, g.roles[above])
	}
	slices.SortFunc(all, func(a, b Role) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// Reaches tells whether holding one role is holding the other.
func (g RoleGraph) Reaches(from, to RoleID) bool {
	return slices.Contains(g.reach([]RoleID{from}, g.below), to)
}

// below is what a role includes directly.
func (g RoleGraph) below(id RoleID) []RoleID {
	includes := g.roles[id].Includes
	ids := make([]RoleID, len(includes))
	for i, r := range includes {
		ids[i] = r.ID
	}
	return ids
}

// reach is the roles themselves and what can be reached from them.
func (g RoleGraph) reach(ids []RoleID, next func(RoleID) []RoleID) []RoleID {
	seen := map[RoleID]bool{}
	var all []RoleID
	queue := slices.Clone(ids)
	for len(queue) > 0 {
		id := queue[0]
		queue = queue[1:]
		if _, known := g.roles[id]; !known || seen[id] {
			continue
		}
		seen[id] = true
		all = append(all, id)
		queue = append(queue, next(id)...)
	}
	return all
}

// Check judges an edited role and every role above it: no cycle, not too deep, not too large.
func (g RoleGraph) Check(edited RoleID) error {
	if cycle := g.cycle(edited); cycle != nil {
		return ErrInvalidFields(FieldError{Field: "includes", Code: "cycle", Text: strings.Join(cycle, " → ")})
	}
	for _, id := range g.reach([]RoleID{edited}, func(id RoleID) []RoleID { return g.above[id] }) {
		role := g.roles[id]
		if depth := g.depth(id); depth > maxIncludeDepth {
			return ErrInvalidFields(FieldError{Field: "includes", Code: "too_deep", Text: fmt.Sprintf("includes must be at most %d deep: those of %s would be %d", maxIncludeDepth, role.Name, depth)})
		}
		if n := len(g.Closure(id)); n > maxClosure {
			return ErrInvalidFields(FieldError{Field: "permissions", Code: "too_long", Text: fmt.Sprintf("a role and what it includes must have at most %d permissions: %s would have %d", maxClosure, role.Name, n)})
		}
	}
	return nil
}

// cycle is the names on a path from the role back to it, or nil. The existing roles have no cycle, so every cycle contains the edited role.
func (g RoleGraph) cycle(from RoleID) []string {
	before := map[RoleID]RoleID{}
	queue := []RoleID{from}
	for len(queue) > 0 {
		id := queue[0]
		queue = queue[1:]
		for _, next := range g.below(id) {
			if next == from {
				names := []string{g.roles[from].Name}
				for at := id; at != from; at = before[at] {
					names = append(names, g.roles[at].Name)
				}
				names = append(names, g.roles[from].Name)
				slices.Reverse(names)
				return names
			}
			if _, seen := before[next]; !seen {
				before[next] = id
				queue = append(queue, next)
			}
		}
	}
	return nil
}

// depth is the number of includes on the longest way down. Call it on a graph without cycles.
func (g RoleGraph) depth(id RoleID) int {
	memo := map[RoleID]int{}
	var down func(RoleID) int
	down = func(id RoleID) int {
		if d, ok := memo[id]; ok {
			return d
		}
		deepest := 0
		for _, next := range g.below(id) {
			deepest = max(deepest, 1+down(next))
		}
		memo[id] = deepest
		return deepest
	}
	return down(id)
}
