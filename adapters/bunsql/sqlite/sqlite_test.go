package sqlite_test

import (
	"path/filepath"
	"testing"

	"github.com/signet-auth/signet/adapters/bunsql"
	"github.com/signet-auth/signet/adapters/bunsql/sqlite"
	"github.com/signet-auth/signet/migrations"
	"github.com/signet-auth/signet/ports/porttest"
	"github.com/signet-auth/signet/ports/store"
)

func TestStore(t *testing.T) {
	porttest.Store(t, func(t *testing.T) store.Store { return open(t, file(t)) })
}

func file(t testing.TB) string { return filepath.Join(t.TempDir(), "data", "it's a 100% #1?.db") }

// open is a store on a migrated file.
func open(t testing.TB, path string) *bunsql.DB {
	t.Helper()
	m, err := sqlite.OpenMigrator(path, migrations.Files)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Up(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	db, err := sqlite.Open(path, bunsql.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}
