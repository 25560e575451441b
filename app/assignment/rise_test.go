package assignment_test

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
}

const people, roles = 4, 4

var (
	permissions = []string{"a:read", "a:write", "b:read"}
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
func (w *world) closure(id domain.RoleID) (all []domain.Pattern) {
	seen := map[domain.RoleID]bool{}
	var walk func(domain.RoleID)
	walk = func(id domain.RoleID) {
		if seen[id] {
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

// holds is the end of a person's right to a pattern with a credential of those scopes.
func (w *world) holds(u domain.User, scopes []domain.Pattern, p domain.Pattern) (end time.Time, ok bool) {
	if scopes != nil && !slices.ContainsFunc(scopes, func(s domain.Pattern) bool { return s.Covers(p) }) {
		return end, false
	}
	for id, until := range w.given[u.ID] {
		if !until.IsZero() && !w.Clock.Now().Before(until) {
			continue
		}
		for _, held := range w.closure(id) {
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
func (w *world) covers(u domain.User, scopes, patterns []domain.Pattern) (end time.Time, ok bool) {
	for _, p := range append([]domain.Pattern{"signet.role:write"}, patterns...) {
		until, held := w.holds(u, scopes, p)
		if !held {
			return end, false
		}
		if end.IsZero() || !until.IsZero() && until.Before(end) {
			end = until
		}
	}
	return end, true
}

func (w *world) actor(u domain.User, scopes []domain.Pattern) domain.Actor {
	a := w.Actor(u)
	if scopes != nil {
		var texts []string
		for _, p := range scopes {
			texts = append(texts, "shop/"+string(p))
		}
		a.Scopes = domain.RestoreScopes(texts)
	}
	return a
}

// TestNobodyRises: random people give, lengthen, take away and edit, with ends, scopes and includes. Each is allowed exactly when the model
// says that the one who does it holds all of it, for as long as what is made of it lasts (security.md, AZ-3).
func TestNobodyRises(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(t)
		for range rapid.IntRange(5, 14).Draw(rt, "steps") {
			by := rapid.SampledFrom(w.people).Draw(rt, "by")
			var scopes []domain.Pattern
			if rapid.IntRange(0, 3).Draw(rt, "narrow") == 0 {
				scopes = rapid.SliceOfN(rapid.SampledFrom(drawn), 1, 4).Draw(rt, "scopes")
			}
			id := rapid.SampledFrom(w.roles).Draw(rt, "role")
			switch rapid.IntRange(0, 4).Draw(rt, "step") {
			case 0:
				w.take(t, rt, by, scopes, id)
			case 1:
				w.edit(t, rt, by, scopes, id)
			case 2:
				w.Clock.Move(time.Duration(rapid.IntRange(1, 40).Draw(rt, "minutes")) * time.Minute)
				w.Poll(t)
			default:
				w.give(t, rt, by, scopes, id)
			}
		}
	})
}

func (w *world) target(id domain.RoleID, by domain.Actor) assignment.Target {
	return assignment.Target{Actor: by, From: rig.From, Service: "shop", Role: string(id)}
}

func (w *world) give(t *testing.T, rt *rapid.T, by domain.User, scopes []domain.Pattern, id domain.RoleID) {
	t.Helper()
	to := rapid.SampledFrom(w.people).Draw(rt, "to")
	var end assignment.End
	if end.Given = rapid.Bool().Draw(rt, "end given"); end.Given && rapid.Bool().Draw(rt, "ends") {
		end.At = w.Clock.Now().Add(time.Duration(rapid.IntRange(1, 60).Draw(rt, "end")) * time.Minute)
	}
	until, may := w.covers(by, scopes, w.closure(id))
	if may && end.Given && !until.IsZero() && (end.At.IsZero() || end.At.After(until)) {
		may = false
	}
	out, err := w.App.Assignments.Assign(t.Context(), assignment.AssignInput{
		Target: w.target(id, w.actor(by, scopes)), Holder: assignment.Holder{Kind: domain.KindUser, Ref: string(to.ID)}, End: end,
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

func (w *world) take(t *testing.T, rt *rapid.T, by domain.User, scopes []domain.Pattern, id domain.RoleID) {
	t.Helper()
	from := rapid.SampledFrom(w.people).Draw(rt, "from")
	_, may := w.covers(by, scopes, w.closure(id))
	err := w.App.Assignments.Remove(t.Context(), assignment.RemoveInput{
		Target: w.target(id, w.actor(by, scopes)), Holder: assignment.Holder{Kind: domain.KindUser, Ref: string(from.ID)},
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

// edit replaces a role's patterns and includes. The first role stays as it is, so that somebody always has some rights.
func (w *world) edit(t *testing.T, rt *rapid.T, by domain.User, scopes []domain.Pattern, id domain.RoleID) {
	t.Helper()
	if id == w.roles[0] {
		return
	}
	patterns := rapid.SliceOfNDistinct(rapid.SampledFrom(drawn), 0, 3, rapid.ID).Draw(rt, "patterns")
	includes := rapid.SliceOfNDistinct(rapid.SampledFrom(w.roles[1:]), 0, 2, rapid.ID).Draw(rt, "includes")
	was := *w.content[id]
	var touched []domain.Pattern
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
	w.content[id] = &content{patterns, includes}
	for _, r := range w.roles {
		if !slices.Contains(was.includes, r) && slices.Contains(includes, r) {
			touched = append(touched, w.closure(r)...)
		}
	}
	after := w.content[id]
	w.content[id] = &was
	_, right := w.holds(by, scopes, "signet.role:write")
	may := right
	for _, p := range touched {
		until, held := w.holds(by, scopes, p)
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
		Actor: w.actor(by, scopes), From: rig.From, Role: string(id), Change: domain.RoleChange{Permissions: &members, Includes: &included},
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
	case !may && !errors.Is(err, domain.ErrForbidden) && !errors.Is(err, domain.ErrNotFound):
		rt.Fatalf("%s is not refused: %v", what, err)
	}
}
