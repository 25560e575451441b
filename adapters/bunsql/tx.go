package bunsql

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/uptrace/bun"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

const (
	// wholeTx bounds a transaction with all its attempts.
	wholeTx = 5 * time.Second
	// retries is how often a transaction is tried again after another one was in its way.
	retries = 3
)

// attempt is one run of a transaction's function.
type attempt struct {
	failed   error // the statement that voided it
	again    bool
	messages bool // the outbox has something new
}

func (a *attempt) void(err error, again bool) {
	if a.failed == nil {
		a.failed = err
	}
	a.again = a.again || again
}

// WithinTx runs fn in one transaction. See store.Store.
func (db *DB) WithinTx(ctx context.Context, fn func(context.Context, *store.Tx) error) error {
	if ctx.Value(inside{db}) != nil {
		return domain.ErrInternal.Because(errNested)
	}
	ctx, cancel := context.WithTimeout(ctx, wholeTx)
	defer cancel()
	for n := 0; ; n++ {
		commit, again, err := db.try(ctx, fn)
		if err == nil {
			db.onCommit(commit)
			return nil
		}
		if !again || n == retries || !pause(ctx, n) {
			return err
		}
	}
}

// try is one attempt. again tells that another transaction was in the way and nothing was written.
func (db *DB) try(ctx context.Context, fn func(context.Context, *store.Tx) error) (commit store.Commit, again bool, err error) {
	tx, err := db.begin(ctx)
	if err != nil {
		translated, again := db.translate(ctx, err)
		return commit, again, translated
	}
	defer tx.end() // also when fn panics

	run := &attempt{}
	c := conn{owner: db, idb: tx.Tx, deadline: db.dialect.Statement, tx: run}
	handle := newTx(c)
	if err := fn(context.WithValue(ctx, inside{db}, true), handle); err != nil {
		return commit, run.again, err
	}
	commit = store.Commit{Changes: handle.Collected(), Messages: run.messages}
	if err := c.publish(ctx, commit.Changes); err != nil {
		return commit, run.again, err
	}
	if run.failed != nil { // fn went on as if nothing had happened
		return commit, run.again, run.failed
	}
	if ctx.Err() != nil {
		translated, _ := db.translate(ctx, ctx.Err())
		return commit, false, translated
	}
	again, err = tx.commit()
	return commit, again, err
}

func newTx(c conn) *store.Tx {
	return &store.Tx{
		Principals: principals{c}, Users: users{c}, Identities: identities{c}, Registrations: registrations{c}, Services: services{c}, Roles: roles{c},
		Devices: devices{c}, Sessions: sessions{c}, Flows: flows{c}, Lockouts: lockouts{c}, Keys: keys{c}, Audit: audit{c}, Outbox: outbox{c}, Changes: changes{c}, Meta: meta{c},
		ExpiredRows: expiredRows{c}, Erasure: erasure{c}, Grants: grants{c}, Payloads: payloads{c},
	}
}

// transaction is a Bun transaction on a connection of its own. Its life is not the caller's: whoever hangs up must not take
// the rollback away, and while it commits, giving up would leave the outcome unknown to no purpose.
type transaction struct {
	bun.Tx
	db   *DB
	conn bun.Conn
	stop context.CancelFunc
}

func (db *DB) begin(ctx context.Context) (*transaction, error) {
	acquire, cancel := context.WithTimeout(ctx, db.dialect.Statement)
	defer cancel()
	conn, err := db.write.Conn(acquire)
	if err != nil {
		return nil, db.late(acquire, err)
	}
	life, stop := context.WithCancel(context.WithoutCancel(ctx))
	unwatch := context.AfterFunc(acquire, stop)
	tx, err := conn.BeginTx(life, db.dialect.TxOptions)
	if !unwatch() && err == nil { // stopped just after it began
		_ = tx.Rollback()
		err = context.Cause(acquire)
	}
	if err != nil {
		stop()
		_ = conn.Close()
		return nil, db.late(acquire, err)
	}
	return &transaction{Tx: tx, db: db, conn: conn, stop: stop}, nil
}

// late turns an error that came of a deadline into the error that says so.
func (db *DB) late(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return domain.ErrUnavailable.Because(context.Cause(ctx))
	}
	return err
}

var errOutcome = errors.New("the answer to COMMIT was lost: the transaction may or may not have happened")

// commit reports success only when the database said so.
func (t *transaction) commit() (again bool, err error) {
	watch := time.AfterFunc(t.db.dialect.Statement, t.stop)
	defer watch.Stop()
	if err = t.Commit(); err == nil {
		return false, nil
	}
	translated, again := t.db.translate(context.Background(), err)
	if again {
		return true, translated // the database refused: nothing was written
	}
	var e *domain.Error
	if errors.As(translated, &e) && e.Kind == domain.Unavailable {
		return false, domain.ErrUnavailable.Because(errors.Join(errOutcome, errors.Unwrap(e)))
	}
	return false, translated
}

// end rolls back what was not committed and gives the connection back.
func (t *transaction) end() {
	watch := time.AfterFunc(t.db.dialect.Statement, t.stop)
	_ = t.Rollback() // after a commit: nothing; on a lost connection: the database does it
	watch.Stop()
	t.stop()
	_ = t.conn.Close()
}

// pause waits 5 to 15 ms, then twice and four times as long, so that those who met don't meet again.
func pause(ctx context.Context, n int) bool {
	wait := time.NewTimer((5*time.Millisecond + rand.N(10*time.Millisecond)) << n) //nolint:gosec // jitter is no secret
	defer wait.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-wait.C:
		return true
	}
}
