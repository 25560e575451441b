package porttest

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

func storeMeta(t *testing.T, s storeTest) {
	get := func(t *testing.T, key string) string {
		t.Helper()
		value, err := s.Read().Meta.Get(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		return value
	}

	t.Run("a key that was never put is not found", func(t *testing.T) {
		_, err := s.Read().Meta.Get(t.Context(), "never")
		fails(t, "Get", err, domain.ErrNotFound)
	})

	t.Run("Put overwrites and PutOnce does not", func(t *testing.T) {
		s.write(t, func(ctx context.Context, tx *store.Tx) error {
			for _, value := range []string{"first", "second"} {
				if got, err := tx.Meta.PutOnce(ctx, "once", value); err != nil || got != "first" {
					t.Errorf("PutOnce: %q, %v", got, err)
				}
				if err := tx.Meta.Put(ctx, "often", value); err != nil {
					return err
				}
			}
			return nil
		})
		same(t, "once", get(t, "once"), "first")
		same(t, "often", get(t, "often"), "second")
	})

	t.Run("of many parallel PutOnce all learn the value that stands", func(t *testing.T) {
		var mu sync.Mutex
		told := map[string]bool{}
		race(t, racers, func(i int) (bool, error) {
			var got string
			err := s.WithinTx(t.Context(), func(ctx context.Context, tx *store.Tx) (err error) {
				got, err = tx.Meta.PutOnce(ctx, "raced", fmt.Sprint(i))
				return err
			})
			mu.Lock()
			told[got] = true
			mu.Unlock()
			return true, err
		})
		same(t, "told", told, map[string]bool{get(t, "raced"): true})
	})
}

func storeText(t *testing.T, s storeTest) {
	for _, text := range []string{"nul\x00", "bad \xff utf-8"} {
		t.Run(fmt.Sprintf("%q is refused before the database sees it", text), func(t *testing.T) {
			u := newUser(t, newAddress(t))
			u.FirstName = text
			r := newRegistration(newAddress(t), noon)
			r.Name.Last = text
			session, family := newSession(s.user(t).ID, noon)
			session.UserAgent = text
			flow := newFlow(text, newAddress(t))
			event := domain.NewEvent(domain.EventKeyCreated, domain.System(), domain.Origin{}, "", "").Stamped(newID[domain.EventID](), noon).With("k", text)
			writes := map[string]func(context.Context, *store.Tx) error{
				"user":         func(ctx context.Context, tx *store.Tx) error { return tx.Users.Insert(ctx, u) },
				"registration": func(ctx context.Context, tx *store.Tx) error { return tx.Registrations.Insert(ctx, r) },
				"session":      func(ctx context.Context, tx *store.Tx) error { return tx.Sessions.Insert(ctx, session, family) },
				"flow":         func(ctx context.Context, tx *store.Tx) error { return tx.Flows.Insert(ctx, flow) },
				"event":        func(ctx context.Context, tx *store.Tx) error { return tx.Audit.Add(ctx, event) },
				"meta":         func(ctx context.Context, tx *store.Tx) error { return tx.Meta.Put(ctx, "k", text) },
				"change": func(_ context.Context, tx *store.Tx) error {
					tx.Changed(domain.ChangeSession, text, domain.TokensStale)
					return nil
				},
			}
			for name, write := range writes {
				err := s.WithinTx(t.Context(), write)
				fails(t, name, err, domain.ErrInvalidRequest)
				if err := leaks(err, text); err != nil {
					t.Errorf("%s: %v", name, err)
				}
			}
		})
	}
}
