package rig

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/signet-auth/signet/adapters/bunsql"
	"github.com/signet-auth/signet/adapters/bunsql/sqlite"
	"github.com/signet-auth/signet/migrations"
)

// Database is the file of a migrated SQLite database.
type Database string

// template is a migrated database, made once: a copy is made in a fraction of the time that migrations take.
var template = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "signet-rig-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	path := filepath.Join(dir, "signet.db")
	m, err := sqlite.OpenMigrator(path, migrations.Files)
	if err != nil {
		return nil, err
	}
	if _, err := m.Up(context.Background(), 0); err != nil {
		return nil, err
	}
	if err := m.Close(); err != nil { // the last one out moves the write-ahead log into the file
		return nil, err
	}
	return os.ReadFile(path)
})

// NewDatabase is a database with the whole schema and nothing else in it, in a temp folder.
func NewDatabase(tb testing.TB) Database {
	tb.Helper()
	content, err := template()
	if err != nil {
		tb.Fatal(err)
	}
	return stored(tb, content)
}

// begun is what a core leaves in an empty database when it starts: its keys, above all. A copy is made in less time than keys are.
var begun struct {
	sync.Mutex
	content []byte
}

// newBegun is a database on which a core has started at a time that a new clock shows.
func newBegun(tb testing.TB) Database {
	tb.Helper()
	begun.Lock()
	defer begun.Unlock()
	if begun.content == nil {
		d := NewDatabase(tb)
		On(tb, d, NewClock())
		d.Exec(tb, "PRAGMA wal_checkpoint(TRUNCATE)")
		content, err := os.ReadFile(string(d))
		if err != nil {
			tb.Fatal(err)
		}
		begun.content = content
	}
	return stored(tb, begun.content)
}

func stored(tb testing.TB, content []byte) Database {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "signet.db")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		tb.Fatal(err)
	}
	return Database(path)
}

// Open is a store on the database. It is closed with the test.
func (d Database) Open(tb testing.TB, opts bunsql.Options) *bunsql.DB {
	tb.Helper()
	db, err := sqlite.Open(string(d), opts)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = db.Close() })
	return db
}

// Int is the one number that a query yields, to look at the tables themselves.
func (d Database) Int(tb testing.TB, query string, args ...any) int {
	tb.Helper()
	return scan[int](tb, d, query, args...)
}

// Bytes is the one value that a query yields.
func (d Database) Bytes(tb testing.TB, query string, args ...any) []byte {
	tb.Helper()
	return scan[[]byte](tb, d, query, args...)
}

// Text is the one value that a query yields.
func (d Database) Text(tb testing.TB, query string, args ...any) string {
	tb.Helper()
	return scan[string](tb, d, query, args...)
}

// Exec changes the tables behind everybody's back.
func (d Database) Exec(tb testing.TB, statement string, args ...any) {
	tb.Helper()
	db := d.raw(tb)
	defer func() { _ = db.Close() }()
	if _, err := db.ExecContext(tb.Context(), statement, args...); err != nil {
		tb.Fatalf("%s: %v", statement, err)
	}
}

func scan[T any](tb testing.TB, d Database, query string, args ...any) (value T) {
	tb.Helper()
	db := d.raw(tb)
	defer func() { _ = db.Close() }()
	if err := db.QueryRowContext(tb.Context(), query, args...).Scan(&value); err != nil {
		tb.Fatalf("%s: %v", query, err)
	}
	return value
}

func (d Database) raw(tb testing.TB) *sql.DB {
	tb.Helper()
	db, err := sql.Open("sqlite", "file:"+string(d)+"?_pragma=busy_timeout(5000)")
	if err != nil {
		tb.Fatal(err)
	}
	return db
}
