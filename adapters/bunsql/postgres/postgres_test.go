package postgres_test

import (
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
	porttest.Store(t, func(t *testing.T) store.Store { return open(t, backend.Postgres(t)) })
}

// open is a store on a migrated database.
func open(t testing.TB, url string) *bunsql.DB {
	t.Helper()
	m, err := postgres.OpenMigrator(url, migrations.Files)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Up(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	db, err := postgres.Open(url, bunsql.Options{})
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
