package domain_test

import (
	"slices"
	"testing"
	"time"

	"github.com/signet-auth/signet/domain"
)

func TestEvaluateGrants(t *testing.T) {
	soon, later := epoch.Add(time.Minute), epoch.Add(time.Hour)
	known := domain.NewVocabulary([]string{"user:read", "invoice:write", "invoice:read", "signet.role:read", "invoice:read"})
	for _, c := range []struct {
		name  string
		held  []domain.HeldRole
		roles []string
		want  []string
		until time.Time
	}{
		{"nothing held is nothing granted (ASVS 8.2.1)", nil, nil, nil, time.Time{}},
		{
			"a role grants what its patterns match of what exists, sorted and once",
			[]domain.HeldRole{{Name: "clerk", Patterns: []domain.Pattern{"invoice:*", "gone:read"}}},
			[]string{"clerk"},
			[]string{"invoice:read", "invoice:write"},
			time.Time{},
		},
		{
			"everything is not Signet's own",
			[]domain.HeldRole{{Name: "all", Patterns: []domain.Pattern{"*:*"}}},
			[]string{"all"},
			[]string{"invoice:read", "invoice:write", "user:read"},
			time.Time{},
		},
		{
			"a service's administrator has both",
			[]domain.HeldRole{{Name: "admin", Patterns: []domain.Pattern{"*:*", "signet.*:*"}}},
			[]string{"admin"},
			[]string{"invoice:read", "invoice:write", "signet.role:read", "user:read"},
			time.Time{},
		},
		{
			"roles that come twice count once",
			[]domain.HeldRole{
				{Name: "b", Patterns: []domain.Pattern{"user:read"}}, {Name: "a", Patterns: []domain.Pattern{"user:read"}}, {Name: "b"},
			},
			[]string{"a", "b"},
			[]string{"user:read"},
			time.Time{},
		},
		{"a role without patterns is held and grants nothing", []domain.HeldRole{{Name: "user"}}, []string{"user"}, nil, time.Time{}},
		{
			"an assignment that ends is valid until then",
			[]domain.HeldRole{{Name: "temp", Patterns: []domain.Pattern{"user:read"}, ExpiresAt: later}},
			[]string{"temp"},
			[]string{"user:read"},
			later,
		},
		{
			"the earliest end of several counts",
			[]domain.HeldRole{{Name: "a", ExpiresAt: later}, {Name: "b", ExpiresAt: soon}, {Name: "c"}, {Name: "d", ExpiresAt: later}},
			[]string{"a", "b", "c", "d"},
			nil,
			soon,
		},
		{
			"an assignment grants until just before its end",
			[]domain.HeldRole{{Name: "a", ExpiresAt: epoch.Add(tick)}},
			[]string{"a"},
			nil,
			epoch.Add(tick),
		},
		{
			"an assignment grants nothing at its end, and shortens nothing (AZ-8)",
			[]domain.HeldRole{{Name: "over", Patterns: []domain.Pattern{"*:*"}, ExpiresAt: epoch}, {Name: "a", ExpiresAt: later}},
			[]string{"a"},
			nil,
			later,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := domain.EvaluateGrants(numbered(c.held), known, domain.NoLevel, epoch)
			wantEqual(t, g.Roles, c.roles)
			wantEqual(t, g.Permissions(), c.want)
			wantEqual(t, g.ValidUntil, c.until)
		})
	}
}

func TestGrants(t *testing.T) {
	known := domain.NewVocabulary([]string{"invoice:read", "invoice:write", "invoice:line:read"})
	held := []domain.HeldRole{
		{Name: "reader", Patterns: []domain.Pattern{"*:read"}, ExpiresAt: epoch.Add(time.Minute)}, {Name: "writer", Patterns: []domain.Pattern{"invoice:*"}},
	}
	g := domain.EvaluateGrants(numbered(held), known, domain.NoLevel, epoch)

	t.Run("that will last leave out what ends by then", func(t *testing.T) {
		wantEqual(t, g.LastingUntil(epoch.Add(time.Minute-tick)).Roles, []string{"reader", "writer"})
		later := g.LastingUntil(epoch.Add(time.Minute))
		wantEqual(t, later.Roles, []string{"writer"})
		wantEqual(t, later.Permissions(), []string{"invoice:read", "invoice:write"})
		wantEqual(t, later.ValidUntil, time.Time{})
	})
	t.Run("of a narrow credential are those that its scopes match too, and no roles", func(t *testing.T) {
		narrow := g.Narrow([]domain.Pattern{"*:write", "other:read"})
		wantEqual(t, narrow.Permissions(), []string{"invoice:write"})
		wantEqual(t, narrow.Roles, nil)
		wantEqual(t, narrow.ValidUntil, g.ValidUntil)
		wantEqual(t, g.Narrow(nil).Permissions(), nil)
	})
	t.Run("allow no name that does not exist, whatever the pattern", func(t *testing.T) {
		wantEqual(t, g.Allows("invoice:delete"), false)
		wantEqual(t, g.Exists("invoice:delete"), false)
		wantEqual(t, g.Allows("invoice:line:read"), true)
	})
	t.Run("of nothing allow nothing", func(t *testing.T) {
		wantEqual(t, domain.Grants{}.Allows("invoice:read"), false)
		wantEqual(t, domain.Grants{}.Narrow([]domain.Pattern{"*:*"}).Permissions(), nil)
	})
}

// coverOf is the cover of one role without end.
func coverOf(patterns ...domain.Pattern) domain.Cover {
	return domain.NewCover([]domain.HeldRole{{Patterns: patterns}}, epoch)
}

func TestCover(t *testing.T) {
	admin := []domain.Pattern{"*:*", "signet.*:*"}
	for _, c := range []struct {
		name       string
		have, want []domain.Pattern
		ok         bool
	}{
		{"nothing covers nothing", nil, nil, true},
		{"nothing does not cover something", nil, []domain.Pattern{"user:read"}, false},
		{"something covers nothing", []domain.Pattern{"user:read"}, nil, true},
		{"an administrator covers all", admin, []domain.Pattern{"invoice:*", "*:read", "signet.role:write", "signet.*:*"}, true},
		{"*:* does not cover Signet's own", []domain.Pattern{"*:*"}, []domain.Pattern{"user:read", "signet.role:read"}, false},
		{"two halves do not make a whole: only a holder of invoice:* may grant it", []domain.Pattern{"invoice:read", "invoice:write"}, []domain.Pattern{"invoice:*"}, false},
		{"a holder of invoice:* may", []domain.Pattern{"invoice:*"}, []domain.Pattern{"invoice:read", "invoice:*"}, true},
		{"one more is one too many (target_outranks)", []domain.Pattern{"user:*", "role:read"}, []domain.Pattern{"user:read", "role:write"}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, _, ok := coverOf(c.have...).UntilAll(c.want)
			wantEqual(t, ok, c.ok)
		})
	}

	t.Run("ends with what it rests on, the latest of several ways", func(t *testing.T) {
		soon, later := epoch.Add(time.Minute), epoch.Add(time.Hour)
		c := domain.NewCover([]domain.HeldRole{
			{Patterns: []domain.Pattern{"a:read", "b:*"}, ExpiresAt: soon},
			{Patterns: []domain.Pattern{"a:*"}, ExpiresAt: later},
			{Patterns: []domain.Pattern{"b:read"}},
			{Patterns: []domain.Pattern{"c:read"}, ExpiresAt: epoch},
		}, epoch)
		for p, want := range map[domain.Pattern]time.Time{"a:read": later, "b:write": soon, "b:read": {}} {
			until, ok := c.Until(p)
			wantEqual(t, ok, true)
			wantEqual(t, until, want)
		}
		until, _, ok := c.UntilAll([]domain.Pattern{"a:read", "b:write", "b:read"})
		wantEqual(t, ok, true)
		wantEqual(t, until, soon)
		_, missing, _ := c.UntilAll([]domain.Pattern{"a:read", "c:read"})
		wantEqual(t, missing, "c:read")
	})
	t.Run("of a narrow credential lies within its scopes, what comes from the platform too", func(t *testing.T) {
		c := coverOf("a:*").Narrow([]domain.Pattern{"a:read", "b:read"}).With(time.Time{}, "*:*")
		for p, want := range map[domain.Pattern]bool{"a:read": true, "b:read": true, "a:write": false, "a:*": false} {
			_, ok := c.Until(p)
			wantEqual(t, ok, want)
		}
	})
	t.Run("widened leaves the one it was made of as it was", func(t *testing.T) {
		c := coverOf("a:read")
		c.With(time.Time{}, "b:read")
		_, ok := c.Until("b:read")
		wantEqual(t, ok, false)
	})
	t.Run("of everything is everything", func(t *testing.T) {
		until, ok := domain.CoverEverything().With(epoch, "a:read").Until("signet.*:*")
		wantEqual(t, ok, true)
		wantEqual(t, until, time.Time{})
	})
}

func TestPatternsOfRoles(t *testing.T) {
	got := domain.Patterns([]domain.HeldRole{
		{Patterns: []domain.Pattern{"a:read", "b:read"}}, {Patterns: []domain.Pattern{"a:read"}}, {Patterns: []domain.Pattern{"c:read"}, ExpiresAt: epoch},
	}, epoch)
	slices.Sort(got)
	wantEqual(t, got, []domain.Pattern{"a:read", "b:read"})
}
