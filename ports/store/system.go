package store

import (
	"context"
	"time"

	"github.com/signet-auth/signet/domain"
)

// KeyReader reads signing keys.
type KeyReader interface {
	// All lists every key that is not revoked, newest first; Private stays sealed.
	All(ctx context.Context) ([]domain.SigningKey, error)
}

// Keys writes signing keys.
type Keys interface {
	KeyReader
	// LockRing lets one replica at a time decide about keys.
	LockRing(ctx context.Context) error
	// Insert writes a key. A second active or next key of an algorithm is a conflict "key_exists".
	Insert(ctx context.Context, k domain.SigningKey) error
	// Update writes state, times and the private half.
	Update(ctx context.Context, k domain.SigningKey) error
	// Delete removes a key. One that is not there is no error.
	Delete(ctx context.Context, kid string) error
}

// AuditFilter selects events; zero members select everything.
type AuditFilter struct {
	Types     []domain.EventType
	Outcome   domain.Outcome
	ActorID   domain.PrincipalID
	SubjectID string
	ServiceID domain.ServiceID
	Since     time.Time // from this time on
	Until     time.Time // before this time
	Before    domain.Cursor
	Limit     int // at most 201, which is also the default: a page of 200 and one more that shows whether there are more
}

// AuditReader reads the audit log.
type AuditReader interface {
	// List is newest first, each event with its trace unless that was erased.
	List(ctx context.Context, f AuditFilter) ([]domain.Event, error)
	// About lists up to n events by or about a principal after a cursor, newest first; the zero cursor means from the newest one.
	About(ctx context.Context, principal domain.PrincipalID, before domain.Cursor, n int) ([]domain.Event, error)
}

// Audit appends to the audit log. Events can't be updated or deleted; only the traces beside them can.
type Audit interface {
	AuditReader
	// Add appends events when the transaction ends. Its own reads don't find them.
	Add(ctx context.Context, events ...domain.Event) error
}

// Feed is the result of reading the change feed.
type Feed struct {
	// Epoch changes when the numbers can't be compared with earlier ones any more (after a restore). Begun is when it did; zero for the first.
	Epoch string
	Begun time.Time
	// Max is the highest number so far, 0 for none; it falls only after a restore.
	Max     int64
	Changes []domain.Change // in commit order
}

// ChangeReader follows the feed on a connection of its own with a deadline of 400 ms: a pool full of slow queries must not
// delay a revocation.
type ChangeReader interface {
	// After returns the changes with a higher number than seq, at most limit.
	After(ctx context.Context, seq int64, limit int) (Feed, error)
}

// FactReader reads the part of the feed that concerns access tokens, for services that follow it. It uses the connections of ordinary
// queries.
type FactReader interface {
	// Between returns the changes with numbers above after, up to and including upTo, that may concern access tokens: at most limit, in
	// commit order.
	Between(ctx context.Context, after, upTo int64, limit int) ([]domain.Change, error)
	// Before is the number of the newest change that was written before a time, 0 if there is none.
	Before(ctx context.Context, at time.Time) (int64, error)
}

// Changes cleans the feed. Rows are written by Tx.Changed.
type Changes interface {
	// Purge removes up to n changes that are older than a time, and says how many. The newest change always stays: without it followers would
	// conclude that the database was restored.
	Purge(ctx context.Context, before time.Time, n int) (int, error)
}

// OutboxReader reads queued side effects.
type OutboxReader interface {
	// Backlog is what waits to be delivered, due or not, topics of later releases too. It reads domain.MaxBacklog rows at most.
	Backlog(ctx context.Context) (domain.Backlog, error)
}

// Outbox holds queued side effects. Any number of dispatchers may work on it.
type Outbox interface {
	Add(ctx context.Context, m domain.Message) error
	// Claim leases up to n messages of the topics that are due, oldest first, counts the attempt, and returns them. No two claims return the
	// same message before its lease has ended. Messages of other topics belong to another dispatcher or a later release: they stay as they
	// are.
	Claim(ctx context.Context, now time.Time, lease time.Duration, topics []domain.Topic, n int) ([]domain.Message, error)
	// Settle marks a message delivered and blanks its payload. false: the lease was lost, another dispatcher has it.
	Settle(ctx context.Context, m domain.Message, now time.Time) (bool, error)
	// Retry gives a message back, due at runAt. reason is for operators and free of personal data and secrets.
	Retry(ctx context.Context, m domain.Message, runAt time.Time, reason string) (bool, error)
	// Park gives a message up and blanks its payload.
	Park(ctx context.Context, m domain.Message, now time.Time, reason string) (bool, error)
}

// MetaReader reads single values about the deployment.
type MetaReader interface {
	// Get is domain.ErrNotFound for a key that was never put.
	Get(ctx context.Context, key string) (string, error)
}

// Meta writes them.
type Meta interface {
	MetaReader
	// PutOnce stores a value unless there is one, and returns the stored one.
	PutOnce(ctx context.Context, key, value string) (string, error)
	Put(ctx context.Context, key, value string) error
}
