package porttest

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"time"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

func storeTransactions(t *testing.T, s storeTest) {
	t.Run("a store that is reached gives a sign of life", func(t *testing.T) {
		if err := s.Ping(t.Context()); err != nil {
			t.Error(err)
		}
		gone, hangUp := context.WithCancel(t.Context())
		hangUp()
		fails(t, "Ping", s.Ping(gone), domain.ErrUnavailable)
	})

	t.Run("an error rolls back and is returned as it is", func(t *testing.T) {
		u, own := newUser(t, newAddress(t)), errors.New("own")
		err := s.WithinTx(t.Context(), func(ctx context.Context, tx *store.Tx) error {
			if err := tx.Users.Insert(ctx, u); err != nil {
				return err
			}
			return own
		})
		if !errors.Is(err, own) {
			t.Errorf("got %v, want %v", err, own)
		}
		s.lacks(t, u)
	})

	t.Run("a panic rolls back and goes on", func(t *testing.T) {
		u := newUser(t, newAddress(t))
		func() {
			defer func() {
				if got := recover(); got != "boom" {
					t.Errorf("recovered %v", got)
				}
			}()
			_ = s.WithinTx(t.Context(), func(ctx context.Context, tx *store.Tx) error {
				if err := tx.Users.Insert(ctx, u); err != nil {
					return err
				}
				panic("boom")
			})
		}()
		s.lacks(t, u)
	})

	t.Run("a goroutine that ends inside rolls back", func(t *testing.T) {
		u, done := newUser(t, newAddress(t)), make(chan struct{})
		go func() {
			defer close(done)
			_ = s.WithinTx(t.Context(), func(ctx context.Context, tx *store.Tx) error {
				_ = tx.Users.Insert(ctx, u)
				runtime.Goexit()
				return nil
			})
		}()
		<-done
		s.lacks(t, u)
	})

	t.Run("a caller who hangs up gets a rollback, never a commit, and takes no connection along", func(t *testing.T) {
		for range 40 { // more than any pool has
			u := newUser(t, newAddress(t))
			ctx, cancel := context.WithCancel(t.Context())
			err := s.WithinTx(ctx, func(ctx context.Context, tx *store.Tx) error {
				err := tx.Users.Insert(ctx, u)
				cancel()
				return err
			})
			fails(t, "commit", err, domain.ErrUnavailable)
			s.lacks(t, u)
		}
	})

	t.Run("a context that is over begins nothing", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		err := s.WithinTx(ctx, func(context.Context, *store.Tx) error {
			t.Error("fn ran")
			return nil
		})
		fails(t, "WithinTx", err, domain.ErrUnavailable)
		_, err = s.Read().Users.ByID(ctx, newID[domain.UserID]())
		fails(t, "Read", err, domain.ErrUnavailable)
	})

	t.Run("the whole has five seconds", func(t *testing.T) {
		s.write(t, func(ctx context.Context, _ *store.Tx) error {
			if end, ok := ctx.Deadline(); !ok || time.Until(end) > 5*time.Second {
				t.Errorf("the deadline is %v, %t", end, ok)
			}
			return nil
		})
	})

	t.Run("a nested transaction is an error at once", func(t *testing.T) {
		s.write(t, func(ctx context.Context, _ *store.Tx) error {
			err := s.WithinTx(ctx, func(context.Context, *store.Tx) error {
				t.Error("the inner fn ran")
				return nil
			})
			fails(t, "nested", err, domain.ErrInternal)
			return nil
		})
	})

	t.Run("Read inside a transaction is an error at once", func(t *testing.T) {
		s.write(t, func(ctx context.Context, _ *store.Tx) error {
			_, err := s.Read().Users.ByID(ctx, newID[domain.UserID]())
			fails(t, "Read", err, domain.ErrInternal)
			_, err = s.Read().Changes.After(ctx, 0, 1)
			fails(t, "Changes", err, domain.ErrInternal)
			return nil
		})
	})

	t.Run("a transaction reads what it wrote, and others don't before the commit", func(t *testing.T) {
		u, outside := newUser(t, newAddress(t)), t.Context()
		s.write(t, func(ctx context.Context, tx *store.Tx) error {
			if err := tx.Users.Insert(ctx, u); err != nil {
				return err
			}
			if _, err := tx.Users.ByID(ctx, u.ID); err != nil {
				t.Errorf("inside: %v", err)
			}
			_, err := s.Read().Users.ByID(outside, u.ID)
			fails(t, "outside", err, domain.ErrNotFound)
			return nil
		})
		if _, err := s.Read().Users.ByID(t.Context(), u.ID); err != nil {
			t.Errorf("after: %v", err)
		}
	})

	t.Run("a statement that failed voids the transaction, even when fn goes on", func(t *testing.T) {
		first, second := s.user(t), newUser(t, newAddress(t))
		err := s.WithinTx(t.Context(), func(ctx context.Context, tx *store.Tx) error {
			if err := tx.Users.Insert(ctx, second); err != nil {
				return err
			}
			third := newUser(t, first.Email)
			conflicts(t, "Insert", tx.Users.Insert(ctx, third), "email_taken")
			return nil
		})
		conflicts(t, "WithinTx", err, "email_taken")
		s.lacks(t, second)
	})

	t.Run("a statement without an answer that failed is what WithinTx returns, wherever it comes out", func(t *testing.T) {
		for name, then := range map[string]func(context.Context, *store.Tx) error{
			"at the end": func(context.Context, *store.Tx) error { return nil },
			"at a statement that has conflicts of its own": func(ctx context.Context, tx *store.Tx) error {
				return tx.Users.Insert(ctx, newUser(t, newAddress(t)))
			},
			"at a look for what may not be there": func(ctx context.Context, tx *store.Tx) error {
				if _, err := tx.Flows.BySecret(ctx, newBytes(32)); errors.Is(err, domain.ErrNotFound) {
					return domain.ErrForbidden
				}
				return nil
			},
			"at a refusal after it": func(ctx context.Context, tx *store.Tx) error {
				_, _ = tx.Flows.BySecret(ctx, newBytes(32))
				_, err := tx.Flows.BySecret(ctx, newBytes(32))
				return err
			},
		} {
			r, u := newRegistration(newAddress(t), noon), newUser(t, newAddress(t))
			s.write(t, func(ctx context.Context, tx *store.Tx) error { return tx.Registrations.Insert(ctx, r) })
			err := s.WithinTx(t.Context(), func(ctx context.Context, tx *store.Tx) error {
				if err := tx.Users.Insert(ctx, u); err != nil {
					return err
				}
				if err := tx.Registrations.Insert(ctx, r); err != nil {
					return err
				}
				return then(ctx, tx)
			})
			conflicts(t, name, err, "id_taken")
			s.lacks(t, u)
		}
	})

	t.Run("what is not there voids nothing", func(t *testing.T) {
		u := newUser(t, newAddress(t))
		s.write(t, func(ctx context.Context, tx *store.Tx) error {
			_, err := tx.Users.ByID(ctx, u.ID)
			fails(t, "ByID", err, domain.ErrNotFound)
			return tx.Users.Insert(ctx, u)
		})
	})

	t.Run("transactions that lock in opposite orders both succeed", func(t *testing.T) {
		a, b := s.user(t).Principal.ID, s.user(t).Principal.ID
		met := make(chan struct{}, 64)
		order := [][2]domain.PrincipalID{{a, b}, {b, a}}
		won := race(t, 2, func(i int) (bool, error) {
			err := s.WithinTx(t.Context(), func(ctx context.Context, tx *store.Tx) error {
				for _, id := range order[i] {
					p, err := tx.Principals.Lock(ctx, id)
					if err != nil {
						return err
					}
					p.PV++
					if err := tx.Principals.Update(ctx, p); err != nil {
						return err
					}
					met <- struct{}{}
					waitFor(met, 2) // the other one has locked its first row, unless there is one writer
				}
				return nil
			})
			return err == nil, err
		})
		if won != 2 {
			t.Errorf("%d of 2 succeeded", won)
		}
		for _, id := range []domain.PrincipalID{a, b} {
			s.write(t, func(ctx context.Context, tx *store.Tx) error {
				p, err := tx.Principals.Lock(ctx, id)
				if p.PV != 2 {
					t.Errorf("PV is %d after two increments", p.PV)
				}
				return err
			})
		}
	})
}

// lacks demands that a user was not stored.
func (s storeTest) lacks(t *testing.T, u domain.User) {
	t.Helper()
	_, err := s.Read().Users.ByID(t.Context(), u.ID)
	fails(t, "after a rollback", err, domain.ErrNotFound)
}

// heard is a store with a listener for commits.
type heard interface{ OnCommit(func(store.Commit)) }

func storeCommits(t *testing.T, s storeTest) {
	var commits []store.Commit
	s.Store.(heard).OnCommit(func(c store.Commit) { commits = append(commits, c) })
	last := func(t *testing.T) store.Commit {
		t.Helper()
		if len(commits) != 1 {
			t.Fatalf("heard of %d commits, want 1", len(commits))
		}
		c := commits[0]
		commits = nil
		return c
	}

	t.Run("a commit is heard of once, after it and before WithinTx returns, with the strongest fact of each subject", func(t *testing.T) {
		id := newID[domain.SessionID]()
		s.write(t, func(_ context.Context, tx *store.Tx) error {
			tx.Changed(domain.ChangeSession, string(id), domain.TokensStale)
			tx.Changed(domain.ChangeSession, string(id), domain.TokensEnded)
			tx.Changed(domain.ChangeSession, string(id), domain.TokensUnaffected)
			tx.Changed(domain.ChangePrincipal, "p", domain.TokensUnaffected)
			if len(commits) != 0 {
				t.Error("heard of it before the commit")
			}
			return nil
		})
		same(t, "commit", last(t), store.Commit{Changes: []domain.Change{
			{Kind: domain.ChangeSession, Subject: string(id), Tokens: domain.TokensEnded},
			{Kind: domain.ChangePrincipal, Subject: "p", Tokens: domain.TokensUnaffected},
		}})
	})

	t.Run("what was committed can be read when it is heard of", func(t *testing.T) {
		u := newUser(t, newAddress(t))
		s.Store.(heard).OnCommit(func(c store.Commit) {
			commits = append(commits, c)
			if _, err := s.Read().Users.ByID(t.Context(), u.ID); err != nil {
				t.Errorf("ByID: %v", err)
			}
		})
		s.write(t, func(ctx context.Context, tx *store.Tx) error { return tx.Users.Insert(ctx, u) })
		same(t, "commit", last(t), store.Commit{})
	})

	s.Store.(heard).OnCommit(func(c store.Commit) { commits = append(commits, c) })

	t.Run("messages are announced", func(t *testing.T) {
		s.write(t, func(ctx context.Context, tx *store.Tx) error { return tx.Outbox.Add(ctx, newMessage(noon)) })
		same(t, "commit", last(t), store.Commit{Messages: true})
	})

	t.Run("a rollback is not heard of and leaves no change", func(t *testing.T) {
		_ = s.WithinTx(t.Context(), func(_ context.Context, tx *store.Tx) error {
			tx.Changed(domain.ChangeSession, "rolled back", domain.TokensStale)
			return domain.ErrForbidden
		})
		if len(commits) != 0 {
			t.Errorf("heard of %v", commits)
		}
		feed, err := s.Read().Changes.After(t.Context(), 0, 1000)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range feed.Changes {
			if c.Subject == "rolled back" {
				t.Errorf("the change is there: %v", c)
			}
		}
	})
}

// waitFor waits for n signals, or until it is clear that they won't come.
func waitFor(signals chan struct{}, n int) {
	end := time.NewTimer(100 * time.Millisecond)
	defer end.Stop()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for len(signals) < n {
		select {
		case <-end.C:
			return
		case <-tick.C:
		}
	}
}
