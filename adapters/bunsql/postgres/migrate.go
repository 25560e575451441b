package postgres

import (
	"cmp"
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/pressly/goose/v3"

	"github.com/signet-auth/signet/adapters/bunsql"
)

const (
	// migrationLock is a number that nobody else locks: "signet" in ASCII.
	migrationLock = 0x7369676e6574
	// migrationPoll is how often a waiting replica tries to get the lock.
	migrationPoll = 250 * time.Millisecond
	// lockAnswer is how long one try to get the lock may take, including the wait for a pooler's connection.
	lockAnswer = 5 * time.Second
)

// OpenMigrator prepares a migrator. The role in the address needs the right to change the schema. The lock belongs to a transaction that
// stays open while the migrator works on other connections: a pooler in transaction mode keeps a connection for an open transaction, and no
// session state is left on it afterwards.
func OpenMigrator(url string, files fs.FS) (*bunsql.Migrator, error) {
	config, err := parse(url)
	if err != nil {
		return nil, err
	}
	config.RuntimeParams["timezone"] = "UTC" // goose keeps times without a zone
	own := dialect(statement)
	own.Statement = 5 * time.Second // no request waits for it
	own.Join = nil                  // its connections are pgx's own: goose reads types that the others don't know
	own.Begin = own.Begin[:1]       // it waits without a limit for others
	return bunsql.NewMigrator(pool(connect(config, check), 4), bunsql.Engine{
		Name: "postgres", Goose: goose.DialectPostgres, HasTable: "SELECT to_regclass($1) IS NOT NULL", Lock: lock, Dialect: own,
		Month: month, DropMonths: dropMonths,
	}, files)
}

// unbounded keeps the server from ending the transaction of the lock, which is idle while migrations run.
const unbounded = `SELECT set_config(name, '0', true) FROM pg_settings WHERE name IN ('idle_in_transaction_session_timeout', 'transaction_timeout')`

// lock polls and does not wait in the database: a waiting statement would be a long transaction, and the CREATE INDEX CONCURRENTLY of the
// replica that holds the lock would wait for it in turn. The transaction that holds the lock blocks nobody: between its statements it has
// no snapshot.
func lock(ctx context.Context, db *sql.DB, waiting func(holder func() string)) (release func(), err error) {
	for {
		release, err := tryLock(ctx, db)
		if err != nil {
			return nil, err
		}
		if release != nil {
			if err := room(ctx, db); err != nil {
				release()
				return nil, err
			}
			return release, nil
		}
		waiting(func() string { return holder(ctx, db) })
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-time.After(migrationPoll):
		}
	}
}

// tryLock returns nil when another process has the lock. The transaction with the lock outlives the caller's context, so that an
// interrupted migration has stopped before the lock is released.
func tryLock(ctx context.Context, db *sql.DB) (release func(), err error) {
	life, end := context.WithCancel(context.WithoutCancel(ctx))
	limited, cancel := context.WithTimeout(ctx, lockAnswer)
	defer cancel()
	keep := context.AfterFunc(limited, end)
	var held bool
	tx, err := db.BeginTx(life, nil)
	if err == nil {
		_, err = tx.ExecContext(limited, unbounded)
	}
	if err == nil {
		err = tx.QueryRowContext(limited, "SELECT pg_try_advisory_xact_lock($1)", int64(migrationLock)).Scan(&held)
	}
	if err == nil && held && keep() {
		return func() {
			late := time.AfterFunc(lockAnswer, end) // closes the connection, and the lock goes with it
			_ = tx.Rollback()
			late.Stop()
			end()
		}, nil
	}
	if tx != nil {
		err = errors.Join(err, rolledBack(tx))
	}
	end()
	if err != nil && limited.Err() != nil && ctx.Err() == nil {
		err = fmt.Errorf("%w: no answer within %s", driver.ErrBadConn, lockAnswer)
	}
	return nil, err
}

func rolledBack(tx *sql.Tx) error {
	if err := tx.Rollback(); !errors.Is(err, sql.ErrTxDone) {
		return err
	}
	return nil
}

// room checks, before anything is changed, that a pooler has a second connection for the holder of the lock.
func room(ctx context.Context, db *sql.DB) error {
	limited, cancel := context.WithTimeout(ctx, lockAnswer)
	defer cancel()
	_, err := db.ExecContext(limited, "SELECT 1")
	if err != nil && limited.Err() != nil && ctx.Err() == nil {
		return errors.New("there is no second connection beside the one that holds the lock: give migrations more of the pooler's, " +
			"or the server's own address in MIGRATE_DATABASE_URI")
	}
	return err
}

// holder says which process has the lock, as far as the role may see.
func holder(ctx context.Context, db *sql.DB) string {
	ctx, cancel := context.WithTimeout(ctx, lockAnswer)
	defer cancel()
	var pid int
	var program, role, client, state string
	err := db.QueryRowContext(ctx, `SELECT l.pid, coalesce(a.application_name, ''), coalesce(a.usename::text, ''), coalesce(host(a.client_addr), ''),
			coalesce(a.state, '') FROM pg_locks l LEFT JOIN pg_stat_activity a ON a.pid = l.pid
		WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 AND l.classid = $1 AND l.objid = $2
		AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
		migrationLock>>32, migrationLock&0xffffffff).Scan(&pid, &program, &role, &client, &state)
	if errors.Is(err, sql.ErrNoRows) {
		return "a process that is done by now"
	}
	if err != nil {
		return "a process that can't be seen: " + clean(err).Error()
	}
	return fmt.Sprintf("process %d of the database's server (application_name %q, role %q, client %q, %s)", pid, program, role, client, cmp.Or(state, "state not visible"))
}
