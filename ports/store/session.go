package store

import (
	"context"
	"time"

	"github.com/signet-auth/signet/domain"
)

// SessionReader reads sessions, each with what its family knows (last seen, static).
type SessionReader interface {
	// ByID finds a session, ended ones too.
	ByID(ctx context.Context, id domain.SessionID) (domain.Session, error)
	// LiveByUser lists the sessions that have neither ended nor lapsed, least recently refreshed first.
	LiveByUser(ctx context.Context, user domain.UserID, policy domain.SessionPolicy, now time.Time) ([]domain.Session, error)
	// LiveIDs lists the same sessions in the same order by their ids alone, for much less.
	LiveIDs(ctx context.Context, user domain.UserID, policy domain.SessionPolicy, now time.Time) ([]domain.SessionID, error)
	// ByUser lists up to n sessions, ended and lapsed ones too as long as they are kept, newest first.
	ByUser(ctx context.Context, user domain.UserID, n int) ([]domain.Session, error)
	// PageByUser lists at most limit live sessions after a place, newest first.
	PageByUser(ctx context.Context, user domain.UserID, policy domain.SessionPolicy, now time.Time, after domain.Cursor, limit int) ([]domain.Session, error)
	// CountLive counts all live sessions, and the users who have any. It reads a whole index, under the deadline of lists (5 s), so requests
	// must use a cache in front of it.
	CountLive(ctx context.Context, policy domain.SessionPolicy, now time.Time) (domain.SessionCount, error)
	// OpenByUser lists the sessions that have not ended, including lapsed ones.
	OpenByUser(ctx context.Context, user domain.UserID) ([]domain.SessionID, error)
	// Family finds a family and its session in one query, ended ones too. The values that a session derives from its families (last seen,
	// static) are those of this family, which decides whether a token may refresh.
	Family(ctx context.Context, id domain.FamilyID) (domain.Family, domain.Session, error)
}

// Sessions writes sessions and their families.
type Sessions interface {
	SessionReader
	// Insert writes a session with its first family.
	Insert(ctx context.Context, s domain.Session, f domain.Family) error
	// Advance writes a family's next state in one conditional update on (id, generation, hash, static), if neither the family nor its session
	// has ended. false: another request was faster, or the session has ended; nothing was written.
	Advance(ctx context.Context, from, to domain.Family) (bool, error)
	// Renew replaces the families of a session by a new one; the old ones end when it begins. false: the session has ended; nothing was
	// written. A concurrent Advance either came before, and its result ends, too, or finds its family ended.
	Renew(ctx context.Context, f domain.Family) (bool, error)
	// Prove writes what the owner of a session has proved: methods, level and time. domain.ErrNotFound when there is none.
	Prove(ctx context.Context, s domain.Session) error
	// End ends those of the sessions that have not ended, and returns which. Their families end with them.
	End(ctx context.Context, ids []domain.SessionID, reason domain.EndReason, now time.Time) ([]domain.SessionID, error)
	// EndBeyond is End for the live sessions of a user apart from the most recently refreshed ones, of which it keeps at most a number.
	EndBeyond(ctx context.Context, user domain.UserID, keep int, policy domain.SessionPolicy, reason domain.EndReason, now time.Time) ([]domain.SessionID, error)
}

// FlowReader reads one-time secrets.
type FlowReader interface {
	// BySecret finds a flow by the hash of its link's secret, consumed ones too.
	BySecret(ctx context.Context, hash []byte) (domain.Flow, error)
	// ByID is domain.ErrNotFound when there is none; consumed ones are found.
	ByID(ctx context.Context, id domain.FlowID) (domain.Flow, error)
	// LiveBySubject lists up to n flows about a subject that still work, newest first.
	LiveBySubject(ctx context.Context, subject string, now time.Time, n int) ([]domain.Flow, error)
}

// Flows writes one-time secrets.
type Flows interface {
	FlowReader
	Insert(ctx context.Context, f domain.Flow) error
	// InsertFirst is Insert for a flow with a derived id: of parallel ones the first is written, and the others fail with
	// domain.ErrFlowExists, which voids the transaction.
	InsertFirst(ctx context.Context, f domain.Flow) error
	// LockByAddress lists and locks the live flows of a purpose and canonical address: parallel guesses of a code are judged one after the
	// other.
	LockByAddress(ctx context.Context, purposes []domain.Purpose, address string, now time.Time) ([]domain.Flow, error)
	// Consume uses a flow up in one conditional update; of parallel uses one gets true.
	Consume(ctx context.Context, id domain.FlowID, now time.Time) (bool, error)
	// ReserveTry counts a try of a flow that still works, in one conditional update: of parallel ones at most max get true, and how many there
	// were before.
	ReserveTry(ctx context.Context, id domain.FlowID, limit int, now time.Time) (before int, ok bool, err error)
	// CountTry adds a wrong code to each.
	CountTry(ctx context.Context, ids []domain.FlowID) error
	// Supersede voids the live flows of a purpose about a subject.
	Supersede(ctx context.Context, purpose domain.Purpose, subject string, now time.Time) error
}
