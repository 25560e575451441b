package bunsql

import (
	"context"
	"slices"
	"sync"

	"github.com/uptrace/bun"
)

// Watch collects the statements that the store sends, and hands them out once.
func (db *DB) Watch() (sent func() []string) {
	w := &watch{}
	for _, pool := range []*bun.DB{db.write, db.read, db.feed} {
		pool.AddQueryHook(w) //nolint:staticcheck // its successor returns a copy, and the repositories have the original
	}
	return func() []string {
		w.mu.Lock()
		defer w.mu.Unlock()
		sent := w.sent
		w.sent = nil
		return sent
	}
}

type watch struct {
	mu   sync.Mutex
	sent []string
}

func (w *watch) BeforeQuery(ctx context.Context, e *bun.QueryEvent) context.Context {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch op := e.Operation(); {
	case op == "BEGIN", op == "COMMIT", op == "ROLLBACK":
	case slices.Contains(w.sent, e.Query): // where one pool serves two purposes the hook is there twice
	default:
		w.sent = append(w.sent, e.Query)
	}
	return ctx
}

func (*watch) AfterQuery(context.Context, *bun.QueryEvent) {}
