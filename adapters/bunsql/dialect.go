package bunsql

import (
	"context"
	"database/sql"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/schema"
)

// Dialect is what differs between the databases. The sub-packages make one each.
type Dialect struct {
	Bun schema.Dialect

	// System is what OpenTelemetry calls the database.
	System string

	// Classify says what an error of the driver means. It never gets errors about contexts or missing rows.
	Classify func(error) Failure

	// Statement is how long one statement may take on a request, the wait for a connection included; Feed is the same for reading the change
	// feed.
	Statement, Feed time.Duration

	// Begin are the statements that open a transaction which reads what others have committed. Their settings end with the transaction,
	// because a pooler gives the connection to other clients afterwards.
	Begin []string

	// Join, if not nil, makes a context whose statement goes to the server in one message with those ahead of it. They run one after the other
	// as if sent separately, each with its own snapshot of committed data, up to the first that fails; when that is one of those ahead, the
	// error is an *AheadError. Join is nil where there is no network round trip to save.
	Join func(ctx context.Context, ahead []string) context.Context

	// RowLock ends a SELECT that locks the rows it reads until the transaction ends; RowShare does the same with a lock that others may share;
	// SkipLocked skips rows that others have locked; AdvisoryLock is a statement that locks a number (its one placeholder). All are empty
	// where there is only one writer.
	RowLock, RowShare, SkipLocked schema.Safe
	AdvisoryLock                  string

	// Prefix is the condition that a column, or an indexed expression, begins with a text in lower case, as the database folds case.
	Prefix func(column schema.Safe, text string) schema.QueryAppender

	// Instant is a column of a time as text in UTC, as time.Time prints it without the zone's name, down to microseconds.
	Instant func(column schema.Safe) schema.Safe
	// Answer runs a statement and returns the one value of the one row it yields, or sql.ErrNoRows. It is for statements that run so
	// often that the overhead of Bun and database/sql shows, and that may safely run twice: when the connection breaks, the statement is sent
	// again, even if the first one was executed. The query must be one of few, which may be prepared.
	Answer func(ctx context.Context, pool *bun.DB, query string, args ...any) (string, error)

	// ReadOnly, if not empty, is a query that yields whether the server refuses writes. Renew then drops all current connections, because new
	// ones may reach a server that accepts writes.
	ReadOnly string
	Renew    func()

	// Inspect examines the database for operators; see [Inspection].
	Inspect func(ctx context.Context, pool *sql.DB, now func() time.Time) (Inspection, error)

	// Scrub, if not empty, is a statement that removes the database's internal copies of deleted data.
	Scrub string
}

// AheadError is the error of a statement that was sent ahead of the caller's statement, which therefore did not run.
type AheadError struct{ Err error }

func (e *AheadError) Error() string { return "an earlier statement: " + e.Err.Error() }
func (e *AheadError) Unwrap() error { return e.Err }

// Class is what a failure of the database means to callers.
type Class uint8

// The classes. The zero value means a bug in Signet.
const (
	Defect      Class = iota
	Duplicate         // a unique constraint other than the primary key
	SameID            // the primary key
	Orphan            // a foreign key
	BadValue          // a value that the database refuses to hold
	Again             // another transaction interfered: the same transaction may succeed when it is tried again
	Unreachable       // no connection, no time, no room, shutting down
	ReadOnly          // the server takes no writes: a standby, in the middle of a failover
	Refused           // the server does not accept the role, password or database: a retry is useless
)

// Failure is an error of the database without the values that were part of the statement: those may be addresses and hashes,
// and the cause ends in logs.
type Failure struct {
	Class Class
	Cause error
	// Connecting tells that there was no connection yet, so the statement can't be the cause.
	Connecting bool
}
