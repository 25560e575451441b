package sqlite_test

import (
	"database/sql"
	"path/filepath"
	"testing"

	"github.com/signet-auth/signet/adapters/bunsql"
	"github.com/signet-auth/signet/adapters/bunsql/sqlite"
	"github.com/signet-auth/signet/migrations"
	"github.com/signet-auth/signet/ports/porttest"
	"github.com/signet-auth/signet/ports/store"
	"github.com/signet-auth/signet/test/testkit/backend"
)

func TestStore(t *testing.T) {
	porttest.Store(t, func(t *testing.T) store.Store { return open(t, file(t)) })
}

// While a release rolls out, this one serves on the next one's schema: columns that it does not know of must not disturb it.
func TestTheStoreServesBesideColumnsOfALaterRelease(t *testing.T) {
	porttest.Store(t, func(t *testing.T) store.Store {
		path := filepath.Join(t.TempDir(), "signet.db")
		db := open(t, path)
		raw, err := sql.Open("sqlite", path)
		if err != nil {
			t.Fatal(err)
		}
		backend.Widen(t, raw, "SELECT name FROM sqlite_master WHERE type = 'table' AND name <> 'sqlite_sequence'")
		if err := raw.Close(); err != nil {
			t.Fatal(err)
		}
		return db
	})
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
