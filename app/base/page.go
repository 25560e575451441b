package base

import (
	"context"
	"slices"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

// Paging is which part of a list a client wants: what follows a cursor, and how much of it.
type Paging struct {
	Cursor string // empty: the beginning
	Limit  int
}

// Page reads a part of a list that is newest first, with one row more than is shown, which tells that something follows. The cursor is
// valid for this list alone: its name contains the route, the filter and the caller. place is a row's place in the list.
func Page[T any](ctx context.Context, keys domain.CursorKeys, name string, in Paging, place func(T) domain.Cursor, read func(context.Context, store.Page) ([]T, error)) (rows []T, next string, err error) {
	after, err := domain.ParseCursor(in.Cursor, keys, name)
	if err != nil {
		return nil, "", err
	}
	rows, err = read(ctx, store.Page{After: after, Limit: in.Limit + 1})
	if err != nil || len(rows) <= in.Limit {
		return rows, "", err
	}
	rows = rows[:in.Limit]
	return rows, place(rows[in.Limit-1]).Text(keys, name), nil
}

// CheckVersion wants one of the versions that a client named (If-Match), if it named any. domain.ErrPreconditionFailed otherwise.
func CheckVersion(is int64, want []int64) error {
	if want != nil && !slices.Contains(want, is) {
		return domain.ErrPreconditionFailed
	}
	return nil
}
