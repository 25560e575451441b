package sqlite

import (
	"errors"
	"io/fs"

	"github.com/pressly/goose/v3"

	"github.com/signet-auth/signet/adapters/bunsql"
)

// Foreign keys are off while the schema changes, because SQLite changes a table by making a new one. Broken references are checked
// afterwards.
const migrator = shared + "&_pragma=foreign_keys(0)&_txlock=immediate"

// OpenMigrator prepares a migrator for the database file, which it creates as Open does. Its lock is an empty database beside
// that file: a transaction on it is a lock of the operating system on every platform, and ends with the process.
func OpenMigrator(path string, files fs.FS) (*bunsql.Migrator, error) {
	db, err := pool(path, migrator, 2)
	if err != nil {
		return nil, err
	}
	locked := path + ".migrate"
	locks, err := pool(locked, "_pragma=busy_timeout(0)", 1)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return bunsql.NewMigrator(db, bunsql.Engine{
		Name: "sqlite", Goose: goose.DialectSQLite3, Dialect: dialect(), Locks: locks, Lock: "SELECT ''",
		Busy:     "the process that has " + locked + " open",
		HasTable: "SELECT count(*) > 0 FROM sqlite_master WHERE type = 'table' AND name = ?",
		Broken:   "SELECT count(*) > 0 FROM pragma_foreign_key_check",
	}, files)
}
