package postgres

import (
	"io/fs"
	"time"

	"github.com/pressly/goose/v3"

	"github.com/signet-auth/signet/adapters/bunsql"
)

const (
	// migrationLock locks a number that nobody else locks, "signet" in ASCII, or says which process has it, as far as the role may see. Texts
	// that clients of the server choose are quoted.
	migrationLock = `SELECT CASE WHEN NOT pg_try_advisory_xact_lock(x'7369676e6574'::bigint) THEN coalesce((
		SELECT format('process %s of the database''s server (application_name %s, role %s, client %s, %s)', l.pid,
			to_json(coalesce(application_name, '')), to_json(coalesce(usename, '')), to_json(coalesce(host(client_addr), '')),
			coalesce(state, 'state not visible'))
		FROM pg_locks l LEFT JOIN pg_stat_activity a ON a.pid = l.pid
		WHERE locktype = 'advisory' AND granted AND objsubid = 1 AND classid = x'7369'::int AND objid::bigint = x'676e6574'::bigint
			AND database = (SELECT oid FROM pg_database WHERE datname = current_database())), 'a process that is done by now') ELSE '' END`
	// unbounded keeps the server from ending the transaction of the lock, which is idle while migrations run.
	unbounded = `SELECT set_config(name, '0', true) FROM pg_settings
		WHERE name IN ('idle_in_transaction_session_timeout', 'transaction_timeout')`
)

// OpenMigrator prepares a migrator. The role in the address needs the right to change the schema.
func OpenMigrator(url string, files fs.FS) (*bunsql.Migrator, error) {
	config, err := parse(url)
	if err != nil {
		return nil, err
	}
	config.RuntimeParams["timezone"] = "UTC" // goose keeps times without a zone
	own := dialect(5 * time.Second)          // no request waits for it
	own.Begin[1] = unbounded                 // it waits without a limit for others
	own.Join = nil                           // its connections are pgx's own: goose reads types that the others don't know
	db := pool(connect(config, check), 4)
	return bunsql.NewMigrator(db, bunsql.Engine{
		Name: "postgres", Goose: goose.DialectPostgres, Dialect: own, Months: bunsql.Months{Make: month, Drop: dropMonths}, Locks: db,
		Lock: migrationLock, HasTable: "SELECT to_regclass(?) IS NOT NULL", Broken: "SELECT FALSE",
	}, files)
}
