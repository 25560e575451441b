package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"time"

	"github.com/pressly/goose/v3"

	"github.com/signet-auth/signet/adapters/bunsql"
)

// Foreign keys are off while the schema changes, because SQLite changes a table by making a new one. Broken references are checked
// afterwards.
const migrator = shared + "&_pragma=foreign_keys(0)&_txlock=immediate"

// migrationPoll is how often a waiting process tries to get the lock.
const migrationPoll = 50 * time.Millisecond

// OpenMigrator prepares a migrator for the database file, which it creates like Open if it is missing.
func OpenMigrator(path string, files fs.FS) (*bunsql.Migrator, error) {
	if err := create(path); err != nil {
		return nil, err
	}
	db, err := pool(path, migrator, 2)
	if err != nil {
		return nil, err
	}
	return bunsql.NewMigrator(db, bunsql.Engine{
		Name: "sqlite", Goose: goose.DialectSQLite3, Dialect: dialect(),
		HasTable: "SELECT count(*) > 0 FROM sqlite_master WHERE type = 'table' AND name = $1",
		Broken:   "PRAGMA foreign_key_check",
		Lock: func(ctx context.Context, _ *sql.DB, waiting func(func() string)) (func(), error) {
			return lock(ctx, path+".migrate", waiting)
		},
	}, files)
}

// lock locks a file beside the database. The file is an empty database: an exclusive transaction on it is a lock of the operating system on
// every platform, and ends with the process.
func lock(ctx context.Context, path string, waiting func(holder func() string)) (release func(), err error) {
	if err := create(path); err != nil {
		return nil, err
	}
	db, err := pool(path, "_pragma=busy_timeout(0)&_txlock=exclusive", 1)
	if err != nil {
		return nil, err
	}
	for {
		tx, err := db.BeginTx(context.WithoutCancel(ctx), nil)
		if err == nil {
			return func() { _ = errors.Join(tx.Rollback(), db.Close()) }, nil
		}
		if classify(err).Class != bunsql.Again {
			return nil, errors.Join(err, db.Close())
		}
		waiting(func() string { return "the process that has " + path + " open" })
		select {
		case <-ctx.Done():
			return nil, errors.Join(context.Cause(ctx), db.Close())
		case <-time.After(migrationPoll):
		}
	}
}
