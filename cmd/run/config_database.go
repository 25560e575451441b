package run

import (
	"time"

	"github.com/signet-auth/signet/adapters/bunsql/postgres"
	"github.com/signet-auth/signet/domain"
)

// databaseSettings are where the record is.
type databaseSettings struct {
	Database   domain.Secret // holds a password
	MigrateURI domain.Secret
	DataDir    string
	Pool       int

	DatabaseTimeout duration
}

func (d *databaseSettings) group() group {
	return group{title: "Database", check: d.check, settings: []setting{
		{
			name: "DATABASE_URI", into: &d.Database, limit: form("an address such as postgresql://user:password@host:5432/name"), secret: true, empty: "SQLite in DATA_DIR",
			text: "Where the record is. Empty: SQLite in DATA_DIR. Else postgres:// or postgresql:// (Postgres 14 or newer)",
		},
		{
			name: "MIGRATE_DATABASE_URI", into: &d.MigrateURI, limit: form("as DATABASE_URI"), secret: true, empty: "DATABASE_URI",
			text: "The same database as the schema's owner, where the server's own role may not change it",
		},
		{
			name: "DATA_DIR", into: &d.DataDir, limit: form("a folder"), preset: "./data",
			text: "Folder of the embedded database and of the SECRET_KEY that development makes",
		},
		{
			name: "DATABASE_POOL", into: &d.Pool, preset: "16", limit: atLeast(2),
			text: "Connections for requests; the change feed has one more",
		},
		{
			name: "DATABASE_TIMEOUT", into: &d.DatabaseTimeout, preset: "800ms",
			text:  "How long one statement of a request may take on Postgres, the wait for a connection included; then the answer is 503",
			limit: times("from 100ms to 30s", func(t time.Duration) bool { return t >= 100*time.Millisecond && t <= 30*time.Second }),
		},
	}}
}

// embedded tells whether the record is the SQLite file in the data folder.
func (d *databaseSettings) embedded() bool { return d.Database.IsZero() }

func (d *databaseSettings) check(bad func(ok bool, format string, args ...any)) {
	bad(isDatabase(d.Database), "DATABASE_URI must begin with postgres:// or postgresql://; leave it empty for SQLite in DATA_DIR")
	bad(d.MigrateURI.IsZero() || !d.embedded(), "MIGRATE_DATABASE_URI needs DATABASE_URI: it names another role of the same database")
	bad(isDatabase(d.MigrateURI), "MIGRATE_DATABASE_URI must begin with postgres:// or postgresql://")
	for name, uri := range map[string]domain.Secret{"DATABASE_URI": d.Database, "MIGRATE_DATABASE_URI": d.MigrateURI} {
		if isDatabase(uri) && !uri.IsZero() {
			err := postgres.CheckAddress(uri.Reveal())
			bad(err == nil, "%s: %w", name, err)
		}
	}
}

func isDatabase(uri domain.Secret) bool {
	return uri.IsZero() || hasScheme(uri.Reveal(), "postgres", "postgresql")
}
