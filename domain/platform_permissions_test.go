package domain_test

import (
	"fmt"
	"hash/crc32"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/signet-auth/signet/domain"
)

func TestPlatform(t *testing.T) {
	t.Run("has permissions that anybody could have named, each once", func(t *testing.T) {
		for _, name := range domain.PlatformPermissions() {
			if _, err := domain.NewPermission("p", domain.PlatformID, name, "", epoch); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		wantEqual(t, distinct(domain.PlatformPermissions()), len(domain.PlatformPermissions()))
	})
	t.Run("has roles of valid patterns, each of which grants something", func(t *testing.T) {
		for _, role := range domain.PlatformRoles() {
			wantEqual(t, role.ServiceID, domain.PlatformID)
			wantEqual(t, role.IsSystem, true)
			for _, p := range role.Patterns {
				if _, err := domain.ParsePattern(string(p)); err != nil {
					t.Errorf("%s: %v", role.Name, err)
				}
				if !slices.ContainsFunc(domain.PlatformPermissions(), p.Matches) {
					t.Errorf("%s of %s grants nothing", p, role.Name)
				}
			}
		}
	})
	t.Run("gives a new user the one default role, which may nothing (RG-9)", func(t *testing.T) {
		var defaults []domain.Role
		for _, role := range domain.PlatformRoles() {
			if role.IsDefault {
				defaults = append(defaults, role)
			}
		}
		wantEqual(t, len(defaults), 1)
		wantEqual(t, len(defaults[0].Patterns), 0)
		wantEqual(t, defaults[0].Name, "user")
	})
	t.Run("has an administrator who covers every other role, and nobody else who does", func(t *testing.T) {
		roles := domain.PlatformRoles()
		for _, a := range roles {
			coversAll := true
			for _, b := range roles {
				_, _, covers := coverOf(a.Patterns...).UntilAll(b.Patterns)
				coversAll = coversAll && covers
			}
			wantEqual(t, coversAll, a.Name == "admin")
		}
	})
	t.Run("lets readonly read and nothing more (AZ-10)", func(t *testing.T) {
		for _, role := range domain.PlatformRoles() {
			if role.Name != "readonly" {
				continue
			}
			for _, name := range domain.PlatformPermissions() {
				grants := domain.EvaluateGrants([]domain.HeldRole{{Patterns: role.Patterns}}, domain.NewVocabulary(domain.PlatformPermissions()), domain.NoLevel, epoch)
				wantEqual(t, grants.Allows(name), strings.HasSuffix(name, ":read"))
			}
		}
	})
	t.Run("has ids that are UUIDs, each once", func(t *testing.T) {
		ids := []string{string(domain.PlatformID), string(domain.FirstPartyClient)}
		for _, role := range domain.PlatformRoles() {
			ids = append(ids, string(role.ID))
		}
		for _, id := range ids {
			if got, ok := domain.ParseID[string](id); !ok || got != id {
				t.Errorf("%s is not a canonical UUID", id)
			}
		}
		wantEqual(t, distinct(ids), len(ids))
	})
	t.Run("reserves names that no service can make and *:* does not match", func(t *testing.T) {
		for _, name := range domain.ReservedPermissions() {
			wantEqual(t, domain.IsReserved(name), true)
			wantEqual(t, domain.Pattern("*:*").Matches(name), false)
			wantEqual(t, domain.Pattern("signet.*:*").Matches(name), true)
			_, err := domain.NewPermission("p", "s", name, "", epoch)
			wantField(t, err, "name", "reserved")
		}
	})
	t.Run("has a version of its own for every set of roles and permissions", func(t *testing.T) {
		content := fmt.Sprint(domain.PlatformPermissions(), domain.PlatformRoles())
		// A change that keeps the version would reach new databases alone.
		wantEqual(t, fmt.Sprintf("%d %08x", domain.PlatformSeed, crc32.ChecksumIEEE([]byte(content))), "1 6fb282ab")
	})
	t.Run("hands out its lists by copy", func(t *testing.T) {
		domain.PlatformPermissions()[0] = "*:*"
		domain.PlatformRoles()[1].Patterns[0] = "*:*"
		domain.ReservedPermissions()[0] = "*:*"
		wantEqual(t, domain.PlatformPermissions()[0], domain.UserRead)
		wantEqual(t, domain.PlatformRoles()[1].Patterns[0], domain.Pattern(domain.UserRead))
		wantEqual(t, domain.ReservedPermissions()[0], "signet.role:read")
	})
}

func distinct(all []string) int { return len(slices.Compact(slices.Sorted(slices.Values(all)))) }

func TestSigningKeyVerifies(t *testing.T) {
	end := epoch.Add(time.Hour)
	for _, c := range []struct {
		name string
		key  domain.SigningKey
		now  time.Time
		want bool
	}{
		{"the next one: it is published before it signs", domain.SigningKey{State: domain.KeyNext}, epoch, true},
		{"the active one", domain.SigningKey{State: domain.KeyActive}, epoch, true},
		{"a retired one until its last token has expired", domain.SigningKey{State: domain.KeyRetired, ExpiresAt: end}, end.Add(-tick), true},
		{"not after (JW-7)", domain.SigningKey{State: domain.KeyRetired, ExpiresAt: end}, end, false},
		{"not a revoked one, with tokens alive", domain.SigningKey{State: domain.KeyRevoked, ExpiresAt: end}, epoch, false},
		{"not a revoked one without end", domain.SigningKey{State: domain.KeyRevoked}, epoch, false},
	} {
		t.Run(c.name, func(t *testing.T) { wantEqual(t, c.key.Verifies(c.now), c.want) })
	}
}
