package bunsql_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/domain"
)

// What the last of the first migrations inserts is written twice, in SQL and in the domain: here they are held together.
func TestThePlatformThatTheMigrationsInsert(t *testing.T) {
	each(t, func(t *testing.T, e engine) {
		_, db := e.migrated(t)

		t.Run("roles and their patterns", func(t *testing.T) {
			var want []string
			for _, r := range domain.PlatformRoles() {
				patterns := make([]string, len(r.Patterns))
				for i, p := range r.Patterns {
					patterns[i] = string(p)
				}
				slices.Sort(patterns)
				want = append(want, strings.Join([]string{
					string(r.ID), string(r.ServiceID), r.Name, r.Description, flag(r.IsSystem), flag(r.IsDefault), strings.Join(patterns, " "),
				}, "|"))
			}
			got := texts(t, db, `SELECT r.id || '|' || r.service_id || '|' || r.name || '|' || r.description
				|| '|' || CASE WHEN r.is_system THEN 'yes' ELSE 'no' END || '|' || CASE WHEN r.is_default THEN 'yes' ELSE 'no' END || '|'
				FROM roles r ORDER BY r.id`)
			for i := range got {
				id, _, _ := strings.Cut(got[i], "|")
				patterns := texts(t, db, "SELECT pattern FROM role_permissions WHERE role_id = $1", id)
				slices.Sort(patterns)
				got[i] += strings.Join(patterns, " ")
			}
			equal(t, got, want)
		})

		t.Run("permissions", func(t *testing.T) {
			want := domain.PlatformPermissions()
			slices.Sort(want)
			got := texts(t, db, "SELECT name FROM permissions WHERE service_id = $1", string(domain.PlatformID))
			slices.Sort(got)
			equal(t, got, want)
		})

		t.Run("the service, its account and the client", func(t *testing.T) {
			equal(t, texts(t, db, "SELECT id || '|' || key || '|' || state || '|' || token_type FROM services"),
				[]string{strings.Join([]string{string(domain.PlatformID), domain.PlatformKey, string(domain.ServiceActive), string(domain.TypeAccessToken)}, "|")})
			equal(t, texts(t, db, "SELECT id || '|' || kind || '|' || state FROM principals"),
				[]string{strings.Join([]string{string(domain.PlatformID), string(domain.KindServiceAccount), string(domain.Active)}, "|")})
			equal(t, texts(t, db, "SELECT id || '|' || key FROM clients"),
				[]string{strings.Join([]string{string(domain.FirstPartyClient), domain.FirstPartyClientKey}, "|")})
		})

		t.Run("a second epoch is not put", func(t *testing.T) {
			equal(t, len(texts(t, db, "SELECT value FROM meta WHERE key = 'feed_epoch'")), 1)
		})
	})
}

func flag(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func equal(t *testing.T, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
