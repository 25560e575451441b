package domain

import (
	"maps"
	"time"
)

// Cover is what an actor may pass on at a service: each pattern with the end of the actor's right to it. It keeps everybody from gaining
// rights: to give, take away, edit or mint something, an actor must cover it. The zero value covers nothing.
//
// Patterns are compared, not names: only a holder of invoice:* covers invoice:*, however few permissions exist today.
type Cover struct {
	everything bool
	ends       map[Pattern]time.Time
	narrow     bool
	scopes     []Pattern
}

// CoverEverything is the cover of Signet itself and of the command line.
func CoverEverything() Cover { return Cover{everything: true} }

// NewCover is the cover of the roles that are held now.
func NewCover(held []HeldRole, now time.Time) Cover {
	c := Cover{ends: map[Pattern]time.Time{}}
	for _, role := range held {
		if !role.IsHeld(now) {
			continue
		}
		for _, p := range role.Patterns {
			c.add(p, role.ExpiresAt)
		}
	}
	return c
}

// With is the cover with more patterns, which end at a time; zero: never. Scopes narrow these too.
func (c Cover) With(until time.Time, patterns ...Pattern) Cover {
	if c.everything {
		return c
	}
	c.ends = maps.Clone(c.ends)
	if c.ends == nil {
		c.ends = map[Pattern]time.Time{}
	}
	for _, p := range patterns {
		c.add(p, until)
	}
	return c
}

func (c Cover) add(p Pattern, end time.Time) {
	if known, ok := c.ends[p]; ok {
		end = LaterEnd(known, end)
	}
	c.ends[p] = end
}

// Narrow is the part of it within scopes.
func (c Cover) Narrow(scopes []Pattern) Cover {
	c.narrow, c.scopes = true, scopes
	return c
}

// Until is when the actor loses the pattern; zero: never. ok is false when they don't have it. A pattern is held completely or not at all:
// invoice:read and invoice:write are not invoice:*.
func (c Cover) Until(p Pattern) (end time.Time, ok bool) {
	if c.everything {
		return time.Time{}, true
	}
	if c.narrow && !coversAny(c.scopes, p) {
		return time.Time{}, false
	}
	for _, wider := range covering(p) {
		until, held := c.ends[wider]
		if !held {
			continue
		}
		if ok {
			until = LaterEnd(end, until)
		}
		end, ok = until, true
	}
	return end, ok
}

// UntilAll is when the actor loses the first of the patterns. missing is one that they don't have.
func (c Cover) UntilAll(patterns []Pattern) (end time.Time, missing Pattern, ok bool) {
	for _, p := range patterns {
		until, held := c.Until(p)
		if !held {
			return time.Time{}, p, false
		}
		end = EarlierEnd(end, until)
	}
	return end, "", true
}

func coversAny(patterns []Pattern, p Pattern) bool {
	for _, wider := range patterns {
		if wider.Covers(p) {
			return true
		}
	}
	return false
}

// Patterns are those of all roles that are held now, each once.
func Patterns(held []HeldRole, now time.Time) []Pattern {
	var all []Pattern
	seen := map[Pattern]bool{}
	for _, role := range held {
		if !role.IsHeld(now) {
			continue
		}
		for _, p := range role.Patterns {
			if !seen[p] {
				seen[p] = true
				all = append(all, p)
			}
		}
	}
	return all
}
