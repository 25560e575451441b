package bunsql_test

import (
	"database/sql"
	"testing"

	"github.com/signet-auth/signet/adapters/bunsql"
	"github.com/signet-auth/signet/ports/porttest"
	"github.com/signet-auth/signet/ports/store"
)

// While a release rolls out, this one serves on the next one's schema: columns that it does not know of must not disturb it.
func TestTheStoreServesBesideColumnsOfALaterRelease(t *testing.T) {
	each(t, func(t *testing.T, e engine) {
		porttest.Store(t, func(t *testing.T) store.Store {
			address := e.current(t)
			widen(t, e, e.raw(t, address))
			db, err := e.open(address, bunsql.Options{})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { closes(t, db.Close) })
			return db
		})
	})
}

// widen adds a column to every table. Those of a partition come with its table's.
func widen(t *testing.T, e engine, db *sql.DB) {
	t.Helper()
	tables := texts(t, db, map[string]string{
		"sqlite": "SELECT name FROM sqlite_master WHERE type = 'table' AND name <> 'sqlite_sequence'",
		"postgres": `SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition
			AND relnamespace = 'public'::regnamespace`,
	}[e.name])
	if len(tables) < 20 {
		t.Fatalf("there are more tables than %v", tables)
	}
	for _, table := range tables {
		if _, err := db.ExecContext(t.Context(), "ALTER TABLE "+table+" ADD COLUMN later text NOT NULL DEFAULT 'x'"); err != nil {
			t.Fatalf("%s: %v", table, err)
		}
	}
}
