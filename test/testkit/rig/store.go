package rig

import (
	"context"
	"sync"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

// Store is a real store that a test watches: it counts queries by name ("Users.ByID", "WithinTx"), and holds them up or makes
// them fail. Safe for concurrent use.
type Store struct {
	store.Store

	mu     sync.Mutex
	counts map[string]int
	before func(query string) error
	after  func(query string)
	reader *store.Reader
}

// Watch wraps a store.
func Watch(inner store.Store) *Store {
	s := &Store{Store: inner, counts: map[string]int{}}
	r := *inner.Read()
	r.Principals = principals{r.Principals, s}
	r.Users = users{r.Users, s}
	r.Registrations = registrations{r.Registrations, s}
	r.Services = services{r.Services, s}
	r.Grants = grants{r.Grants, s}
	r.Sessions = sessions{r.Sessions, s}
	r.AppTokens = appTokens{r.AppTokens, s}
	r.Flows = flows{r.Flows, s}
	r.Lockouts = lockouts{r.Lockouts, s}
	r.Keys = signingKeys{r.Keys, s}
	r.Changes = changes{r.Changes, s}
	r.Facts = facts{r.Facts, s}
	r.Meta = meta{r.Meta, s}
	s.reader = &r
	return s
}

// Before sets what is asked before every query; its error is the query's. nil: nothing.
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

// Read is the watched reader.
func (s *Store) Read() *store.Reader { return s.reader }

// WithinTx is one query, whatever it does.
func (s *Store) WithinTx(ctx context.Context, fn func(context.Context, *store.Tx) error) error {
	_, err := ask(s, "WithinTx", func() (struct{}, error) { return struct{}{}, s.Store.WithinTx(ctx, fn) })
	return err
}

// Ping fails when the database is down, and does not count as a query.
func (s *Store) Ping(ctx context.Context) error {
	s.mu.Lock()
	hook := s.before
	s.mu.Unlock()
	if hook != nil {
		if err := hook("Ping"); err != nil {
			return err
		}
	}
	return s.Store.Ping(ctx)
}

// Scrub is one query.
func (s *Store) Scrub(ctx context.Context) error {
	_, err := ask(s, "Scrub", func() (struct{}, error) { return struct{}{}, s.Store.Scrub(ctx) })
	return err
}

// Rotate is one query.
func (s *Store) Rotate(ctx context.Context, from, to domain.Family, policy domain.SessionPolicy) (id domain.SessionID, ok bool, err error) {
	return rotated(ask(s, "Rotate", func() (rotation, error) {
		id, ok, err := s.Store.Rotate(ctx, from, to, policy)
		return rotation{id, ok}, err
	}))
}

type rotation struct {
	id domain.SessionID
	ok bool
}

func rotated(r rotation, err error) (domain.SessionID, bool, error) { return r.id, r.ok, err }

func (s *Store) begin(query string) error {
	s.mu.Lock()
	s.counts[query]++
	hook := s.before
	s.mu.Unlock()
	if hook == nil {
		return nil
	}
	return hook(query)
}

func (s *Store) end(query string) {
	s.mu.Lock()
	hook := s.after
	s.mu.Unlock()
	if hook != nil {
		hook(query)
	}
}

func ask[T any](s *Store, query string, run func() (T, error)) (T, error) {
	if err := s.begin(query); err != nil {
		var none T
		return none, err
	}
	answer, err := run()
	s.end(query)
	return answer, err
}
