package bunsql

import (
	"context"
	"database/sql"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/schema"
	"go.opentelemetry.io/otel/trace"

	"github.com/signet-auth/signet/ports/store"
)

// Options are the settings that callers choose.
type Options struct {
	// MaxConns bounds the connections that serve requests: 16 unless set. The change feed has one more.
	MaxConns int
	// Statement is how long one statement may take on a request over a network, the wait for a connection included: 800 ms unless set, which
	// leaves time to answer within a second when the server is down.
	Statement time.Duration
	// Now stamps the rows of the change feed, which are purged by age: time.Now unless set. Nothing else asks for the time.
	Now func() time.Time
	// Tracer makes a span of each statement within a trace; nil: none.
	Tracer trace.Tracer
	// Hook is told of each statement before and after it; nil: nobody is. What goes ahead of another statement in one message is not told.
	Hook bun.QueryHook
}

// Pools are the connections of a DB. They connect when first used, so a database that is down at start is no error.
type Pools struct {
	Write *sql.DB // transactions
	Read  *sql.DB // queries outside transactions; may be Write
	Feed  *sql.DB // only for the change feed: a pool full of slow queries must not delay a revocation
}

// DB is the system of record. It is safe for concurrent use.
type DB struct {
	dialect           Dialect
	write, read, feed *bun.DB
	now               func() time.Time
	onCommit          func(store.Commit)
	reader            *store.Reader
	ping              conn
	readOnly          atomic.Bool
}

var _ store.Store = (*DB)(nil)

// New combines pools and a dialect, for the sub-packages.
func New(dialect Dialect, pools Pools, opts Options) *DB {
	namesAsWritten()
	hooks := []bun.QueryHook{opts.Hook}
	if opts.Tracer != nil {
		hooks = append(hooks, &tracing{opts.Tracer, dialect.System})
	}
	// An unknown column belongs to another release; without this option Bun would refuse the whole row.
	open := func(pool *sql.DB) *bun.DB { return bun.NewDB(pool, dialect.Bun, bun.WithDiscardUnknownColumns()) }
	for _, hook := range hooks {
		if plain := open; hook != nil {
			open = func(pool *sql.DB) *bun.DB { return plain(pool).WithQueryHook(hook) }
			dialect = dialect.hooked(hook)
		}
	}
	db := &DB{
		dialect: dialect, now: opts.Now, onCommit: func(store.Commit) {},
		write: open(pools.Write), read: open(pools.Read), feed: open(pools.Feed),
	}
	if db.now == nil {
		db.now = time.Now
	}
	read := conn{owner: db, idb: db.read, deadline: dialect.Statement}
	feed := conn{owner: db, idb: db.feed, deadline: dialect.Feed}
	db.ping = read
	db.reader = &store.Reader{
		Principals: principals{read}, Users: users{read}, Identities: identities{read}, Registrations: registrations{read}, Services: services{read},
		Roles: roles{read}, Permissions: permissions{read}, Assignments: assignments{read}, Grants: grants{read}, AppTokens: appTokens{read},
		Devices: devices{read}, Factors: factors{read}, Trusted: trustedDevices{read}, Sessions: sessions{read}, Flows: flows{read}, Lockouts: lockouts{read}, Keys: keys{read}, Audit: audit{read},
		Erasure: erasure{read}, Outbox: outbox{read},
		Changes: changes{feed}, Facts: facts{read}, Meta: meta{read},
	}
	return db
}

// namesAsWritten keeps Bun from pluralizing each row's name with dozens of regular expressions: rows state the name of their table.
var namesAsWritten = sync.OnceFunc(func() { schema.SetTableNameInflector(func(name string) string { return name }) })

// OnCommit sets the function that is called after every commit, before WithinTx returns. Set it before first use.
func (db *DB) OnCommit(hear func(store.Commit)) { db.onCommit = hear }

// Read is for queries outside a transaction.
func (db *DB) Read() *store.Reader { return db.reader }

// Ping asks the database for a sign of life on a connection of the reading pool. It returns domain.ErrUnavailable when there is none. A
// database that only refuses writes is alive.
func (db *DB) Ping(ctx context.Context) error {
	return db.ping.do(ctx, func(ctx context.Context, idb bun.IDB) error {
		if db.dialect.ReadOnly == "" {
			_, err := idb.ExecContext(ctx, "SELECT 1")
			return err
		}
		var readOnly bool
		err := idb.QueryRowContext(ctx, db.dialect.ReadOnly).Scan(&readOnly)
		if err == nil {
			db.found(readOnly)
		}
		return err
	})
}

// ReadOnly tells whether the server refused the last write, or told Ping that it refuses writes.
func (db *DB) ReadOnly() bool { return db.readOnly.Load() }

func (db *DB) found(readOnly bool) {
	db.readOnly.Store(readOnly)
	if readOnly && db.dialect.Renew != nil {
		db.dialect.Renew()
	}
}

// Scrub removes remains of deleted data from the database, as far as Signet can do that: Postgres cleans up by itself, and operators decide
// how long it keeps its log.
func (db *DB) Scrub(ctx context.Context) error {
	if db.dialect.Scrub == "" {
		return nil
	}
	write := conn{owner: db, idb: db.write, deadline: db.dialect.Statement}
	return write.do(ctx, func(ctx context.Context, idb bun.IDB) error {
		_, err := idb.ExecContext(ctx, db.dialect.Scrub)
		return err
	})
}

// Close closes all connections; those in use are closed when they are returned.
func (db *DB) Close() error {
	return errors.Join(db.feed.Close(), db.read.Close(), db.write.Close())
}
