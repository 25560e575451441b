package postgres_test

import (
	"context"
	"database/sql"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/signet-auth/signet/adapters/bunsql"
	"github.com/signet-auth/signet/adapters/bunsql/postgres"
	"github.com/signet-auth/signet/migrations"
	"github.com/signet-auth/signet/test/testkit/backend"
	"github.com/signet-auth/signet/test/testkit/race"
)

const locksLeft = `SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'
	AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`

// PgBouncer in transaction mode, as cloud providers configure it: a session lock would stay on a connection that others use. In session
// mode it has a connection for each of ours.
func TestReplicasMigrateThroughAPooler(t *testing.T) {
	for mode, conns := range map[string]int{"transaction": 10, "session": 40} {
		t.Run("in "+mode+" mode", func(t *testing.T) { migrateThroughAPooler(t, mode, conns) })
	}
}

func migrateThroughAPooler(t *testing.T, mode string, conns int) {
	t.Helper()
	direct := backend.Postgres(t)
	pooled := backend.Pooler(t, direct, conns, "pool_mode = "+mode)
	for _, err := range race.Together(4, func(int) error { return migrate(pooled) }) {
		if err != nil {
			t.Error(err)
		}
	}
	db := openWith(t, pooled, bunsql.Options{Statement: 10 * time.Second}) // twenty handshakes at once, by way of a pooler
	for _, err := range race.Together(20, func(i int) error { return put(t.Context(), db, string(rune('a'+i))) }) {
		if err != nil {
			t.Error(err)
		}
	}
	if err := rotate(t.Context(), db); err != nil {
		t.Error(err)
	}
	if n := number(t, direct, locksLeft); n != 0 {
		t.Errorf("%d advisory locks are left", n)
	}
	config, err := pgx.ParseConfig(pooled)
	if err != nil {
		t.Fatal(err)
	}
	config.DefaultQueryExecMode = pgx.QueryExecModeSimpleProtocol
	for range 10 { // whichever connection it is
		other, err := pgx.ConnectConfig(t.Context(), config)
		if err != nil {
			t.Fatal(err)
		}
		var timeout string
		if err := other.QueryRow(t.Context(), "SHOW lock_timeout").Scan(&timeout); err != nil || timeout != "0" {
			t.Errorf("lock_timeout is %q, %v: others have it, too", timeout, err)
		}
		defer other.Close(context.Background()) //nolint:errcheck // a test
	}
}

func TestAPoolerWithOneConnectionIsToldBeforeAnythingIsChanged(t *testing.T) {
	direct := backend.Postgres(t)
	err := migrate(backend.Pooler(t, direct, 1))
	if err == nil || !strings.Contains(err.Error(), "MIGRATE_DATABASE_URI") {
		t.Errorf("migrating: %v", err)
	}
	if n := number(t, direct, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"); n != 0 {
		t.Errorf("there are %d tables", n)
	}
}

// forgotten is a session lock that nobody releases, like those of releases from before the support of poolers.
const forgotten = "SELECT pg_advisory_lock(x'7369676e6574'::bigint)"

func TestAForgottenLockIsNamedAndNeededByNobodyWithNothingToDo(t *testing.T) {
	url := backend.Postgres(t)
	holder, err := pgx.Connect(t.Context(), url+"&application_name=forgotten")
	if err != nil {
		t.Fatal(err)
	}
	defer holder.Close(context.Background()) //nolint:errcheck // a test
	if _, err := holder.Exec(t.Context(), forgotten); err != nil {
		t.Fatal(err)
	}
	m, err := postgres.OpenMigrator(url, migrations.Files)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close() //nolint:errcheck // a test
	began := time.Now()
	heard := make(chan string, 10)
	m.OnWait = func(_ context.Context, holder string) { heard <- holder }
	done := make(chan error, 1)
	go func() { _, err := m.Up(t.Context(), 0); done <- err }()
	for i := range 2 {
		by := <-heard
		if !strings.Contains(by, "process ") || !strings.Contains(by, `"forgotten"`) || !strings.Contains(by, `"signet"`) {
			t.Errorf("held by %q", by)
		}
		if took := time.Since(began); i == 0 && took > time.Second {
			t.Errorf("the first line came after %s", took)
		}
	}
	if _, err := holder.Exec(t.Context(), "SELECT pg_advisory_unlock_all()"); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if _, err := holder.Exec(t.Context(), forgotten); err != nil {
		t.Fatal(err)
	}
	if err := migrate(url); err != nil { // nothing is pending
		t.Error(err)
	}
}

func number(t *testing.T, url, query string) (n int) {
	t.Helper()
	db, err := sql.Open("pgx", url)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // a test
	if err := db.QueryRowContext(t.Context(), query).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}
