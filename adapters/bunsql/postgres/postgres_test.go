package postgres_test

import (
	"context"
	"errors"
	"os"
	"testing"

	"github.com/signet-auth/signet/adapters/bunsql"
	"github.com/signet-auth/signet/adapters/bunsql/postgres"
	"github.com/signet-auth/signet/migrations"
	"github.com/signet-auth/signet/ports/porttest"
	"github.com/signet-auth/signet/ports/store"
	"github.com/signet-auth/signet/test/testkit/backend"
)

func TestMain(m *testing.M) { os.Exit(backend.Main(m)) }

func TestStore(t *testing.T) {
	porttest.Store(t, func(t *testing.T) store.Store { return open(t, current(t)) })
}

// While a release rolls out, this one serves on the next one's schema: columns that it does not know of must not disturb it.
func TestTheStoreServesBesideColumnsOfALaterRelease(t *testing.T) {
	porttest.Store(t, func(t *testing.T) store.Store {
		url := current(t)
		backend.Widen(t, conn(t, url), `SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition
			AND relnamespace = 'public'::regnamespace`)
		return open(t, url)
	})
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

// open is a store on a migrated database. The suite's races of fifty would open as many connections as may be at once, and where each
// takes the server 20 ms, sixteen of them take up half the deadline of their first statements.
func open(t testing.TB, url string) *bunsql.DB {
	t.Helper()
	db, err := postgres.Open(url, bunsql.Options{MaxConns: 6})
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
