package domain_test

import (
	"testing"
	"time"

	"github.com/signet-auth/signet/domain"
)

func TestEvaluateGrants(t *testing.T) {
	soon, later := epoch.Add(time.Minute), epoch.Add(time.Hour)
	known := []string{"user:read", "invoice:write", "invoice:read", "signet.role:read", "invoice:read"}
	for _, c := range []struct {
		name string
		held []domain.HeldRole
		want domain.Grants
	}{
		{"nothing held is nothing granted (ASVS 8.2.1)", nil, domain.Grants{}},
		{"a role grants what its patterns match of what exists, sorted and once", []domain.HeldRole{
			{Name: "clerk", Patterns: []domain.Pattern{"invoice:*", "gone:read"}},
		}, domain.Grants{Roles: []string{"clerk"}, Patterns: []domain.Pattern{"gone:read", "invoice:*"}, Permissions: []string{"invoice:read", "invoice:write"}}},
		{"everything is not Signet's own", []domain.HeldRole{
			{Name: "all", Patterns: []domain.Pattern{"*:*"}},
		}, domain.Grants{Roles: []string{"all"}, Patterns: []domain.Pattern{"*:*"}, Permissions: []string{"invoice:read", "invoice:write", "user:read"}}},
		{"a service's administrator has both", []domain.HeldRole{
			{Name: "admin", Patterns: []domain.Pattern{"*:*", "signet.*:*"}},
		}, domain.Grants{
			Roles: []string{"admin"}, Patterns: []domain.Pattern{"*:*", "signet.*:*"},
			Permissions: []string{"invoice:read", "invoice:write", "signet.role:read", "user:read"},
		}},
		{"roles and patterns that come twice count once", []domain.HeldRole{
			{Name: "b", Patterns: []domain.Pattern{"user:read"}}, {Name: "a", Patterns: []domain.Pattern{"user:read"}}, {Name: "b", Patterns: []domain.Pattern{"user:read"}},
		}, domain.Grants{Roles: []string{"a", "b"}, Patterns: []domain.Pattern{"user:read"}, Permissions: []string{"user:read"}}},
		{"a role without patterns is held and grants nothing", []domain.HeldRole{
			{Name: "user"},
		}, domain.Grants{Roles: []string{"user"}}},
		{"an assignment that ends is valid until then", []domain.HeldRole{
			{Name: "temp", Patterns: []domain.Pattern{"user:read"}, ExpiresAt: later},
		}, domain.Grants{Roles: []string{"temp"}, Patterns: []domain.Pattern{"user:read"}, Permissions: []string{"user:read"}, ValidUntil: later}},
		{"the earliest end of several counts", []domain.HeldRole{
			{Name: "a", ExpiresAt: later}, {Name: "b", ExpiresAt: soon}, {Name: "c"}, {Name: "d", ExpiresAt: later},
		}, domain.Grants{Roles: []string{"a", "b", "c", "d"}, ValidUntil: soon}},
		{"an assignment grants until just before its end", []domain.HeldRole{
			{Name: "a", ExpiresAt: epoch.Add(tick)},
		}, domain.Grants{Roles: []string{"a"}, ValidUntil: epoch.Add(tick)}},
		{"an assignment grants nothing at its end (AZ-8)", []domain.HeldRole{
			{Name: "over", Patterns: []domain.Pattern{"*:*"}, ExpiresAt: epoch},
		}, domain.Grants{}},
		{"an ended assignment shortens nothing", []domain.HeldRole{
			{Name: "over", Patterns: []domain.Pattern{"*:*"}, ExpiresAt: epoch.Add(-time.Hour)}, {Name: "a", ExpiresAt: later},
		}, domain.Grants{Roles: []string{"a"}, ValidUntil: later}},
	} {
		t.Run(c.name, func(t *testing.T) { wantEqual(t, domain.EvaluateGrants(c.held, known, epoch), c.want) })
	}
	t.Run("leaves its arguments as they were", func(t *testing.T) {
		held := []domain.HeldRole{{Name: "b", Patterns: []domain.Pattern{"z:z", "a:a"}}, {Name: "a", Patterns: []domain.Pattern{"m:m"}}}
		in := []string{"z:z", "a:a"}
		domain.EvaluateGrants(held, in, epoch)
		wantEqual(t, held, []domain.HeldRole{{Name: "b", Patterns: []domain.Pattern{"z:z", "a:a"}}, {Name: "a", Patterns: []domain.Pattern{"m:m"}}})
		wantEqual(t, in, []string{"z:z", "a:a"})
	})
}

func TestGrantsCompare(t *testing.T) {
	grants := func(patterns ...domain.Pattern) domain.Grants { return domain.Grants{Patterns: patterns} }
	admin := grants("*:*", "signet.*:*")
	for _, c := range []struct {
		name        string
		have, other domain.Grants
		want        bool
	}{
		{"nothing covers nothing", grants(), grants(), true},
		{"nothing does not cover something", grants(), grants("user:read"), false},
		{"something covers nothing", grants("user:read"), grants(), true},
		{"an administrator covers all", admin, grants("invoice:*", "*:read", "signet.role:write", "signet.*:*"), true},
		{"*:* does not cover Signet's own", grants("*:*"), grants("user:read", "signet.role:read"), false},
		{"two halves do not make a whole: only a holder of invoice:* may grant it", grants("invoice:read", "invoice:write"), grants("invoice:*"), false},
		{"a holder of invoice:* may", grants("invoice:*"), grants("invoice:read", "invoice:*"), true},
		{"one more is one too many (target_outranks)", grants("user:*", "role:read"), grants("user:read", "role:write"), false},
	} {
		t.Run(c.name, func(t *testing.T) { wantEqual(t, c.have.CoversAll(c.other), c.want) })
	}
	t.Run("Covers asks for one pattern, Allows for one name", func(t *testing.T) {
		wantEqual(t, admin.Covers("signet.role:*"), true)
		wantEqual(t, grants("*:*").Covers("signet.role:*"), false)
		wantEqual(t, admin.Allows("signet.role:read"), true)
		wantEqual(t, grants("*:*").Allows("signet.role:read"), false)
		wantEqual(t, grants().Allows("user:read"), false)
	})
	t.Run("the list of permissions decides nothing: patterns do", func(t *testing.T) {
		wantEqual(t, domain.Grants{Permissions: []string{"user:read"}}.Allows("user:read"), false)
	})
}
