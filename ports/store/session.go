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
	// PageByUser lists live sessions newest first, at most limit of them, from behind after on: what a list shows of each, so
	// without AMR and AuthTime.
	PageByUser(ctx context.Context, user domain.UserID, policy domain.SessionPolicy, now time.Time, after domain.Cursor, limit int) ([]domain.Session, error)
	// CountLive counts the live sessions of everybody, and who has any. It reads an index from end to end, under the deadline of
	// lists (5 s): not for a request's path without a memory in front.
	CountLive(ctx context.Context, policy domain.SessionPolicy, now time.Time) (domain.SessionCount, error)
	// OpenByUser lists the sessions that have not ended, lapsed ones too: what there is to end.
	OpenByUser(ctx context.Context, user domain.UserID) ([]domain.SessionID, error)
	// Family finds a family and its session in one query, ended ones too. What the session derives from its families (last
	// seen, static) is this one's: whether a token may refresh is the affair of its own line.
	Family(ctx context.Context, id domain.FamilyID) (domain.Family, domain.Session, error)
}

// Sessions writes sessions and their families.
type Sessions interface {
	SessionReader
	// Insert writes a session with its first family.
	Insert(ctx context.Context, s domain.Session, f domain.Family) error
	// Advance makes a family's next state true in one conditional update on (id, generation, hash, static), while neither the family
	// nor its session has ended. false: another request was faster, or the session is over; nothing was written.
	Advance(ctx context.Context, from, to domain.Family) (bool, error)
	// Renew puts a family in the place of those that its session has, which end when it begins. false: the session has ended;
	// nothing was written. An Advance beside it either came before, and what it made is over, or finds its family ended.
	Renew(ctx context.Context, f domain.Family) (bool, error)
	// End ends those of the sessions that have not ended, and returns which. Their families end with them.
	End(ctx context.Context, ids []domain.SessionID, reason domain.EndReason, now time.Time) ([]domain.SessionID, error)
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
	// InsertFirst is Insert for a flow whose id says what it is about: of parallel ones the first is written, and the others fail with
	// domain.ErrFlowExists, which voids the transaction.
	InsertFirst(ctx context.Context, f domain.Flow) error
	// LockByAddress lists the flows of a purpose and canonical address that are live, and holds them: parallel guesses of a
	// code are judged one after the other.
	LockByAddress(ctx context.Context, purposes []domain.Purpose, address string, now time.Time) ([]domain.Flow, error)
	// Consume uses a flow up in one conditional update; of parallel uses one gets true.
	Consume(ctx context.Context, id domain.FlowID, now time.Time) (bool, error)
	// CountTry adds a wrong code to each.
	CountTry(ctx context.Context, ids []domain.FlowID) error
	// Supersede voids the live flows of a purpose about a subject.
	Supersede(ctx context.Context, purpose domain.Purpose, subject string, now time.Time) error
}
