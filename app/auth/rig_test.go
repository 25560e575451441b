package auth_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/signet-auth/signet/adapters/memory"
	"github.com/signet-auth/signet/app/auth"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/secure"
	"github.com/signet-auth/signet/ports/store"
	"github.com/signet-auth/signet/ports/transient"
	"github.com/signet-auth/signet/test/testkit/rig"
)

// steps is the order in which things happened. Safe for concurrent use.
type steps struct {
	mu  sync.Mutex
	all []string
}

func (s *steps) add(step string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all = append(s.all, step)
}

// take is the steps since the last take.
func (s *steps) take() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := s.all
	s.all = nil
	return all
}

// ledger is a limiter that notes what is taken and returned, by the limit's name.
type ledger struct {
	transient.Limiter
	steps *steps
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

// hasher is a real one, between whose work a test does its own.
type hasher struct {
	secure.PasswordHasher
	steps *steps

	reserve  func() error      // before a place is given
	verified func(hash string) // after a comparison, before its caller has the answer
	hashed   func()            // after a hash, likewise
}

func (h *hasher) Reserve(ctx context.Context) (secure.Slot, error) {
	h.steps.add("reserve")
	if h.reserve != nil {
		if err := h.reserve(); err != nil {
			return nil, err
		}
	}
	s, err := h.PasswordHasher.Reserve(ctx)
	return slot{s, h}, err
}

type slot struct {
	secure.Slot
	h *hasher
}

func (s slot) Verify(hash string, password domain.Secret) secure.Match {
	s.h.steps.add("verify")
	m := s.Slot.Verify(hash, password)
	if s.h.verified != nil {
		s.h.verified(hash)
	}
	return m
}

func (s slot) Hash(password domain.Secret) (string, error) {
	s.h.steps.add("hash")
	text, err := s.Slot.Hash(password)
	if s.h.hashed != nil {
		s.h.hashed()
	}
	return text, err
}

// bench is a rig whose steps are watched.
type bench struct {
	*rig.Rig
	steps  *steps
	hasher *hasher
}

func newBench(t *testing.T) *bench {
	t.Helper()
	r := rig.New(t)
	b := &bench{Rig: r, steps: &steps{}}
	b.hasher = &hasher{PasswordHasher: r.Hasher, steps: b.steps}
	r.Guard.Shared = ledger{r.Guard.Shared, b.steps}
	return b
}

// unlimited takes the limits away, for races.
func (b *bench) unlimited() *bench {
	b.Guard.Shared = memory.Unlimited{}
	return b
}

// watch notes the named queries as steps.
func (b *bench) watch(queries ...string) {
	b.Store.Before(func(query string) error {
		if slices.Contains(queries, query) {
			b.steps.add(query)
		}
		return nil
	})
}

func (b *bench) login() *auth.Login {
	u := b.NewLogin()
	u.Hasher = b.hasher
	return u
}

func (b *bench) register() *auth.Register {
	u := b.NewRegister()
	u.Hasher = b.hasher
	return u
}

func with(password string) auth.LoginInput {
	return auth.LoginInput{From: rig.From, Email: "ada@example.com", Password: domain.NewSecret(password)}
}

func registration(address string) auth.RegisterInput {
	return auth.RegisterInput{From: rig.From, Email: address, Password: domain.NewSecret(rig.Password), FirstName: "Ada"}
}

// setPassword changes a password, as a use case does: with the epoch.
func (b *bench) setPassword(t *testing.T, id domain.UserID, password string) {
	t.Helper()
	hash := b.Hash(t, password)
	b.Write(t, func(ctx context.Context, tx *store.Tx) error {
		p, err := tx.Principals.Lock(ctx, id.Principal())
		if err != nil {
			return err
		}
		p.CredentialEpoch++
		return errors.Join(tx.Principals.Update(ctx, p), tx.Users.SetPassword(ctx, id, hash, b.Clock.Now()))
	})
}

func is(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: got %v, want %v", what, err, want)
	}
}
