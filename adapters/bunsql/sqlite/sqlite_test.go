package sqlite_test

import (
	"database/sql"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"github.com/signet-auth/signet/adapters/bunsql"
	"github.com/signet-auth/signet/adapters/bunsql/sqlite"
	"github.com/signet-auth/signet/migrations"
	"github.com/signet-auth/signet/ports/porttest"
	"github.com/signet-auth/signet/ports/store"
	"github.com/signet-auth/signet/test/testkit/backend"
)

// TestStore runs the suite beside columns of a later release: while that rolls out, this one serves on its schema, and must not be disturbed
// by what it does not know of. Every other test has the schema of this release.
func TestStore(t *testing.T) {
	path := file(t)
	migrate(t, path)
	raw, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath())
	if err != nil {
		t.Fatal(err)
	}
	backend.Widen(t, raw, "SELECT name FROM sqlite_master WHERE type = 'table' AND name <> 'sqlite_sequence'")
	if err := raw.Close(); err != nil { // which moves the write-ahead log into the file
		t.Fatal(err)
	}
	porttest.Store(t, func(t *testing.T) store.Store {
		own := file(t)
		if err := os.Mkdir(filepath.Dir(own), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := sqlite.Copy(path, own); err != nil {
			t.Fatal(err)
		}
		return connect(t, own)
	})
}

func file(t testing.TB) string { return filepath.Join(t.TempDir(), "data", "it's a 100% #1?.db") }

// open is a store on a migrated file.
func open(t testing.TB, path string) *bunsql.DB {
	t.Helper()
	migrate(t, path)
	return connect(t, path)
}

func migrate(t testing.TB, path string) {
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
}

func connect(t testing.TB, path string) *bunsql.DB {
	t.Helper()
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
