package rig

import (
	"context"
	"slices"
	"sync"
	"testing"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/secure"
	"github.com/signet-auth/signet/ports/transient"
)

// Watched is a rig that notes the order in which budgets, places for hashes and hashes are taken, and between whose hashes a test
// does its own work.
type Watched struct {
	*Rig
	Steps  *Steps
	Hasher *Hasher
}

// NewWatched is a watched rig on a database of its own.
func NewWatched(tb testing.TB) *Watched {
	tb.Helper()
	r := New(tb)
	w := &Watched{Rig: r, Steps: &Steps{}}
	w.Hasher = &Hasher{PasswordHasher: r.Ports.Hasher, steps: w.Steps}
	r.Ports.Hasher, r.Ports.Limiter = w.Hasher, ledger{r.Ports.Limiter, w.Steps}
	r.Rebuild(tb)
	return w
}

// Queries notes the named queries as steps too.
func (w *Watched) Queries(names ...string) {
	w.Store.Before(func(query string) error {
		if slices.Contains(names, query) {
			w.Steps.add(query)
		}
		return nil
	})
}

// Steps is the order in which things happened. Safe for concurrent use.
type Steps struct {
	mu  sync.Mutex
	all []string
}

func (s *Steps) add(step string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all = append(s.all, step)
}

// Take is the steps since the last Take.
func (s *Steps) Take() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := s.all
	s.all = nil
	return all
}

// ledger is a limiter that notes what is taken and returned, by the limit's name.
type ledger struct {
	transient.Limiter
	steps *Steps
}

func (l ledger) Take(ctx context.Context, limit transient.Limit, key string) transient.Decision {
	d := l.Limiter.Take(ctx, limit, key)
	if d.Allowed {
		l.steps.add("take " + limit.Name)
	} else {
		l.steps.add("refuse " + limit.Name)
	}
	return d
}

func (l ledger) Return(ctx context.Context, limit transient.Limit, key string) {
	l.steps.add("return " + limit.Name)
	l.Limiter.Return(ctx, limit, key)
}

func (l ledger) Forgive(ctx context.Context, limit transient.Limit, key string) {
	l.steps.add("forgive " + limit.Name)
	l.Limiter.Forgive(ctx, limit, key)
}

// Hasher is a real one with hooks; nil hooks do nothing.
type Hasher struct {
	secure.PasswordHasher
	steps *Steps

	BeforeReserve func() error      // its error is that of the queue
	AfterVerify   func(hash string) // before the caller has the answer
	AfterHash     func()            // likewise
}

// Reserve is a step.
func (h *Hasher) Reserve(ctx context.Context) (secure.Slot, error) {
	h.steps.add("reserve")
	if h.BeforeReserve != nil {
		if err := h.BeforeReserve(); err != nil {
			return nil, err
		}
	}
	s, err := h.PasswordHasher.Reserve(ctx)
	return slot{s, h}, err
}

type slot struct {
	secure.Slot
	h *Hasher
}

func (s slot) Verify(hash string, password domain.Secret) secure.Match {
	s.h.steps.add("verify")
	m := s.Slot.Verify(hash, password)
	if s.h.AfterVerify != nil {
		s.h.AfterVerify(hash)
	}
	return m
}

func (s slot) Hash(password domain.Secret) (string, error) {
	s.h.steps.add("hash")
	text, err := s.Slot.Hash(password)
	if s.h.AfterHash != nil {
		s.Release() // the test may want to hash itself
		s.h.AfterHash()
	}
	return text, err
}
