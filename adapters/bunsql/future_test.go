package bunsql_test

import (
	"strings"
	"testing"

	"github.com/signet-auth/signet/migrations"
)

// A migration that removes something says which releases can't work with the schema any more; other releases serve beside their successor.
func TestASchemaOfTheFuture(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e engine) {
		address := e.current(t)
		raw := e.raw(t, address)
		exec := func(statement string) {
			t.Helper()
			if _, err := raw.ExecContext(t.Context(), statement); err != nil {
				t.Fatal(err)
			}
		}
		exec("INSERT INTO migrations (version_id, is_applied, tstamp) VALUES (30000101000000, true, CURRENT_TIMESTAMP)")
		m := e.migratorOn(t, address, migrations.Files)
		if _, err := m.Up(t.Context(), 0); err != nil {
			t.Errorf("during a rollout: %v", err)
		}
		exec("INSERT INTO meta (key, value) VALUES ('needs_migration', '30000101000000')")
		if _, err := m.Up(t.Context(), 0); err == nil || !strings.Contains(err.Error(), "of a newer release") || strings.Contains(err.Error(), "\n") {
			t.Errorf("after it: %v", err)
		}
		exec("UPDATE meta SET value = '20200101000000' WHERE key = 'needs_migration'")
		if _, err := m.Up(t.Context(), 0); err != nil {
			t.Errorf("with what it knows: %v", err)
		}
	})
}
