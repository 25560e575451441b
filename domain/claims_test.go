package domain_test

import (
	"strings"
	"testing"
	"time"

	"github.com/signet-auth/signet/domain"
)

// grantsOf are grants of exactly these roles and permissions.
func grantsOf(roles []string, permissions ...string) domain.Grants {
	var held []domain.HeldRole
	for _, role := range roles {
		held = append(held, domain.HeldRole{Name: role})
	}
	for _, name := range permissions {
		held[0].Patterns = append(held[0].Patterns, domain.Pattern(name))
	}
	return domain.EvaluateGrants(numbered(held), domain.NewVocabulary(permissions), domain.NoLevel, epoch)
}

func TestClaimsWithGrants(t *testing.T) {
	expires := epoch.Add(15 * time.Minute)
	base := domain.Claims{Subject: "u", Audience: "billing", ExpiresAt: expires, IssuedAt: epoch, TokenID: "jti", PV: 7}

	t.Run("carry roles and permissions and keep the rest", func(t *testing.T) {
		want := base
		want.Roles, want.Permissions = []string{"clerk"}, []string{"invoice:read"}
		wantEqual(t, base.WithGrants(grantsOf([]string{"clerk"}, []string{"invoice:read"}...)), want)
	})
	t.Run("of nothing carry nothing", func(t *testing.T) {
		wantEqual(t, base.WithGrants(domain.Grants{}), base)
	})
	t.Run("replace what was there", func(t *testing.T) {
		old := base
		old.Roles, old.Permissions, old.PermRef = []string{"admin"}, []string{"user:delete"}, true
		wantEqual(t, old.WithGrants(domain.Grants{}), base)
	})
	t.Run("leave permissions out above 2 KB, quotes and commas counted, and say so", func(t *testing.T) {
		exactly := []string{"a:" + strings.Repeat("r", 1019), "b:" + strings.Repeat("r", 1019)} // 2 × 1024
		c := base.WithGrants(grantsOf([]string{"clerk"}, exactly...))
		wantEqual(t, c.PermRef, false)
		wantEqual(t, c.Permissions, exactly)
		c = base.WithGrants(grantsOf([]string{"clerk"}, []string{exactly[0], exactly[1] + "r"}...))
		wantEqual(t, c.PermRef, true)
		wantEqual(t, c.Permissions, nil)
		wantEqual(t, c.Roles, []string{"clerk"})
	})
	t.Run("leave roles out by the same rule: a header is a header", func(t *testing.T) {
		roles := []string{strings.Repeat("r", 2045)}
		c := base.WithGrants(grantsOf(roles, []string{"invoice:read"}...))
		wantEqual(t, c.Roles, roles)
		wantEqual(t, c.PermRef, false)
		c = base.WithGrants(grantsOf([]string{roles[0] + "r"}, "invoice:read"))
		wantEqual(t, c.Roles, nil)
		wantEqual(t, c.Permissions, []string{"invoice:read"})
		wantEqual(t, c.PermRef, true)
	})
	for _, c := range []struct {
		name        string
		until, want time.Time
	}{
		{"live as long as they would when the grants have no end", time.Time{}, expires},
		{"live as long as they would when the grants live longer", expires.Add(time.Hour), expires},
		{"live as long as they would when the grants end then", expires, expires},
		{"end with the grants (behaviours.md: no token outlives an assignment)", expires.Add(-tick), expires.Add(-tick)},
		{"are over at once with grants that end now", epoch, epoch},
	} {
		t.Run(c.name, func(t *testing.T) {
			wantEqual(t, base.WithGrants(domain.Grants{ValidUntil: c.until}).ExpiresAt, c.want)
		})
	}
}
