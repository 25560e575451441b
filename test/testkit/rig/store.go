package rig

import (
	"context"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/uptrace/bun"

	"github.com/signet-auth/signet/adapters/bunsql"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

// Store is a real store that a test watches by a hook which all statements pass: it counts queries by the name of the method that asks
// ("Users.ByID"), and holds them up or makes them fail. A transaction is one query, "WithinTx", whatever it does. Safe for concurrent use.
type Store struct {
	*bunsql.DB

	tests  *bunsql.DB // what tests themselves write with, past the hook
	mu     sync.Mutex
	counts map[string]int
	before func(query string) error
	after  func(query string)
}

var _ bun.QueryHook = (*Store)(nil)

// watch opens a watched store.
func watch(tb testing.TB, database Database, clock *Clock, tests *bunsql.DB) *Store {
	tb.Helper()
	s := &Store{tests: tests, counts: map[string]int{}}
	s.DB = database.Open(tb, bunsql.Options{Now: clock.Now, Hook: s})
	return s
}

// OnCommit hears of what tests write, too, as if the core had written it.
func (s *Store) OnCommit(hear func(store.Commit)) {
	s.DB.OnCommit(hear)
	s.tests.OnCommit(hear)
}

// Before sets what is asked before every query; whatever its error, the query fails as if the database were away. nil: nothing.
func (s *Store) Before(hook func(query string) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.before = hook
}

// After sets what is called after every query, before its caller has the answer. nil: nothing.
func (s *Store) After(hook func(query string)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.after = hook
}

// Down makes the database unreachable, and Up reachable again.
func (s *Store) Down() { s.Before(func(string) error { return domain.ErrUnavailable }) }

// Up undoes Down.
func (s *Store) Up() { s.Before(nil) }

// Count is how many queries of the names came, all of them without a name, since the last Reset.
func (s *Store) Count(queries ...string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	if len(queries) == 0 {
		for _, count := range s.counts {
			n += count
		}
	}
	for _, query := range queries {
		n += s.counts[query]
	}
	return n
}

// Reset starts counting from zero.
func (s *Store) Reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.counts)
}

// BeforeQuery counts, and asks the test.
func (s *Store) BeforeQuery(ctx context.Context, e *bun.QueryEvent) context.Context {
	query := asking()
	if isPart(query, e.Query, "BEGIN IMMEDIATE") {
		return ctx
	}
	s.mu.Lock()
	if query != "Ping" { // before expensive work, instead of a query
		s.counts[query]++
	}
	hook := s.before
	s.mu.Unlock()
	if hook != nil && hook(query) != nil {
		away, cancel := context.WithCancel(ctx)
		cancel()
		return away
	}
	return ctx
}

// AfterQuery tells the test.
func (s *Store) AfterQuery(_ context.Context, e *bun.QueryEvent) {
	query := asking()
	if isPart(query, e.Query, "COMMIT") {
		return
	}
	s.mu.Lock()
	hook := s.after
	s.mu.Unlock()
	if hook != nil {
		hook(query)
	}
}

// isPart tells whether a statement is one of several of a query, and not the one by which the query is known: of a transaction its
// beginning or its end, of the three reads of a login the last one.
func isPart(query, statement, edge string) bool {
	return query == "WithinTx" && statement != edge || query == "Users.Candidate" && !strings.Contains(statement, "login_failures")
}

// asking is the method of the store that the core has called.
func asking() (method string) {
	var callers [256]uintptr
	frames := runtime.CallersFrames(callers[:runtime.Callers(2, callers[:])])
	for more := true; more; {
		var frame runtime.Frame
		frame, more = frames.Next()
		if name, ok := strings.CutPrefix(frame.Function, "github.com/signet-auth/signet/adapters/bunsql."); ok {
			method = strings.TrimPrefix(name, "(*DB).")
		}
	}
	return strings.ToUpper(method[:1]) + method[1:]
}
