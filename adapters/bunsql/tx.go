package bunsql

import (
	"context"
	"database/sql/driver"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

const (
	// wholeTx bounds a transaction with all its attempts.
	wholeTx = 5 * time.Second
	// retries is how often a transaction is tried again after another one interfered.
	retries = 3
	// maxQueued is how many statements are queued at most: together they have the deadline of one.
	maxQueued = 16
)

// attempt is one run of a transaction's function, on a connection of its own. It does not end with the caller's context: a caller that
// hangs up must not prevent the rollback, and giving up during the commit would only leave the outcome unknown.
type attempt struct {
	db     *DB
	conn   bun.Conn
	life   context.Context // without the caller's cancellation
	queued []string        // sent ahead of the next statement that has a result
	events []domain.Event  // for the audit log, written at the end
	begun  bool            // the server may be in the transaction

	failed   error // what voided it
	late     bool  // whether that was a queued statement, so that fn did not notice
	again    bool
	messages bool // the outbox has something new
	writes   bool // rows were added: the commit proves that the server accepts writes
}

func (a *attempt) void(err error, again, late bool) {
	if a.failed == nil {
		a.failed, a.late = err, late
	}
	a.again = a.again || again
}

// WithinTx runs fn in one transaction. See store.Store.
func (db *DB) WithinTx(ctx context.Context, fn func(context.Context, *store.Tx) error) error {
	if ctx.Value(inside{db}) != nil {
		return domain.ErrInternal.Because(errNested)
	}
	return db.within(ctx, func(ctx context.Context, _ conn, tx *store.Tx) error { return fn(ctx, tx) })
}

// within is WithinTx for statements that belong to no repository, too.
func (db *DB) within(ctx context.Context, fn func(context.Context, conn, *store.Tx) error) error {
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

// try is one attempt. again tells that another transaction interfered and nothing was written.
func (db *DB) try(ctx context.Context, fn func(context.Context, conn, *store.Tx) error) (commit store.Commit, again bool, err error) {
	run, err := db.begin(ctx)
	if err != nil {
		translated, again := db.translate(ctx, err)
		return commit, again, translated
	}
	defer run.end() // also when fn panics

	c := conn{owner: db, idb: run.conn, deadline: db.dialect.Statement, tx: run}
	handle := newTx(c)
	if err := fn(context.WithValue(ctx, inside{db}, true), c, handle); err != nil {
		if run.late || errors.Is(err, errVoided) { // fn can't know which statement failed
			err = run.failed
		}
		return commit, run.again, err
	}
	commit = store.Commit{Changes: handle.Collected(), Messages: run.messages}
	if err := c.record(ctx); err != nil {
		return commit, run.again, err
	}
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
	again, err = run.commit()
	return commit, again, err
}

func newTx(c conn) *store.Tx {
	return &store.Tx{
		Principals: principals{c}, Users: users{c}, Identities: identities{c}, Registrations: registrations{c}, Services: services{c},
		Roles: roles{c}, Permissions: permissions{c}, Assignments: assignments{c}, AppTokens: appTokens{c},
		Devices: devices{c}, Factors: factors{c}, Trusted: trustedDevices{c}, Sessions: sessions{c}, Flows: flows{c}, Lockouts: lockouts{c}, Keys: keys{c}, Audit: audit{c}, Outbox: outbox{c}, Changes: changes{c}, Meta: meta{c},
		ExpiredRows: expiredRows{c}, Erasure: erasure{c}, Grants: grants{c}, Payloads: payloads{c}, Restoration: restoration{c},
	}
}

func (db *DB) begin(ctx context.Context) (*attempt, error) {
	acquire, cancel := context.WithTimeout(ctx, db.dialect.Statement)
	defer cancel()
	conn, err := db.write.Conn(acquire)
	if err != nil {
		return nil, overdue(acquire, err)
	}
	run := &attempt{db: db, conn: conn, life: context.WithoutCancel(ctx)}
	if db.dialect.Join != nil {
		run.queued = slices.Clone(db.dialect.Begin)
		return run, nil
	}
	run.begun = true
	if _, err := conn.ExecContext(acquire, strings.Join(db.dialect.Begin, ";\n")); err != nil {
		err = overdue(acquire, err)
		run.end()
		return nil, err
	}
	return run, nil
}

// overdue turns an error caused by a deadline into an error that says so.
func overdue(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return domain.ErrUnavailable.Because(context.Cause(ctx))
	}
	return err
}

// joins tells whether a statement may wait for the next one. A caller that has hung up gets its error at once.
func (a *attempt) joins(ctx context.Context) bool {
	return a.db.dialect.Join != nil && len(a.queued) < maxQueued && a.failed == nil && ctx.Err() == nil
}

// ahead sends what is queued with the statement that runs under the context.
func (a *attempt) ahead(ctx context.Context) context.Context {
	if len(a.queued) == 0 {
		return ctx
	}
	ctx = a.db.dialect.Join(ctx, a.queued)
	a.queued, a.begun = nil, true
	return ctx
}

// commit reports success only when the database said so.
func (a *attempt) commit() (again bool, err error) {
	if !a.begun && len(a.queued) == len(a.db.dialect.Begin) { // nothing but BEGIN and its settings
		return false, nil
	}
	ctx, cancel := context.WithTimeout(a.life, a.db.dialect.Statement)
	defer cancel()
	if _, err = a.conn.ExecContext(a.ahead(ctx), "COMMIT"); err == nil {
		a.begun = false
		if a.writes {
			a.db.found(false)
		}
		return false, nil
	}
	translated, again := a.db.translate(context.Background(), err)
	if again {
		return true, translated // the database refused: nothing was written
	}
	if _, ok := errors.AsType[*AheadError](err); ok {
		return false, translated // COMMIT was not sent
	}
	var e *domain.Error
	if errors.As(translated, &e) && e.Kind == domain.Unavailable {
		return false, domain.ErrUnavailable.Because(errors.Join(store.ErrUnknownOutcome, errors.Unwrap(e)))
	}
	return false, translated
}

// end rolls back what was not committed and returns the connection to the pool. If the rollback fails, it closes the connection, so that
// nobody gets one in the middle of a transaction.
func (a *attempt) end() {
	if a.begun {
		ctx, cancel := context.WithTimeout(a.life, a.db.dialect.Statement)
		defer cancel()
		if _, err := a.conn.ExecContext(ctx, "ROLLBACK"); err != nil {
			_ = a.conn.Raw(func(any) error { return driver.ErrBadConn }) // the database rolls back when it is gone
		}
	}
	_ = a.conn.Close()
}

// pause waits 5 to 15 ms, then twice and four times as long, so that transactions that collided don't collide again.
func pause(ctx context.Context, n int) bool {
	wait := time.NewTimer((5*time.Millisecond + rand.N(10*time.Millisecond)) << n) //nolint:gosec // jitter needs no secure randomness
	defer wait.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-wait.C:
		return true
	}
}
