package bunsql

import (
	"context"
	"database/sql"
	"errors"
	"hash/fnv"
	"time"

	"github.com/uptrace/bun"

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
	errDuplicate = &domain.Error{Kind: domain.Conflict, Code: "duplicate", Text: "This already exists"}
	errSameID    = &domain.Error{Kind: domain.Conflict, Code: "id_taken", Text: "This id is taken"}

	errReadInTx = errors.New("a query through Read() inside a transaction: it would wait for a second connection, or miss what was just written")
	errNested   = errors.New("WithinTx inside WithinTx: the inner transaction would wait for the outer one")
)

// do runs one statement under its deadline and translates its error. Reads take the error for "not there" as it is; any other
// voids the transaction.
func (c conn) do(ctx context.Context, statement func(context.Context, bun.IDB) error) error {
	if c.tx == nil && ctx.Value(inside{c.owner}) != nil {
		return domain.ErrInternal.Because(errReadInTx)
	}
	limited, cancel := context.WithTimeout(ctx, c.deadline)
	defer cancel()
	err := statement(limited, c.idb)
	if err == nil {
		return nil
	}
	if errors.Is(err, sql.ErrNoRows) {
		return domain.ErrNotFound
	}
	translated, again := c.owner.translate(limited, err)
	if c.tx != nil {
		c.tx.void(translated, again)
	}
	return translated
}

// listing is the deadline of lists and counts, for which somebody waits, and behind which nobody's login does.
const listing = 5 * time.Second

// patient has that deadline.
func (c conn) patient() conn {
	c.deadline = max(c.deadline, listing)
	return c
}

// translate turns an error of a statement into one of the domain, and tells whether the transaction is worth another try.
func (db *DB) translate(ctx context.Context, err error) (translated error, again bool) { //nolint:revive // the error is what it is about
	if _, ok := errors.AsType[*domain.Error](err); ok {
		return err, false
	}
	if ctx.Err() != nil { // drivers wrap it, or answer with what their broken connection said
		return domain.ErrUnavailable.Because(context.Cause(ctx)), false
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return domain.ErrUnavailable.Because(err), false
	}
	failure := db.dialect.Classify(err)
	switch failure.Class {
	case Duplicate:
		return errDuplicate.Because(failure.Cause), false
	case SameID:
		return errSameID.Because(failure.Cause), false
	case Orphan:
		return domain.ErrNotFound.Because(failure.Cause), false
	case BadValue:
		return domain.ErrInvalidRequest.Because(failure.Cause), false
	case Again:
		return domain.ErrUnavailable.Because(failure.Cause), true
	case Unreachable:
		return domain.ErrUnavailable.Because(failure.Cause), false
	case Defect:
	}
	return domain.ErrInternal.Because(withoutValues(failure.Cause)), false
}

// insert writes a row, or all of a slice, which must not be empty.
func (c conn) insert(ctx context.Context, rows any) error {
	return c.do(ctx, func(ctx context.Context, idb bun.IDB) error {
		if err := checkText(rows); err != nil {
			return err
		}
		_, err := idb.NewInsert().Model(rows).Returning("NULL").Exec(ctx)
		return err
	})
}

// update writes the named columns of the row with the same primary key. domain.ErrNotFound when there is none.
func (c conn) update(ctx context.Context, row any, columns ...string) error {
	return found(c.affect(ctx, func(ctx context.Context, idb bun.IDB) (sql.Result, error) {
		if err := checkText(row); err != nil {
			return nil, err
		}
		return idb.NewUpdate().Model(row).Column(columns...).WherePK().Exec(ctx)
	}))
}

// affect runs a statement and counts the rows it changed.
func (c conn) affect(ctx context.Context, statement func(context.Context, bun.IDB) (sql.Result, error)) (n int64, err error) {
	err = c.do(ctx, func(ctx context.Context, idb bun.IDB) error {
		result, err := statement(ctx, idb)
		if err == nil {
			n, err = result.RowsAffected()
		}
		return err
	})
	return n, err
}

// execute is affect for a statement in SQL.
func (c conn) execute(ctx context.Context, query string, args ...any) (int64, error) {
	return c.affect(ctx, func(ctx context.Context, idb bun.IDB) (sql.Result, error) {
		return idb.NewRaw(query, args...).Exec(ctx)
	})
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

// found turns "no row was changed" into domain.ErrNotFound.
func found(n int64, err error) error {
	if err == nil && n == 0 {
		return domain.ErrNotFound
	}
	return err
}

// conflict names a broken uniqueness, in the error and in what voided the transaction.
func (c conn) conflict(err error, name *domain.Error) error {
	if !errors.Is(err, errDuplicate) {
		return err
	}
	named := name.Because(errors.Unwrap(err))
	if c.tx != nil && c.tx.failed == err { //nolint:errorlint // this very error
		c.tx.failed = named
	}
	return named
}

// hold lets one transaction at a time past the name, until it ends. Two names may share a number: that costs a wait.
func (c conn) hold(ctx context.Context, what string, name []byte) error {
	if c.owner.dialect.AdvisoryLock == "" {
		return nil // the one writer holds everything
	}
	h := fnv.New64a()
	_, _ = h.Write([]byte(what + "\x00"))
	_, _ = h.Write(name)
	_, err := c.execute(ctx, c.owner.dialect.AdvisoryLock, int64(h.Sum64()))
	return err
}
