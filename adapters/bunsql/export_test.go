package bunsql

import (
	"context"
	"slices"
	"sync"

	"github.com/uptrace/bun"
)

// Summary is what spans say of a statement.
var Summary = summary

// Watch collects the statements that the store sends, and hands them out once.
func (db *DB) Watch() (sent func() []string) {
	w := &watch{}
	for _, pool := range []*bun.DB{db.write, db.read, db.feed} {
		pool.AddQueryHook(w) //nolint:staticcheck // its successor returns a copy, and the repositories have the original
	}
	answer := db.dialect.Answer // it bypasses Bun's hooks
	db.dialect.Answer = func(ctx context.Context, pool *bun.DB, query string, args ...any) (string, error) {
		w.keep(pool.NewRaw(query, args...).String())
		return answer(ctx, pool, query, args...)
	}
	if join := db.dialect.Join; join != nil { // and so do statements that go ahead of others
		db.dialect.Join = func(ctx context.Context, ahead []string) context.Context {
			for _, statement := range ahead {
				if !slices.Contains(db.dialect.Begin, statement) {
					w.keep(statement)
				}
			}
			return join(ctx, ahead)
		}
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
	if op := e.Operation(); op != "BEGIN" && op != "COMMIT" && op != "ROLLBACK" {
		w.keep(e.Query)
	}
	return ctx
}

func (w *watch) keep(statement string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !slices.Contains(w.sent, statement) { // where one pool serves two purposes the hook is there twice
		w.sent = append(w.sent, statement)
	}
}

func (*watch) AfterQuery(context.Context, *bun.QueryEvent) {}
