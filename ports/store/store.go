// Package store is the port to the system of record.
//
// Reads and writes are different types: Reader serves queries outside any transaction, Tx is handed to the function of
// WithinTx and is the only way to write. Both are structs of small interfaces, one per aggregate, so a use case shows in its
// code which tables it touches.
//
// Rules for every method, proved by porttest.Store for every adapter:
//   - Errors are *domain.Error. A missing row is domain.ErrNotFound, a violated unique constraint is the conflict named at the method, an
//     unreachable or slow database is domain.ErrUnavailable. The private cause has the details.
//   - Each statement has a deadline of its own, the wait for a connection included (800 ms on Postgres), besides the caller's.
//     Those that are sent together share one.
//   - Times are UTC, cut to microseconds. The store reads no clock.
//   - Methods are safe for concurrent use; a Tx is for one goroutine.
package store

import (
	"context"
	"errors"

	"github.com/signet-auth/signet/domain"
)

// Store is the system of record.
type Store interface {
	// Read is for queries outside a transaction. A query made through it with a context that WithinTx handed out is an
	// error at once: it would wait for a second connection, or miss the transaction's own writes.
	Read() *Reader
	// WithinTx runs fn in one transaction and commits when fn returns nil. fn may run up to four times (serialization failures, deadlocks and
	// busy databases are retried), so it holds only tx calls and pure code: no hashing, no mail, no network. The whole has 5 s. A commit error
	// is returned, a panic rolls back and continues, rollback survives a cancelled ctx, and a nested WithinTx is an error at once. Isolation
	// is READ COMMITTED: fn must first lock the rows on which it decides. A failed statement voids the transaction even if fn continues
	// (except "not found"), so fn must check under a lock and not rely on a conflict. If a method returns only an error and documents none,
	// its error may be returned by a later call or by WithinTx: such statements may be sent together with the next one that has a result.
	WithinTx(ctx context.Context, fn func(ctx context.Context, tx *Tx) error) error
	// Ping checks that the database responds, before expensive work that needs it. It returns domain.ErrUnavailable when there is no answer
	// within a statement's deadline.
	Ping(ctx context.Context) error
	// Rotate makes a family's next state true, as Sessions.Advance does, where its session is live under the policy and the family is not
	// static, and says whose family it was and what its session has proved. It is the only write outside WithinTx: most refreshes need only this conditional statement, which
	// is its own transaction. ok is false when nothing was written for any reason; read the family to find out why. Inside WithinTx it is an
	// error at once.
	Rotate(ctx context.Context, from, to domain.Family, policy domain.SessionPolicy) (session domain.ProvedSession, ok bool, err error)
	// Scrub removes remains of deleted data from the disk, as far as the adapter can do that.
	Scrub(ctx context.Context) error
	// OnCommit sets the function that is called after every commit, before WithinTx returns. Set it before first use.
	OnCommit(hear func(Commit))
}

// ErrUnknownOutcome is a cause behind domain.ErrUnavailable when the answer to a commit was lost: what was written may or may not be
// there. With any other error of WithinTx nothing was written.
var ErrUnknownOutcome = errors.New("the answer to COMMIT was lost: the transaction may or may not have happened")

// Commit is what a transaction left for others to follow.
type Commit struct {
	Changes  []domain.Change // without their numbers
	Messages bool            // the outbox has something new
}

// Reader is the read side.
type Reader struct {
	Principals    PrincipalReader
	Users         UserReader
	Identities    IdentityReader
	Registrations RegistrationReader
	Services      ServiceReader
	Roles         RoleReader
	Permissions   PermissionReader
	Assignments   AssignmentReader
	Grants        GrantReader
	AppTokens     AppTokenReader
	Devices       DeviceReader
	Factors       FactorReader
	Trusted       TrustedDeviceReader
	Sessions      SessionReader
	Flows         FlowReader
	Lockouts      LockoutReader
	Keys          KeyReader
	Audit         AuditReader
	Erasure       ErasureReader
	Outbox        OutboxReader
	Changes       ChangeReader
	Facts         FactReader
	Meta          MetaReader
}

// Tx is the write side. It reads too, under its own locks.
type Tx struct {
	Principals    Principals
	Users         Users
	Identities    Identities
	Registrations Registrations
	Services      Services
	Roles         Roles
	Permissions   Permissions
	Assignments   Assignments
	AppTokens     AppTokens
	Devices       Devices
	Factors       Factors
	Trusted       TrustedDevices
	Sessions      Sessions
	Flows         Flows
	Lockouts      Lockouts
	Keys          Keys
	Audit         Audit
	Outbox        Outbox
	Changes       Changes
	Meta          Meta
	ExpiredRows   ExpiredRows
	Erasure       Erasure
	Grants        GrantReader
	Payloads      Payloads
	Restoration   Restoration

	changes []domain.Change
}

// Changed tells every replica that cached data about the subject is out of date, and every service that follows the feed what that means to
// access tokens. It only collects changes: WithinTx writes the rows as its last statement, in commit order, one for each subject with the
// strongest fact.
func (tx *Tx) Changed(kind domain.ChangeKind, subject string, tokens domain.Fact) {
	for i, c := range tx.changes {
		if c.Kind == kind && c.Subject == subject {
			tx.changes[i].Tokens = c.Tokens.Stronger(tokens)
			return
		}
	}
	tx.changes = append(tx.changes, domain.Change{Kind: kind, Subject: subject, Tokens: tokens})
}

// Collected is what Changed has collected, for the adapter.
func (tx *Tx) Collected() []domain.Change { return tx.changes }
