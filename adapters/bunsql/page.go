package bunsql

import (
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/schema"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

// behind is the condition for the rows that follow a cursor in a list with the newest first. Its first half is for SQLite, which can't
// bound an index by a pair.
func behind(alias schema.Safe, after domain.Cursor) schema.QueryAppender {
	if after.IsZero() {
		return bun.SafeQuery("TRUE")
	}
	return bun.SafeQuery("(?0.created_at <= ?1 AND (?0.created_at, ?0.id) < (?1, ?2))", alias, after.At, after.ID)
}

// lock is the end of a SELECT that locks the rows it reads.
func (c conn) lock(mode store.LockMode) schema.Safe {
	if mode == store.Exclusive {
		return c.owner.dialect.RowLock
	}
	return c.owner.dialect.RowShare
}
