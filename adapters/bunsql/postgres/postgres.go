// Package postgres opens the database on a Postgres server, through pgx in simple protocol: Bun writes the arguments into the statement, so
// nothing is prepared, and poolers in transaction mode work.
package postgres

import (
	"cmp"
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"
	"github.com/uptrace/bun/schema"

	"github.com/signet-auth/signet/adapters/bunsql"
)

const (
	statement = 800 * time.Millisecond
	// feed is short because replicas promise to notice a revocation within a second, and read the feed twice in that time.
	feed     = 400 * time.Millisecond
	maxConns = 16
	idle     = 5 * time.Minute
	lifetime = 30 * time.Minute
)

// impatient bounds the wait for a lock below the deadline of the statement that waits: a refusal by the server leaves the connection whole
// and is tried again. It is also what ends deadlocks, for which the server itself looks only after a second. It is set in each transaction
// and not in the session, because behind a pooler other clients share the session. (Nor in the address: poolers refuse parameters they
// don't know.)
func impatient(statement time.Duration) string {
	return fmt.Sprintf("SET LOCAL lock_timeout = '%dms'", (statement * 5 / 8).Milliseconds())
}

// Open prepares the pools. It connects to nothing yet: only an address that can't be read is an error.
func Open(url string, opts bunsql.Options) (*bunsql.DB, error) {
	config, err := parse(url)
	if err != nil {
		return nil, err
	}
	if opts.MaxConns <= 0 {
		opts.MaxConns = maxConns
	}
	own, times := dialect(cmp.Or(opts.Statement, statement)), new(generations)
	own.ReadOnly, own.Renew = "SELECT current_setting('transaction_read_only') = 'on'", times.renew
	requests := pool(connector{connect(config, check), times}, opts.MaxConns)
	return bunsql.New(own, bunsql.Pools{Write: requests, Read: requests, Feed: pool(connector{connect(config, check), times}, 1)}, opts), nil
}

func dialect(statement time.Duration) bunsql.Dialect {
	wait := impatient(statement)
	return bunsql.Dialect{
		Bun: pgdialect.New(), System: "postgresql", Classify: classify, Statement: statement, Feed: feed,
		Begin: []string{"BEGIN ISOLATION LEVEL READ COMMITTED", wait}, Join: join,
		Answer: func(ctx context.Context, pool *bun.DB, query string, args ...any) (string, error) {
			return answer(ctx, pool.DB, wait, pool.NewRaw(query, args...).String())
		},
		// NO KEY, so that inserts that only refer to the row don't have to wait.
		RowLock: "FOR NO KEY UPDATE", RowShare: "FOR SHARE", SkipLocked: "FOR NO KEY UPDATE SKIP LOCKED",
		AdvisoryLock: "SELECT pg_advisory_xact_lock(?)",
		Prefix:       prefix, Instant: instant, Inspect: inspect,
	}
}

func connect(config *pgx.ConnConfig, prepare ...func(context.Context, *pgx.Conn) error) driver.Connector {
	return &patient{Connector: stdlib.GetConnector(*config, stdlib.OptionAfterConnect(func(ctx context.Context, conn *pgx.Conn) error {
		for _, step := range prepare {
			if err := step(ctx, conn); err != nil {
				return err
			}
		}
		return nil
	}))}
}

func pool(from driver.Connector, conns int) *sql.DB {
	db := sql.OpenDB(from)
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	db.SetConnMaxIdleTime(idle)
	db.SetConnMaxLifetime(lifetime)
	return db
}

// check refuses servers whose settings give backslashes in quoted text a meaning that Bun does not expect: a backslash would end a literal
// early, which would allow SQL injection.
func check(_ context.Context, conn *pgx.Conn) error {
	for name, want := range map[string]string{"standard_conforming_strings": "on", "client_encoding": "UTF8"} {
		if got := conn.PgConn().ParameterStatus(name); got != want {
			return fmt.Errorf("the server's %s is %q, it must be %q", name, got, want)
		}
	}
	return nil
}

// prefix uses indexes with text_pattern_ops.
func prefix(column schema.Safe, text string) schema.QueryAppender {
	return bun.SafeQuery("? LIKE lower(?) ESCAPE '!'", column, strings.NewReplacer("!", "!!", "%", "!%", "_", "!_").Replace(text)+"%")
}

// instant does not depend on the settings DateStyle and TimeZone, as a cast would.
func instant(column schema.Safe) schema.Safe {
	return "to_char(" + column + " AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US+00:00')"
}
