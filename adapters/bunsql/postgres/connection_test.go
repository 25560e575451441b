package postgres_test

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/signet-auth/signet/adapters/bunsql"
	"github.com/signet-auth/signet/adapters/bunsql/postgres"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
	"github.com/signet-auth/signet/test/testkit/backend"
)

func TestStatementsThatGoAheadOfAnother(t *testing.T) {
	pool, err := postgres.OpenPool(backend.Postgres(t))
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close() //nolint:errcheck // a test
	if _, err := pool.ExecContext(t.Context(), "CREATE TABLE things (id bigint PRIMARY KEY, name text)"); err != nil {
		t.Fatal(err)
	}
	ahead := func(statements ...string) context.Context { return postgres.Join(t.Context(), statements) }
	count := func(ctx context.Context) (n int) {
		t.Helper()
		if err := pool.QueryRowContext(ctx, "SELECT count(*) FROM things").Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}

	t.Run("run before it, and once", func(t *testing.T) {
		ctx := ahead("INSERT INTO things VALUES (1, 'a;b')", "SELECT * FROM things", "UPDATE things SET name = '?' WHERE id = 9")
		if n := count(ctx); n != 1 {
			t.Errorf("%d rows", n)
		}
		if n := count(ctx); n != 1 {
			t.Errorf("%d rows when the context is used again", n)
		}
	})

	t.Run("leave it the count of its own rows", func(t *testing.T) {
		result, err := pool.ExecContext(ahead("UPDATE things SET name = 'b'"), "UPDATE things SET name = 'c' WHERE id = 9")
		if err != nil {
			t.Fatal(err)
		}
		if n, err := result.RowsAffected(); err != nil || n != 0 {
			t.Errorf("%d, %v", n, err)
		}
	})

	t.Run("keep it from running when they are refused, and say that it was them", func(t *testing.T) {
		for _, refused := range []string{"INSERT INTO things VALUES (1, 'again')", "SELECT 1 / (id - 1) FROM things"} {
			for name, run := range map[string]func(context.Context, string) error{
				"exec": func(ctx context.Context, query string) error { _, err := pool.ExecContext(ctx, query); return err },
				"query": func(ctx context.Context, query string) error {
					var n int
					return pool.QueryRowContext(ctx, query).Scan(&n)
				},
			} {
				err := run(ahead("SELECT 1", refused, "SELECT 2"), "INSERT INTO things VALUES (2, '') RETURNING 1")
				if _, ok := errors.AsType[*bunsql.AheadError](err); !ok {
					t.Errorf("%s after %s: %v", name, refused, err)
				}
				err = run(ahead("SELECT 1"), refused)
				_, early := errors.AsType[*bunsql.AheadError](err)
				if _, ok := errors.AsType[*pgconn.PgError](err); !ok || early {
					t.Errorf("%s of %s: %v", name, refused, err)
				}
			}
		}
		if n := count(t.Context()); n != 1 {
			t.Errorf("%d rows", n)
		}
	})

	t.Run("of a transaction that failed its COMMIT is an error, and a ROLLBACK leaves the connection as new", func(t *testing.T) {
		conn, err := pool.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close() //nolint:errcheck // a test
		if _, err := conn.ExecContext(ahead("BEGIN", "INSERT INTO things VALUES (3, '')"), "SELECT 1 / 0"); err == nil {
			t.Error("divided by zero")
		}
		if _, err := conn.ExecContext(t.Context(), "COMMIT"); !errors.Is(err, pgx.ErrTxCommitRollback) {
			t.Errorf("COMMIT: %v", err)
		}
		if _, err := conn.ExecContext(ahead("BEGIN"), "INSERT INTO things VALUES (4, '')"); err != nil {
			t.Error(err)
		}
		for range 2 {
			if _, err := conn.ExecContext(t.Context(), "ROLLBACK"); err != nil {
				t.Error(err)
			}
		}
	})
}

// Bun and database/sql get the types that pgx gives them.
func TestValuesAreReadAsWhatTheyAre(t *testing.T) {
	pool, err := postgres.OpenPool(backend.Postgres(t))
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close() //nolint:errcheck // a test
	at := time.Date(2026, 11, 23, 12, 0, 0, 123456000, time.UTC)
	const query = `SELECT true, 1::int2, -2::int4, 3::int8, 1.5::float8, '2026-11-23 14:00:00.123456+02'::timestamptz, '\x00ff'::bytea,
		'', 'ä'::text, '018f0000-0000-7000-8000-000000000001'::uuid, '{"a": 1}'::jsonb, 12::numeric, NULL::text, NULL::bytea`
	rows, err := pool.QueryContext(postgres.Join(t.Context(), []string{"SELECT 1"}), query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close() //nolint:errcheck // a test
	got := make([]any, 14)
	into := make([]any, len(got))
	for i := range got {
		into[i] = &got[i]
	}
	if !rows.Next() {
		t.Fatal(rows.Err())
	}
	if err := rows.Scan(into...); err != nil {
		t.Fatal(err)
	}
	if when, ok := got[5].(time.Time); !ok || !when.Equal(at) {
		t.Errorf("the time is %v", got[5])
	}
	got[5] = at
	want := []any{
		true, int64(1), int64(-2), int64(3), 1.5, at,
		[]byte{0, 255},
		"", "ä", "018f0000-0000-7000-8000-000000000001", `{"a": 1}`, "12", nil, nil,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if rows.Next() || rows.Err() != nil {
		t.Errorf("another row, or %v", rows.Err())
	}
}

// Another transaction may interfere with a statement that was sent with COMMIT.
func TestAQueuedStatementThatMustWaitIsTriedAgain(t *testing.T) {
	url := current(t)
	db, raw := open(t, url), conn(t, url)
	if err := put(t.Context(), db, "k"); err != nil {
		t.Fatal(err)
	}
	tx, err := raw.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.ExecContext(t.Context(), "UPDATE meta SET value = 'held' WHERE key = 'k'"); err != nil {
		t.Fatal(err)
	}
	runs := 0
	err = db.WithinTx(t.Context(), func(ctx context.Context, tx2 *store.Tx) error {
		if runs++; runs == 2 {
			if err := tx.Rollback(); err != nil {
				t.Error(err)
			}
		}
		return tx2.Meta.Put(ctx, "k", "mine")
	})
	if err != nil || runs != 2 {
		t.Errorf("%v after %d runs, want success after 2", err, runs)
	}
}

// However a transaction ends, its connection stays usable: none is left in the middle of a transaction, and none had to be reopened.
func TestTransactionsThatFailLeaveTheirConnectionWhole(t *testing.T) {
	url := current(t)
	db, err := postgres.Open(url, bunsql.Options{MaxConns: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // a test
	raw := conn(t, url)
	backends := func() string {
		t.Helper()
		var all sql.NullString
		const query = `SELECT string_agg(pid || ' ' || state, ',' ORDER BY pid) FROM pg_stat_activity
			WHERE application_name = 'signet' AND datname = current_database()`
		if err := raw.QueryRowContext(t.Context(), query).Scan(&all); err != nil {
			t.Fatal(err)
		}
		return all.String
	}
	if err := db.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	first := backends()
	if !strings.HasSuffix(first, " idle") || strings.Contains(first, ",") {
		t.Fatalf("connections: %s", first)
	}
	nobody := id[domain.UserID]()
	for name, fn := range map[string]func(context.Context, *store.Tx) error{
		"refused by fn": func(ctx context.Context, tx *store.Tx) error {
			_, _ = tx.Meta.Get(ctx, "k")
			return domain.ErrForbidden
		},
		"refused by fn before anything was sent": func(ctx context.Context, tx *store.Tx) error {
			_ = tx.Meta.Put(ctx, "k", "v")
			return domain.ErrForbidden
		},
		"refused by the server with COMMIT": func(ctx context.Context, tx *store.Tx) error {
			return tx.Users.RecordLogin(ctx, nobody, time.Now())
		},
		"refused by the server in the middle": func(ctx context.Context, tx *store.Tx) error {
			_ = tx.Users.RecordLogin(ctx, nobody, time.Now())
			_, err := tx.Meta.Get(ctx, "k")
			return err
		},
		"refused before it was sent": func(ctx context.Context, tx *store.Tx) error { return tx.Meta.Put(ctx, "k\x00", "v") },
		"a caller that hangs up": func(ctx context.Context, tx *store.Tx) error {
			gone, hangUp := context.WithCancel(ctx)
			hangUp()
			_, err := tx.Meta.Get(gone, "k")
			return err
		},
	} {
		if err := db.WithinTx(t.Context(), fn); err == nil {
			t.Errorf("%s: no error", name)
		}
		if now := backends(); now != first {
			t.Errorf("%s: the connection was %s and is %s", name, first, now)
		}
	}
}
