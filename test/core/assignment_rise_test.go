package core_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/signet-auth/signet/app/assignment"
	"github.com/signet-auth/signet/app/role"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/test/testkit/rig"
)

// world is a service with a few roles and people, and a model of who holds what that is too simple to be wrong: it walks every way.
type world struct {
	*rig.Rig
	service domain.Service
	people  []domain.User
	roles   []domain.RoleID
	content map[domain.RoleID]*content
	given   map[domain.UserID]map[domain.RoleID]time.Time
}

type content struct {
	patterns []domain.Pattern
	includes []domain.RoleID
	level    domain.Level // from which it counts; zero: any
}

const people, roles = 4, 4

var (
	permissions = []string{"a:read", "a:write", "b:read"}
	levels      = []domain.Level{domain.AAL1, domain.AAL2, domain.PHR}
	drawn       = []domain.Pattern{"a:read", "a:write", "b:read", "a:*", "*:read", "*:*", "signet.role:write", "signet.*:*"}
)

func newWorld(tb testing.TB) *world {
	tb.Helper()
	w := &world{Rig: rig.New(tb), content: map[domain.RoleID]*content{}, given: map[domain.UserID]map[domain.RoleID]time.Time{}}
	var first domain.RoleID
	w.service, first = w.Rig.Service(tb, "shop", append(permissions, domain.ReservedPermissions()...), "*:*", "signet.*:*")
	w.add(first, []domain.Pattern{"*:*", "signet.*:*"})
	for i := range people {
		u := w.User(tb, fmt.Sprintf("p%d@example.com", i))
		w.people, w.given[u.ID] = append(w.people, u), map[domain.RoleID]time.Time{}
	}
	for i := range roles {
		made, err := w.App.Roles.Create(tb.Context(), role.CreateInput{Actor: domain.System(), Service: "shop", Name: fmt.Sprintf("r%d", i)})
		if err != nil {
			tb.Fatal(err)
		}
		w.add(made.ID, nil)
	}
	for i, end := range []time.Time{{}, w.Clock.Now().Add(2 * time.Hour)} { // one administrator for good, and one for a while
		w.Assign(tb, w.people[i], first, end)
		w.given[w.people[i].ID][first] = end
	}
	w.Poll(tb)
	return w
}

func (w *world) add(id domain.RoleID, patterns []domain.Pattern) {
	w.roles, w.content[id] = append(w.roles, id), &content{patterns: patterns}
}

// closure is every pattern of a role and of what it includes.
func (w *world) closure(id domain.RoleID) (all []domain.Pattern) { return w.counting(id, domain.PHR) }

// counting is those that count at a level.
func (w *world) counting(id domain.RoleID, level domain.Level) (all []domain.Pattern) {
	seen := map[domain.RoleID]bool{}
	var walk func(domain.RoleID)
	walk = func(id domain.RoleID) {
		if seen[id] || w.content[id].level > level {
			return
		}
		seen[id] = true
		all = append(all, w.content[id].patterns...)
		for _, below := range w.content[id].includes {
			walk(below)
		}
	}
	walk(id)
	return all
}

// by is somebody with a credential: the level that they have proved, and scopes.
type by struct {
	domain.User

	level  domain.Level
	scopes []domain.Pattern
}

// holds is the end of a person's right to a pattern with a credential.
func (w *world) holds(u by, p domain.Pattern) (end time.Time, ok bool) {
	if u.scopes != nil && !slices.ContainsFunc(u.scopes, func(s domain.Pattern) bool { return s.Covers(p) }) {
		return end, false
	}
	for id, until := range w.given[u.ID] {
		if !until.IsZero() && !w.Clock.Now().Before(until) {
			continue
		}
		for _, held := range w.counting(id, u.level) {
			if held.Covers(p) {
				if !ok || !end.IsZero() && (until.IsZero() || until.After(end)) {
					end = until
				}
				ok = true
			}
		}
	}
	return end, ok
}

// covers is the end of a person's right to pass on all the patterns, including the right to do so.
func (w *world) covers(u by, patterns []domain.Pattern) (end time.Time, ok bool) {
	for _, p := range append([]domain.Pattern{"signet.role:write"}, patterns...) {
		until, held := w.holds(u, p)
		if !held {
			return end, false
		}
		if end.IsZero() || !until.IsZero() && until.Before(end) {
			end = until
		}
	}
	return end, true
}

func (w *world) actor(u by) domain.Actor {
	a := w.Actor(u.User)
	a.Level = u.level
	if u.scopes != nil {
		var texts []string
		for _, p := range u.scopes {
			texts = append(texts, "shop/"+string(p))
		}
		a.Scopes = domain.RestoreScopes(texts)
	}
	return a
}

// TestNobodyRises: random people give, lengthen, take away and edit, with ends, scopes, includes and levels. Each is allowed exactly when the
// model says that the one who does it holds all of it, at the level of their credential and for as long as what is made of it lasts
// (security.md, AZ-3). In between, what they hold by the cache is what they hold by the model, at every level.
func TestNobodyRises(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(t)
		for range rapid.IntRange(5, 14).Draw(rt, "steps") {
			by := by{User: rapid.SampledFrom(w.people).Draw(rt, "by"), level: rapid.SampledFrom(levels).Draw(rt, "level")}
			if rapid.IntRange(0, 3).Draw(rt, "narrow") == 0 {
				by.scopes = rapid.SliceOfN(rapid.SampledFrom(drawn), 1, 4).Draw(rt, "scopes")
			}
			id := rapid.SampledFrom(w.roles).Draw(rt, "role")
			switch rapid.IntRange(0, 5).Draw(rt, "step") {
			case 0:
				w.take(t, rt, by, id)
			case 1:
				w.edit(t, rt, by, id)
			case 2:
				w.Clock.Move(time.Duration(rapid.IntRange(1, 40).Draw(rt, "minutes")) * time.Minute)
				w.Poll(t)
			case 3:
				w.ask(t, rt, by.User)
			default:
				w.give(t, rt, by, id)
			}
		}
	})
}

// ask compares what the cache says that somebody may do at each level with the model.
func (w *world) ask(t *testing.T, rt *rapid.T, u domain.User) {
	t.Helper()
	w.Poll(t)
	principal, err := w.Directory.Principal(t.Context(), u.ID.Principal())
	if err != nil {
		rt.Fatal(err)
	}
	service, err := w.Directory.Service(t.Context(), "shop")
	if err != nil {
		rt.Fatal(err)
	}
	for _, level := range levels {
		grants, err := w.Directory.Grants(t.Context(), principal, service, level)
		if err != nil {
			rt.Fatal(err)
		}
		for _, name := range permissions {
			if _, may := w.holds(by{User: u, level: level}, domain.Pattern(name)); grants.Allows(name) != may {
				rt.Fatalf("%s at %s is allowed: %v", name, level, !may)
			}
		}
	}
}

func (w *world) target(id domain.RoleID, by domain.Actor) assignment.Target {
	return assignment.Target{Actor: by, From: rig.From, Service: "shop", Role: string(id)}
}

func (w *world) give(t *testing.T, rt *rapid.T, by by, id domain.RoleID) {
	t.Helper()
	to := rapid.SampledFrom(w.people).Draw(rt, "to")
	var end assignment.End
	if end.Given = rapid.Bool().Draw(rt, "end given"); end.Given && rapid.Bool().Draw(rt, "ends") {
		end.At = w.Clock.Now().Add(time.Duration(rapid.IntRange(1, 60).Draw(rt, "end")) * time.Minute)
	}
	until, may := w.covers(by, w.closure(id))
	if may && end.Given && !until.IsZero() && (end.At.IsZero() || end.At.After(until)) {
		may = false
	}
	out, err := w.App.Assignments.Assign(t.Context(), assignment.AssignInput{
		Target: w.target(id, w.actor(by)), Holder: assignment.Holder{Kind: domain.KindUser, Ref: string(to.ID)}, End: end,
	})
	w.judge(rt, "give", may, err)
	if err != nil {
		return
	}
	was, held := w.given[to.ID][id]
	want := until
	if end.Given {
		want = end.At
	}
	if held && (was.IsZero() || w.Clock.Now().Before(was)) && !end.Given {
		want = was
	}
	if !out.Assignment.ExpiresAt.Equal(want) {
		rt.Fatalf("it ends %v, want %v", out.Assignment.ExpiresAt, want)
	}
	w.given[to.ID][id] = want
}

func (w *world) take(t *testing.T, rt *rapid.T, by by, id domain.RoleID) {
	t.Helper()
	from := rapid.SampledFrom(w.people).Draw(rt, "from")
	_, may := w.covers(by, w.closure(id))
	err := w.App.Assignments.Remove(t.Context(), assignment.RemoveInput{
		Target: w.target(id, w.actor(by)), Holder: assignment.Holder{Kind: domain.KindUser, Ref: string(from.ID)},
	})
	until, held := w.given[from.ID][id]
	if may && (!held || !until.IsZero() && !w.Clock.Now().Before(until)) {
		if !errors.Is(err, domain.ErrNotFound) {
			rt.Fatalf("take what is not held: %v", err)
		}
		return
	}
	if w.judge(rt, "take", may, err); err == nil {
		delete(w.given[from.ID], id)
	}
}

// edit replaces a role's patterns, includes and level. The first role stays as it is, so that somebody always has some rights.
func (w *world) edit(t *testing.T, rt *rapid.T, by by, id domain.RoleID) {
	t.Helper()
	if id == w.roles[0] {
		return
	}
	patterns := rapid.SliceOfNDistinct(rapid.SampledFrom(drawn), 0, 3, rapid.ID).Draw(rt, "patterns")
	includes := rapid.SliceOfNDistinct(rapid.SampledFrom(w.roles[1:]), 0, 2, rapid.ID).Draw(rt, "includes")
	was := *w.content[id]
	level := rapid.SampledFrom([]domain.Level{0, 0, was.level, domain.AAL2, domain.PHR}).Draw(rt, "min level")
	var touched []domain.Pattern
	if level != was.level {
		touched = w.closure(id)
	}
	for _, p := range drawn {
		if slices.Contains(patterns, p) != slices.Contains(was.patterns, p) {
			touched = append(touched, p)
		}
	}
	for _, r := range w.roles {
		if slices.Contains(was.includes, r) && !slices.Contains(includes, r) {
			touched = append(touched, w.closure(r)...)
		}
	}
	w.content[id] = &content{patterns, includes, level}
	for _, r := range w.roles {
		if !slices.Contains(was.includes, r) && slices.Contains(includes, r) {
			touched = append(touched, w.closure(r)...)
		}
	}
	after := w.content[id]
	w.content[id] = &was
	_, right := w.holds(by, "signet.role:write")
	may := right
	for _, p := range touched {
		until, held := w.holds(by, p)
		may = may && held && until.IsZero()
	}
	names := func(all []domain.RoleID) (texts []string) {
		for _, r := range all {
			texts = append(texts, string(r))
		}
		return texts
	}
	var members []string
	for _, p := range patterns {
		members = append(members, string(p))
	}
	included := names(includes)
	_, err := w.App.Roles.Update(t.Context(), role.UpdateInput{
		Actor: w.actor(by), From: rig.From, Role: string(id), Change: domain.RoleChange{Permissions: &members, Includes: &included, MinLevel: &level},
	})
	if may && domain.TextOf(err) != "" && !errors.Is(err, domain.ErrForbidden) && !errors.Is(err, domain.ErrNotFound) {
		return // a cycle
	}
	if w.judge(rt, "edit", may, err); err == nil {
		w.content[id] = after
	}
}

// judge compares what was allowed with what the model allows. Without any right at the service it does not exist.
func (w *world) judge(rt *rapid.T, what string, may bool, err error) {
	switch {
	case may && err != nil:
		rt.Fatalf("%s is refused: %v", what, err)
	case !may && !errors.Is(err, domain.ErrForbidden) && !errors.Is(err, domain.ErrNotFound) && !errors.Is(err, domain.ErrReauthRequired):
		rt.Fatalf("%s is not refused: %v", what, err)
	}
}
