package postgres_test

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"

	"github.com/signet-auth/signet/adapters/bunsql"
	"github.com/signet-auth/signet/adapters/bunsql/postgres"
	"github.com/signet-auth/signet/migrations"
	"github.com/signet-auth/signet/ports/porttest"
	"github.com/signet-auth/signet/ports/store"
	"github.com/signet-auth/signet/test/testkit/backend"
)

func TestMain(m *testing.M) { os.Exit(backend.Main(m)) }

// TestStore runs the suite beside columns of a later release: while that rolls out, this one serves on its schema, and must not be disturbed
// by what it does not know of. Every other test has the schema of this release.
func TestStore(t *testing.T) {
	later := current(t)
	db := conn(t, later)
	backend.Widen(t, db, `SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition
		AND relnamespace = 'public'::regnamespace`)
	if err := db.Close(); err != nil { // nobody may be connected to what is copied
		t.Fatal(err)
	}
	porttest.Store(t, func(t *testing.T) store.Store { return openPatient(t, backend.PostgresCopy(t, later)) })
}

// current is the address of a fresh database with the whole schema.
func current(t testing.TB) string {
	t.Helper()
	return backend.PostgresPrepared(t, migrate)
}

func migrate(url string) error {
	m, err := postgres.OpenMigrator(url, migrations.Files)
	if err != nil {
		return err
	}
	_, err = m.Up(context.Background(), 0)
	return errors.Join(err, m.Close())
}

// open is a store on a migrated database.
func open(t testing.TB, url string) *bunsql.DB {
	t.Helper()
	return openWith(t, url, bunsql.Options{})
}

// openPatient is open for the suite: on a busy machine its races of fifty would take up the deadline of a request.
func openPatient(t testing.TB, url string) *bunsql.DB {
	t.Helper()
	return openWith(t, url, bunsql.Options{MaxConns: 6, Statement: 10 * time.Second})
}

func openWith(t testing.TB, url string, options bunsql.Options) *bunsql.DB {
	t.Helper()
	db, err := postgres.Open(url, options)
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
