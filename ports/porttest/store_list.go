package porttest

import (
	"context"
	"testing"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

func ask[T any](t *testing.T, read func(context.Context) (T, error)) T {
	t.Helper()
	value, err := read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return value
}

// pages reads a list by two until its end.
func pages[T any](t *testing.T, place func(T) domain.Cursor, read func(context.Context, store.Page) ([]T, error)) (all []T) {
	t.Helper()
	for page := (store.Page{Limit: 2}); ; {
		rows, err := read(t.Context(), page)
		if err != nil {
			t.Fatal(err)
		}
		if len(rows) > 2 {
			t.Fatalf("a page of %d", len(rows))
		}
		if all = append(all, rows...); len(rows) < 2 {
			return all
		}
		page.After = place(rows[1])
	}
}

func newest[T any](place func(T) domain.Cursor) func(a, b T) int {
	return func(a, b T) int {
		if n := place(b).At.Compare(place(a).At); n != 0 {
			return n
		}
		if place(a).ID > place(b).ID {
			return -1
		}
		return 1
	}
}
