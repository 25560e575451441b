package domain_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/signet-auth/signet/domain"
)

// These tests generate worlds of a few names, patterns, roles and ends, and compare the evaluator with a model that is too simple to be
// wrong: it tries every pattern on every name, and every path to a role.

var (
	drawName    = rapid.Custom(func(t *rapid.T) string { return drawResource.Draw(t, "resource") + ":" + drawAction.Draw(t, "action") })
	drawAction  = rapid.SampledFrom([]string{"read", "write", "void"})
	drawPattern = rapid.Custom(func(t *rapid.T) domain.Pattern {
		resource := rapid.OneOf(drawResource, rapid.SampledFrom([]string{"*", "signet.*"})).Draw(t, "resource")
		action := rapid.OneOf(drawAction, rapid.Just("*")).Draw(t, "action")
		return domain.Pattern(resource + ":" + action)
	})
	drawResource = rapid.SampledFrom([]string{"invoice", "invoice:line", "user", "signet.role", "signet.token"})
	drawEnd      = rapid.Custom(func(t *rapid.T) time.Time {
		if n := rapid.IntRange(0, 4).Draw(t, "minutes"); n > 0 {
			return epoch.Add(time.Duration(n-2) * time.Minute)
		}
		return time.Time{}
	})
	drawLevel = rapid.SampledFrom([]domain.Level{domain.AAL1, domain.AAL2, domain.PHR})
	drawRole  = rapid.Custom(func(t *rapid.T) domain.HeldRole {
		return domain.HeldRole{
			Level: drawLevel.Draw(t, "level"), Name: rapid.StringMatching(`[a-c]`).Draw(t, "name"), Patterns: rapid.SliceOfN(drawPattern, 0, 4).Draw(t, "patterns"), ExpiresAt: drawEnd.Draw(t, "end"),
		}
	})
)

// matches is the model of one pattern and one name.
func matches(p domain.Pattern, name string) bool {
	resource, action := cut(string(p))
	r, a := cut(name)
	own := strings.HasPrefix(r, "signet.")
	return (action == "*" || action == a) && (resource == r || resource == "*" && !own || resource == "signet.*" && own)
}

func TestTheEvaluatorIsItsModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		names := rapid.SliceOf(drawName).Draw(t, "names")
		roles := numbered(rapid.SliceOfN(drawRole, 0, 6).Draw(t, "held"))
		held := slices.Clone(roles)
		for _, r := range roles { // held once more, from another level on
			if rapid.Bool().Draw(t, "twice") {
				r.Level, r.ExpiresAt = drawLevel.Draw(t, "level"), drawEnd.Draw(t, "end")
				held = append(held, r)
			}
		}
		level := drawLevel.Draw(t, "proved")
		scopes := rapid.SliceOfN(drawPattern, 0, 3).Draw(t, "scopes")
		g := domain.EvaluateGrants(held, domain.NewVocabulary(names), level, epoch)
		lasts := func(id domain.RoleID, at domain.Level) (until time.Time, ok bool) {
			for _, r := range held {
				if r.ID != id || r.Level > at || !r.ExpiresAt.IsZero() && !r.ExpiresAt.After(epoch) {
					continue
				}
				if !ok || !until.IsZero() && (r.ExpiresAt.IsZero() || r.ExpiresAt.After(until)) {
					until = r.ExpiresAt
				}
				ok = true
			}
			return until, ok
		}
		var want, narrow []string
		var until time.Time
		var next domain.Level
		for _, r := range roles {
			end, ok := lasts(r.ID, level)
			if ok && !end.IsZero() && (until.IsZero() || end.Before(until)) {
				until = end
			}
			for higher := level + 1; !ok && higher <= domain.PHR; higher++ {
				if _, would := lasts(r.ID, higher); would && (next == 0 || higher < next) {
					next = higher
				}
			}
		}
		if g.NextLevel != next {
			t.Fatalf("the next level is %d, want %d", g.NextLevel, next)
		}
		for _, name := range names {
			for _, r := range roles {
				if _, ok := lasts(r.ID, level); !ok {
					continue
				}
				if slices.ContainsFunc(r.Patterns, func(p domain.Pattern) bool { return matches(p, name) }) {
					want = append(want, name)
					if slices.ContainsFunc(scopes, func(p domain.Pattern) bool { return matches(p, name) }) {
						narrow = append(narrow, name)
					}
				}
			}
		}
		same(t, "permissions", g.Permissions(), want)
		same(t, "narrow", g.Narrow(scopes).Permissions(), narrow)
		if !g.ValidUntil.Equal(until) {
			t.Fatalf("valid until %v, want %v", g.ValidUntil, until)
		}
		name := drawName.Draw(t, "asked")
		if g.Allows(name) != slices.Contains(want, name) {
			t.Fatalf("%s is allowed: %v", name, !slices.Contains(want, name))
		}
	})
}

func same(t *rapid.T, what string, got, want []string) {
	slices.Sort(want)
	if want = slices.Compact(want); !slices.Equal(got, want) {
		t.Fatalf("%s: got %v, want %v", what, got, want)
	}
}

// TestACoverIsItsModel: a pattern is covered while one single held pattern grants all that it could grant.
func TestACoverIsItsModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		held := rapid.SliceOfN(drawRole, 0, 5).Draw(t, "held")
		asked := drawPattern.Draw(t, "asked")
		var want time.Time
		covered := false
		for _, r := range held {
			for _, p := range r.Patterns {
				if (r.ExpiresAt.IsZero() || r.ExpiresAt.After(epoch)) && p.Covers(asked) {
					if !covered || !want.IsZero() && (r.ExpiresAt.IsZero() || r.ExpiresAt.After(want)) {
						want = r.ExpiresAt
					}
					covered = true
				}
			}
		}
		until, ok := domain.NewCover(held, epoch).Until(asked)
		if ok != covered || !until.Equal(want) {
			t.Fatalf("%s until %v (%v), want %v (%v)", asked, until, ok, want, covered)
		}
	})
}

// TestARoleGraphIsItsModel builds graphs edge by edge, and keeps an edge exactly when the check takes it.
func TestARoleGraphIsItsModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 12).Draw(t, "roles")
		roles := make([]domain.Role, n)
		for i := range roles {
			id := string(rune('a' + i))
			roles[i] = domain.Role{ID: domain.RoleID(id), Name: id, Patterns: []domain.Pattern{domain.Pattern(id + ":read")}}
		}
		graph := domain.NewRoleGraph(roles)
		edges := map[domain.RoleID][]domain.RoleID{}
		for range rapid.IntRange(0, 30).Draw(t, "edges") {
			from, to := rapid.IntRange(0, n-1).Draw(t, "from"), rapid.IntRange(0, n-1).Draw(t, "to")
			role, _ := graph.Role(roles[from].ID)
			role.Includes = append(slices.Clone(role.Includes), domain.IncludedRole{ID: roles[to].ID})
			next := graph.With(role)
			cyclic := reachable(edges, roles[to].ID)[roles[from].ID]
			added := maps.Clone(edges)
			added[role.ID] = append(slices.Clone(edges[role.ID]), roles[to].ID)
			deep := false
			for id := range edges {
				deep = deep || !cyclic && height(added, id) > 8
			}
			deep = deep || !cyclic && height(added, role.ID) > 8
			if err := next.Check(role.ID); (err != nil) != (cyclic || deep) {
				t.Fatalf("%s includes %s: %v, cyclic %v, too deep %v", roles[from].ID, roles[to].ID, err, cyclic, deep)
			} else if err == nil {
				graph, edges = next, added
			}
		}
		for _, r := range roles {
			var want []domain.Pattern
			for id := range reachable(edges, r.ID) {
				want = append(want, domain.Pattern(string(id)+":read"))
			}
			slices.Sort(want)
			if got := graph.Closure(r.ID); !slices.Equal(got, want) {
				t.Fatalf("closure of %s: %v, want %v", r.ID, got, want)
			}
		}
	})
}

func reachable(edges map[domain.RoleID][]domain.RoleID, from domain.RoleID) map[domain.RoleID]bool {
	seen := map[domain.RoleID]bool{from: true}
	for grew := true; grew; {
		grew = false
		for id := range seen {
			for _, below := range edges[id] {
				if !seen[below] {
					seen[below], grew = true, true
				}
			}
		}
	}
	return seen
}

func height(edges map[domain.RoleID][]domain.RoleID, id domain.RoleID) int {
	n := 0
	for _, below := range edges[id] {
		n = max(n, 1+height(edges, below))
	}
	return n
}

func TestACycleIsNamed(t *testing.T) {
	role := func(name string, includes ...domain.RoleID) domain.Role {
		r := domain.Role{ID: domain.RoleID(name), Name: name}
		for _, id := range includes {
			r.Includes = append(r.Includes, domain.IncludedRole{ID: id})
		}
		return r
	}
	graph := domain.NewRoleGraph([]domain.Role{role("clerk", "lead"), role("lead", "chief"), role("chief", "clerk"), role("other", "clerk")})
	if err := graph.Check("clerk"); domain.TextOf(err) != "clerk → lead → chief → clerk" {
		t.Errorf("got %v", err)
	}
	if err := graph.With(role("clerk", "clerk")).Check("clerk"); domain.TextOf(err) != "clerk → clerk" {
		t.Errorf("got %v", err)
	}
}
