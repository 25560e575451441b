package postgres

import (
	"context"
	"database/sql"
	"io/fs"
	"time"

	"github.com/pressly/goose/v3"

	"github.com/signet-auth/signet/adapters/bunsql"
)

const (
	// migrationLock is any number that nobody else locks: "signet" in ASCII.
	migrationLock = 0x7369676e6574
	// migrationPoll is how often a replica asks whether the one ahead of it is done.
	migrationPoll = 250 * time.Millisecond
)

// OpenMigrator prepares a migrator. The role in the address needs the right to change the schema, and the connection must be to
// the server itself or a pooler in session mode: the lock belongs to a session.
func OpenMigrator(url string, files fs.FS) (*bunsql.Migrator, error) {
	config, err := parse(url)
	if err != nil {
		return nil, err
	}
	config.RuntimeParams["timezone"] = "UTC" // goose keeps times without a zone
	own := dialect()
	own.Statement = 5 * time.Second // no request waits for it
	own.Join = nil                  // its connections are pgx's own: goose reads types that the others don't know
	return bunsql.NewMigrator(pool(connect(config, check), 4), bunsql.Engine{
		Name: "postgres", Goose: goose.DialectPostgres, HasTable: "SELECT to_regclass($1) IS NOT NULL", Lock: lock, Dialect: own,
		Month: month,
	}, files)
}

// lock asks again and again instead of waiting in the database: a waiting statement would be a long transaction, and the
// CREATE INDEX CONCURRENTLY of the replica ahead would wait for it in turn.
func lock(ctx context.Context, db *sql.DB) (release func(), err error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	for {
		var held bool
		if err := conn.QueryRowContext(ctx, "SELECT pg_try_advisory_lock($1)", int64(migrationLock)).Scan(&held); err != nil {
			_ = conn.Close()
			return nil, err
		}
		if held {
			return func() { unlock(context.WithoutCancel(ctx), conn) }, nil
		}
		select {
		case <-ctx.Done():
			_ = conn.Close()
			return nil, context.Cause(ctx)
		case <-time.After(migrationPoll):
		}
	}
}

// unlock gives the lock back. Where that fails the connection is lost, and the lock with it.
func unlock(ctx context.Context, conn *sql.Conn) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	_, _ = conn.ExecContext(ctx, "SELECT pg_advisory_unlock($1)", int64(migrationLock))
	_ = conn.Close()
}
