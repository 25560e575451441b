package bunsql_test

import (
	"database/sql"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib"

	"github.com/signet-auth/signet/adapters/bunsql"
	"github.com/signet-auth/signet/adapters/bunsql/postgres"
	"github.com/signet-auth/signet/adapters/bunsql/sqlite"
	"github.com/signet-auth/signet/migrations"
	"github.com/signet-auth/signet/test/testkit/backend"
)

func TestMain(m *testing.M) { os.Exit(backend.Main(m)) }

// engine is one of the databases, as the tests that both must pass see it.
type engine struct {
	name     string
	empty    func(tb testing.TB) (address string)
	copied   func(tb testing.TB, prepare func(address string) error) (address string) // nil: migrating is as fast
	migrator func(address string, files fs.FS) (*bunsql.Migrator, error)
	open     func(address string, opts bunsql.Options) (*bunsql.DB, error)
	driver   string // of database/sql, to look at the tables themselves
}

var engines = []engine{
	{
		name: "sqlite", driver: "sqlite", migrator: sqlite.OpenMigrator, open: sqlite.Open,
		empty: func(tb testing.TB) string { return filepath.Join(tb.TempDir(), "signet.db") },
	},
	{name: "postgres", driver: "pgx", migrator: postgres.OpenMigrator, open: postgres.Open, empty: backend.Postgres, copied: backend.PostgresPrepared},
}

// each runs a test on every database.
func each(t *testing.T, run func(t *testing.T, e engine)) {
	t.Helper()
	for _, e := range engines {
		t.Run(e.name, func(t *testing.T) { run(t, e) })
	}
}

func (e engine) migratorOn(tb testing.TB, address string, files fs.FS) *bunsql.Migrator {
	tb.Helper()
	m, err := e.migrator(address, files)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { closes(tb, m.Close) })
	return m
}

// migrated is a store on a fresh database with the whole schema, and the database itself.
func (e engine) migrated(tb testing.TB) (*bunsql.DB, *sql.DB) {
	tb.Helper()
	address := e.current(tb)
	db, err := e.open(address, bunsql.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { closes(tb, db.Close) })
	return db, e.raw(tb, address)
}

// current is the address of a fresh database with the whole schema.
func (e engine) current(tb testing.TB) string {
	tb.Helper()
	migrate := func(address string) error {
		m, err := e.migrator(address, migrations.Files)
		if err != nil {
			return err
		}
		_, err = m.Up(tb.Context(), 0)
		return errors.Join(err, m.Close())
	}
	if e.copied != nil {
		return e.copied(tb, migrate)
	}
	address := e.empty(tb)
	if err := migrate(address); err != nil {
		tb.Fatal(err)
	}
	return address
}

func (e engine) raw(tb testing.TB, address string) *sql.DB {
	tb.Helper()
	db, err := sql.Open(e.driver, address)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { closes(tb, db.Close) })
	return db
}

func closes(tb testing.TB, end func() error) {
	tb.Helper()
	if err := end(); err != nil {
		tb.Errorf("close: %v", err)
	}
}

// texts are the rows of a query of one column.
func texts(tb testing.TB, db *sql.DB, query string, args ...any) []string {
	tb.Helper()
	rows, err := db.QueryContext(tb.Context(), query, args...) //nolint:sqlclosecheck // closes does
	if err != nil {
		tb.Fatalf("%s: %v", query, err)
	}
	defer func() { closes(tb, rows.Close) }()
	var all []string
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			tb.Fatal(err)
		}
		all = append(all, text)
	}
	if err := rows.Err(); err != nil {
		tb.Fatal(err)
	}
	return all
}
