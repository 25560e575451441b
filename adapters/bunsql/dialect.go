package bunsql

import (
	"context"
	"database/sql"
	"time"

	"github.com/uptrace/bun/schema"
)

// Dialect is what differs between the databases. The sub-packages make one each.
type Dialect struct {
	Bun schema.Dialect

	// System is what OpenTelemetry calls the database.
	System string

	// Classify says what an error of the driver means. It is given errors that are not about contexts or missing rows.
	Classify func(error) Failure

	// Statement is how long one statement may take on a request, the wait for a connection included; Feed the same for a
	// look at the change feed.
	Statement, Feed time.Duration

	// Begin are the statements that open a transaction which reads what others have committed. What they set is the transaction's
	// alone: a pooler gives its connection to others afterwards.
	Begin []string

	// Join, if not nil, makes a context whose statement goes to the server in one message with those ahead of it. They run one
	// after the other as if sent alone, each with a view of its own of what is committed, up to the first that fails; when that
	// is one of those ahead, the error is an *AheadError. nil: there is no network to save a trip on.
	Join func(ctx context.Context, ahead []string) context.Context

	// RowLock ends a SELECT that holds what it reads until the transaction is over; RowShare one that lets others hold it so too;
	// SkipLocked one that passes by what others hold; AdvisoryLock is a statement that holds a number (its one placeholder). All are
	// empty where there is one writer.
	RowLock, RowShare, SkipLocked schema.Safe
	AdvisoryLock                  string

	// Prefix is the condition that a column, or an expression with an index of its own, begins with a text in lower case, as the
	// database folds it.
	Prefix func(column schema.Safe, text string) schema.QueryAppender

	// Answer runs a complete statement and returns the one value of the one row it yields, or sql.ErrNoRows. It is the way of
	// statements that run so often that what Bun and database/sql do around rows shows, and of which a second run does no harm:
	// when the connection breaks it is sent again, even if the first was done.
	Answer func(ctx context.Context, pool *sql.DB, statement string) (string, error)

	// ReadOnly, if not empty, is a query that yields whether the server refuses writes. Renew, then, gives up the connections made
	// until now: new ones may find the server that takes them.
	ReadOnly string
	Renew    func()

	// Inspect looks at the database for operators; see [Inspection].
	Inspect func(ctx context.Context, pool *sql.DB, now func() time.Time) (Inspection, error)

	// Scrub, if not empty, makes the database give up copies of what was deleted that it keeps for itself.
	Scrub string
}

// AheadError is the server's refusal of a statement that went ahead of the one whose caller gets it: that one did not run.
type AheadError struct{ Err error }

func (e *AheadError) Error() string { return "an earlier statement: " + e.Err.Error() }
func (e *AheadError) Unwrap() error { return e.Err }

// Class is what a failure of the database means to callers.
type Class uint8

// The classes. The zero value is a defect of ours.
const (
	Defect      Class = iota
	Duplicate         // a unique constraint other than the primary key
	SameID            // the primary key
	Orphan            // a foreign key
	BadValue          // a value that the database refuses to hold
	Again             // another transaction was in the way: the same transaction may well succeed now
	Unreachable       // no connection, no time, no room, shutting down
	ReadOnly          // the server takes no writes: a standby, in the middle of a failover
	Refused           // the server knows no such role, password or database: asking again is of no use
)

// Failure is an error of the database without the values that were part of the statement: those may be addresses and hashes,
// and the cause ends in logs.
type Failure struct {
	Class Class
	Cause error
	// Connecting tells that there was no connection yet: whatever was about to be done has no part in it.
	Connecting bool
}
