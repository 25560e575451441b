package password_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/signet-auth/signet/app/password"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/secure"
	"github.com/signet-auth/signet/ports/store"
	"github.com/signet-auth/signet/ports/transient"
	"github.com/signet-auth/signet/test/testkit/rig"
)

const fresh = "a fresh long passphrase"

// ledger is a limiter that knows what is taken and not returned, by the limit's name.
type ledger struct {
	transient.Limiter
	mu    sync.Mutex
	spent map[string]int
}

func (l *ledger) Take(ctx context.Context, limit transient.Limit, key string) transient.Decision {
	d := l.Limiter.Take(ctx, limit, key)
	l.note(limit.Name, 1)
	return d
}

func (l *ledger) Return(ctx context.Context, limit transient.Limit, key string) {
	l.Limiter.Return(ctx, limit, key)
	l.note(limit.Name, -1)
}

func (l *ledger) note(name string, n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.spent[name] += n
}

// during is a hasher between whose work a test does its own.
type during struct {
	secure.PasswordHasher
	full   error  // of the queue
	hashed func() // after a hash, before its caller has it
	hashes int
}

func (d *during) Reserve(ctx context.Context) (secure.Slot, error) {
	if d.full != nil {
		return nil, d.full
	}
	s, err := d.PasswordHasher.Reserve(ctx)
	return slot{s, d}, err
}

type slot struct {
	secure.Slot
	d *during
}

func (s slot) Hash(p domain.Secret) (string, error) {
	text, err := s.Slot.Hash(p)
	s.d.hashes++
	s.Release()
	if s.d.hashed != nil {
		s.d.hashed()
	}
	return text, err
}

// bench is a rig with a user, whose budgets and hashes are watched.
type bench struct {
	*rig.Rig
	user   domain.User
	ledger *ledger
	hasher *during
}

func newBench(t *testing.T) *bench {
	t.Helper()
	r := rig.New(t)
	b := &bench{Rig: r, ledger: &ledger{Limiter: r.Guard.Shared, spent: map[string]int{}}, hasher: &during{PasswordHasher: r.Hasher}}
	r.Guard.Shared = b.ledger
	b.user = r.User(t, "ada@example.com")
	return b
}

// link asks for a link and follows its mail.
func (b *bench) link(t *testing.T, address string) domain.Secret {
	t.Helper()
	if err := b.NewForgot().Handle(t.Context(), password.ForgotInput{From: rig.From, Email: address}); err != nil {
		t.Fatal(err)
	}
	b.Settle(t)
	for _, m := range b.Inbox.List() {
		if len(m.Links) == 1 && strings.Contains(m.Links[0], "/reset/") {
			return domain.NewSecret(m.Links[0][strings.LastIndexByte(m.Links[0], '/')+1:])
		}
	}
	t.Fatal("no mail has a link")
	return domain.Secret{}
}

func (b *bench) reset(t *testing.T, token domain.Secret, next string) error {
	t.Helper()
	u := b.NewReset()
	u.Hasher = b.hasher
	return u.Handle(t.Context(), password.ResetInput{From: rig.From, Token: token, Field: "new_password", Password: domain.NewSecret(next)})
}

// spent fails the test unless so much of each budget is gone, since the last time it was asked.
func (b *bench) spent(t *testing.T, want map[string]int) {
	t.Helper()
	b.ledger.mu.Lock()
	defer b.ledger.mu.Unlock()
	for name, n := range b.ledger.spent {
		if n != want[name] {
			t.Errorf("%d of the budget %s are gone, want %d", n, name, want[name])
		}
	}
	for name := range want {
		if _, known := b.ledger.spent[name]; !known {
			t.Errorf("nothing of the budget %s was asked for", name)
		}
	}
	b.ledger.spent = map[string]int{}
}

// hash is the stored hash of the user's password.
func (b *bench) hash(t *testing.T) string {
	t.Helper()
	return b.Database.Text(t, "SELECT COALESCE(password_hash, '') FROM users WHERE id = ?", string(b.user.ID))
}

// open is how many flows could still be used.
func (b *bench) open(t *testing.T) int {
	t.Helper()
	return b.Database.Int(t, "SELECT count(*) FROM flows WHERE consumed_at IS NULL")
}

// replace changes the user's password behind everybody's back, as a use case does: with the epoch.
func (b *bench) replace(t *testing.T) {
	t.Helper()
	b.Principal(t, b.user.ID, func(p *domain.Principal) { p.ReplaceCredentials(b.Clock.Now()) })
}

func (b *bench) disable(t *testing.T) {
	t.Helper()
	b.Principal(t, b.user.ID, func(p *domain.Principal) { p.State = domain.Disabled })
}

// flow is a live flow about the user.
func (b *bench) flow(t *testing.T, purpose domain.Purpose) {
	t.Helper()
	f, _, err := domain.NewFlow(domain.FlowID(b.System.NewOrderedID()), purpose, string(b.user.ID), rig.Email(t, "new@example.com"), nil,
		b.System.Entropy, b.Clock.Now(), time.Hour, domain.CodePolicy{})
	if err != nil {
		t.Fatal(err)
	}
	b.Write(t, func(ctx context.Context, tx *store.Tx) error { return tx.Flows.Insert(ctx, f) })
}

// breakTx makes the n-th transaction from now on fail.
func (b *bench) breakTx(n int) {
	b.Store.Before(func(query string) error {
		if query == "WithinTx" {
			if n--; n == 0 {
				return domain.ErrUnavailable
			}
		}
		return nil
	})
}

func is(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: got %v, want %v", what, err, want)
	}
}

func kinds(events []domain.Event) (all []domain.EventType) {
	for _, e := range events {
		all = append(all, e.Type)
	}
	slices.Sort(all)
	return all
}
