package bunsql

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"hash/fnv"
	"strings"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/schema"

	"github.com/signet-auth/signet/domain"
)

// conn is where a repository's statements go: a pool, or one transaction.
type conn struct {
	owner    *DB
	idb      bun.IDB
	deadline time.Duration
	tx       *attempt // nil outside transactions
}

// inside marks the contexts that WithinTx hands out.
type inside struct{ owner *DB }

var (
	errVoided      = errors.New("a statement after one that failed: the transaction can't be used any more")
	errReadInTx    = errors.New("a query through Read() inside a transaction: it would wait for a second connection, or miss what was just written")
	errShortAnswer = errors.New("the database answered fewer queries than it was asked")
	errNested      = errors.New("WithinTx inside WithinTx: the inner transaction would wait for the outer one")
)

// do runs one statement under its deadline, together with the statements queued ahead of it, and translates its error. "Not found" leaves
// the transaction usable; any other error voids it.
func (c conn) do(ctx context.Context, statement func(context.Context, bun.IDB) error) error {
	if c.tx == nil && ctx.Value(inside{c.owner}) != nil {
		return domain.ErrInternal.Because(errReadInTx)
	}
	limited, cancel := context.WithTimeout(ctx, c.deadline)
	defer cancel()
	send := limited
	if c.tx != nil {
		if c.tx.failed != nil {
			return domain.ErrInternal.Because(errVoided)
		}
		send = c.tx.ahead(limited)
	}
	err := statement(send, c.idb)
	if err == nil {
		return nil
	}
	if errors.Is(err, sql.ErrNoRows) {
		return domain.ErrNotFound
	}
	return c.fail(limited, err)
}

// fail translates the error of a statement, which voids the transaction.
func (c conn) fail(ctx context.Context, err error) error {
	_, late := errors.AsType[*AheadError](err)
	translated, again := c.owner.translate(ctx, err)
	if c.tx != nil {
		c.tx.void(translated, again, late)
	}
	return translated
}

// listing is the deadline of lists and counts: a user waits for them, but no login does.
const listing = 5 * time.Second

// patient returns the conn with that deadline.
func (c conn) patient() conn {
	c.deadline = max(c.deadline, listing)
	return c
}

// translate turns an error of a statement into one of the domain, and tells whether the transaction is worth another try.
func (db *DB) translate(ctx context.Context, err error) (translated error, again bool) { //nolint:revive // the error is its subject
	if _, ok := errors.AsType[*domain.Error](err); ok {
		return err, false
	}
	if ctx.Err() != nil { // drivers wrap it, or return the error of their broken connection
		return domain.ErrUnavailable.Because(context.Cause(ctx)), false
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return domain.ErrUnavailable.Because(err), false
	}
	failure := db.dialect.Classify(err)
	switch failure.Class {
	case Duplicate:
		return domain.ErrDuplicate.Because(failure.Cause), false
	case SameID:
		return domain.ErrIDTaken.Because(failure.Cause), false
	case Orphan:
		return domain.ErrNotFound.Because(failure.Cause), false
	case BadValue:
		return domain.ErrInvalidRequest.Because(failure.Cause), false
	case Again:
		return domain.ErrUnavailable.Because(failure.Cause), true
	case ReadOnly:
		db.found(true)
		return domain.ErrUnavailable.Because(failure.Cause), false
	case Unreachable, Refused:
		return domain.ErrUnavailable.Because(failure.Cause), false
	case Defect:
	}
	return domain.ErrInternal.Because(withoutValues(failure.Cause)), false
}

// enqueue sends a statement whose result nobody needs. In a transaction it is sent with the next statement that has a result, at the latest
// with COMMIT, and that statement returns its error.
func (c conn) enqueue(ctx context.Context, query schema.QueryAppender) error {
	raw, err := query.AppendQuery(c.owner.write.QueryGen(), nil)
	if err != nil {
		return c.fail(ctx, err)
	}
	text := string(raw)
	if c.tx != nil && c.tx.joins(ctx) {
		c.tx.queued = append(c.tx.queued, text)
		return nil
	}
	return c.do(ctx, func(ctx context.Context, idb bun.IDB) error {
		_, err := idb.ExecContext(ctx, text)
		return err
	})
}

// execute is enqueue for a statement in SQL.
func (c conn) execute(ctx context.Context, query string, args ...any) error {
	return c.enqueue(ctx, c.idb.NewRaw(query, args...))
}

// insert enqueues a row, or all of a slice, which must not be empty.
func (c conn) insert(ctx context.Context, rows any) error {
	if c.tx != nil {
		c.tx.writes = true
	}
	if err := checkText(rows); err != nil {
		return c.fail(ctx, err)
	}
	return c.enqueue(ctx, c.idb.NewInsert().Model(rows).Returning("NULL"))
}

// insertUnique writes at once, and names the unique constraint that was violated.
func (c conn) insertUnique(ctx context.Context, rows any, taken *domain.Error) error {
	if err := checkText(rows); err != nil {
		return c.fail(ctx, err)
	}
	_, err := c.affect(ctx, c.idb.NewInsert().Model(rows).Returning("NULL"))
	return c.conflict(err, taken)
}

// update writes the named columns of the row with the same primary key. domain.ErrNotFound when there is none.
func (c conn) update(ctx context.Context, row any, columns ...string) error {
	if err := checkText(row); err != nil {
		return c.fail(ctx, err)
	}
	return found(c.affect(ctx, c.idb.NewUpdate().Model(row).Column(columns...).WherePK()))
}

// statement is a query of Bun that returns no rows.
type statement interface {
	Exec(ctx context.Context, dest ...any) (sql.Result, error)
}

// affect runs a statement and counts the rows it changed.
func (c conn) affect(ctx context.Context, query statement) (n int64, err error) {
	err = c.do(ctx, func(ctx context.Context, _ bun.IDB) error {
		result, err := query.Exec(ctx)
		if err == nil {
			n, err = result.RowsAffected()
		}
		return err
	})
	return n, err
}

// count is affect for a statement in SQL.
func (c conn) count(ctx context.Context, query string, args ...any) (int64, error) {
	return c.affect(ctx, c.idb.NewRaw(query, args...))
}

// scan runs a query in SQL into a row or a slice of rows; a slice stays empty when nothing is found.
func (c conn) scan(ctx context.Context, dest any, query string, args ...any) error {
	return c.do(ctx, func(ctx context.Context, idb bun.IDB) error { return idb.NewRaw(query, args...).Scan(ctx, dest) })
}

// list is for statements that may return no rows.
func list(err error) error {
	if errors.Is(err, domain.ErrNotFound) && errors.Unwrap(err) == nil {
		return nil
	}
	return err
}

// readAll runs queries of at most one row each, in one message where the engine can. A model is unchanged when nothing is found.
func (c conn) readAll(ctx context.Context, queries ...*bun.SelectQuery) error {
	if c.owner.dialect.Join == nil {
		for _, q := range queries {
			err := c.do(ctx, func(ctx context.Context, _ bun.IDB) error { return q.Scan(ctx) })
			if err != nil && !errors.Is(err, domain.ErrNotFound) {
				return err
			}
		}
		return nil
	}
	texts := make([]string, len(queries))
	for i, q := range queries {
		text, err := q.AppendQuery(c.owner.read.QueryGen(), nil)
		if err != nil {
			return c.fail(ctx, err)
		}
		texts[i] = string(text)
	}
	return c.do(ctx, func(ctx context.Context, idb bun.IDB) error {
		rows, err := idb.QueryContext(ctx, strings.Join(texts, ";\n"))
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for i, q := range queries {
			if i > 0 && !rows.NextResultSet() {
				return cmp.Or(rows.Err(), errShortAnswer)
			}
			if _, err := q.GetModel().ScanRows(ctx, rows); err != nil {
				return err
			}
		}
		return rows.Err()
	})
}

// found turns "no row was changed" into domain.ErrNotFound.
func found(n int64, err error) error {
	if err == nil && n == 0 {
		return domain.ErrNotFound
	}
	return err
}

// conflict names the violated unique constraint, in the error and in what voided the transaction. It leaves an error of a queued statement
// alone, which is about another constraint.
func (c conn) conflict(err error, name *domain.Error) error {
	if !errors.Is(err, domain.ErrDuplicate) || c.tx != nil && c.tx.late {
		return err
	}
	named := name.Because(errors.Unwrap(err))
	if c.tx != nil && c.tx.failed == err { //nolint:errorlint // the same error
		c.tx.failed = named
	}
	return named
}

// hold takes a lock on the name until the transaction ends. Two names may share a number, which only costs a wait.
func (c conn) hold(ctx context.Context, what string, name []byte) error {
	if c.owner.dialect.AdvisoryLock == "" {
		return nil // the only writer holds every lock anyway
	}
	h := fnv.New64a()
	_, _ = h.Write([]byte(what + "\x00"))
	_, _ = h.Write(name)
	return c.execute(ctx, c.owner.dialect.AdvisoryLock, int64(h.Sum64()))
}
