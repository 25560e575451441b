package bunsql_test

import (
	"database/sql"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/migrations"
)

func TestThePlatformIsThereAfterMigrating(t *testing.T) {
	each(t, func(t *testing.T, e engine) {
		_, db := e.migrated(t)

		t.Run("with its roles, their patterns and its permissions", func(t *testing.T) { hasPlatform(t, db) })

		t.Run("the service, its account and the client", func(t *testing.T) {
			equal(t, texts(t, db, "SELECT id || '|' || key || '|' || state || '|' || token_type FROM services"),
				[]string{strings.Join([]string{string(domain.PlatformID), domain.PlatformKey, string(domain.ServiceActive), string(domain.TypeAccessToken)}, "|")})
			equal(t, texts(t, db, "SELECT id || '|' || kind || '|' || state FROM principals"),
				[]string{strings.Join([]string{string(domain.PlatformID), string(domain.KindServiceAccount), string(domain.Active)}, "|")})
			equal(t, texts(t, db, "SELECT id || '|' || key FROM clients"),
				[]string{strings.Join([]string{string(domain.FirstPartyClient), domain.FirstPartyClientKey}, "|")})
		})

		t.Run("and nobody is told: nobody can have read it before", func(t *testing.T) {
			equal(t, len(texts(t, db, "SELECT subject FROM changes")), 0)
		})

		t.Run("a second epoch is not put", func(t *testing.T) {
			equal(t, len(texts(t, db, "SELECT value FROM meta WHERE key = 'feed_epoch'")), 1)
		})
	})
}

// A release with other roles finds those of the release before, with any changes that were made to them.
func TestThePlatformIsSeededAgainWhereItsVersionIsLower(t *testing.T) {
	each(t, func(t *testing.T, e engine) {
		address := e.current(t)
		fill(t, e, address) // a user who is an administrator
		m, db := e.migratorOn(t, address, migrations.Files), e.raw(t, address)
		execute := func(statement string, args ...any) {
			t.Helper()
			if _, err := db.ExecContext(t.Context(), statement, args...); err != nil {
				t.Fatalf("%s: %v", statement, err)
			}
		}
		version := func() []string {
			t.Helper()
			return texts(t, db, `SELECT s.pv || ' ' || m.value || ' ' || (SELECT count(*) FROM changes)
				FROM services s, meta m WHERE s.id = $1 AND m.key = 'platform_seed'`, string(domain.PlatformID))
		}
		const kept = "SELECT id || name FROM permissions WHERE name <> 'role:read' ORDER BY name"
		permissions := texts(t, db, kept)
		equal(t, version(), []string{"0 1 0"})
		up(t, m, 0)
		equal(t, version(), []string{"0 1 0"}) // the same version changes nothing

		admin, reader := string(domain.RolePlatformAdmin), string(domain.RolePlatformReader)
		const custom = anID
		execute(`INSERT INTO roles (id, service_id, name, created_at, updated_at)
			SELECT $1, service_id, 'custom', created_at, updated_at FROM roles WHERE id = $2`, custom, admin)
		execute("INSERT INTO role_includes (role_id, included_id) VALUES ($1, $2)", custom, admin)
		execute("INSERT INTO role_includes (role_id, included_id) VALUES ($1, $2)", reader, custom)
		execute("INSERT INTO role_permissions (role_id, pattern) VALUES ($1, 'user:delete')", reader)
		execute("DELETE FROM role_permissions WHERE role_id = $1", admin)
		execute("UPDATE roles SET name = 'old', description = 'old', is_system = FALSE WHERE id = $1", admin)
		execute("DELETE FROM permissions WHERE name = 'role:read'")
		for _, lower := range []string{"UPDATE meta SET value = '0' WHERE key = 'platform_seed'", "DELETE FROM meta WHERE key = 'platform_seed'"} {
			execute(lower)
			up(t, m, 0)
		}
		equal(t, version(), []string{"2 1 2"})
		equal(t, texts(t, db, "SELECT kind || ' ' || subject FROM changes GROUP BY kind, subject"), []string{"service " + string(domain.PlatformID)})
		equal(t, texts(t, db, kept), permissions)
		equal(t, texts(t, db, "SELECT included_id FROM role_includes"), []string{admin})
		equal(t, texts(t, db, "SELECT role_id FROM assignments"), []string{admin})
		execute("DELETE FROM role_includes")
		execute("DELETE FROM roles WHERE id = $1", custom)
		hasPlatform(t, db)
	})
}

func TestReplicasThatMigrateTogetherSeedOnce(t *testing.T) {
	each(t, func(t *testing.T, e engine) {
		address := e.current(t)
		db := e.raw(t, address)
		if _, err := db.ExecContext(t.Context(), "UPDATE meta SET value = '0' WHERE key = 'platform_seed'"); err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for range 4 {
			m := e.migratorOn(t, address, migrations.Files)
			wg.Go(func() {
				if _, err := m.Up(t.Context(), 0); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		equal(t, texts(t, db, "SELECT pv FROM services WHERE id = $1", string(domain.PlatformID)), []string{"1"})
	})
}

// hasPlatform demands the roles and permissions of the domain, and no others.
func hasPlatform(t *testing.T, db *sql.DB) {
	t.Helper()
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

	names := domain.PlatformPermissions()
	slices.Sort(names)
	stored := texts(t, db, "SELECT name FROM permissions WHERE service_id = $1", string(domain.PlatformID))
	slices.Sort(stored)
	equal(t, stored, names)
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
