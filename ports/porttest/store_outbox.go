package porttest

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

func newMessage(runAt time.Time) domain.Message {
	return domain.Message{
		ID: newID[domain.MessageID](), Topic: domain.TopicForgot, Payload: newBytes(40), RequestID: "request-1", RunAt: runAt, CreatedAt: noon, ExpiresAt: noon.Add(24 * time.Hour),
	}
}

func storeOutbox(t *testing.T, s storeTest) {
	const lease = time.Minute
	add := func(t *testing.T, all ...domain.Message) {
		t.Helper()
		s.write(t, func(ctx context.Context, tx *store.Tx) error {
			for _, m := range all {
				if err := tx.Outbox.Add(ctx, m); err != nil {
					return err
				}
			}
			return nil
		})
	}
	of := func(t *testing.T, topics []domain.Topic, now time.Time, n int) (got []domain.Message) {
		t.Helper()
		s.write(t, func(ctx context.Context, tx *store.Tx) (err error) {
			got, err = tx.Outbox.Claim(ctx, now, lease, topics, n)
			return err
		})
		return got
	}
	mail := []domain.Topic{domain.TopicForgot}
	claim := func(t *testing.T, now time.Time, n int) []domain.Message {
		t.Helper()
		return of(t, mail, now, n)
	}
	try := func(t *testing.T, do func(context.Context, store.Outbox) (bool, error)) (ok bool) {
		t.Helper()
		s.write(t, func(ctx context.Context, tx *store.Tx) (err error) {
			ok, err = do(ctx, tx.Outbox)
			return err
		})
		return ok
	}
	settle := func(t *testing.T, m domain.Message, now time.Time) bool {
		t.Helper()
		return try(t, func(ctx context.Context, o store.Outbox) (bool, error) { return o.Settle(ctx, m, now) })
	}
	claimed := func(m domain.Message) domain.Message {
		m.Attempts, m.Lease = m.Attempts+1, m.Lease+1
		return m
	}

	t.Run("what is due is claimed, oldest first, once, and counted", func(t *testing.T) {
		old, young, later, bare := newMessage(noon.Add(-2*time.Hour)), newMessage(noon.Add(-time.Hour)), newMessage(noon.Add(time.Microsecond)), newMessage(noon)
		bare.ExpiresAt, bare.Payload, bare.RequestID = time.Time{}, nil, ""
		add(t, young, later, bare, old)
		same(t, "one", claim(t, noon, 1), []domain.Message{claimed(old)})
		same(t, "the rest", claim(t, noon, 10), []domain.Message{claimed(young), claimed(bare)})
		same(t, "nothing", claim(t, noon, 10), []domain.Message(nil))
		for _, m := range []domain.Message{old, young, bare} {
			if !settle(t, claimed(m), noon) {
				t.Error("a claimed message could not be settled")
			}
		}
		same(t, "when it is due", claim(t, later.RunAt, 10), []domain.Message{claimed(later)})
		settle(t, claimed(later), noon)
	})

	t.Run("only messages of the topics are claimed, and the others stay as they are", func(t *testing.T) {
		first, second, other := newMessage(noon.Add(-time.Hour)), newMessage(noon), newMessage(noon.Add(-2*time.Hour))
		second.Topic, other.Topic = domain.TopicForgot, "of a later release"
		add(t, first, second, other)
		for _, none := range [][]domain.Topic{nil, {domain.TopicResend}, {"' OR 1=1 --"}} {
			same(t, "none", of(t, none, noon, 10), []domain.Message(nil))
		}
		both := of(t, []domain.Topic{domain.TopicForgot, domain.TopicForgot}, noon, 10)
		same(t, "two topics", both, []domain.Message{claimed(first), claimed(second)})
		left := of(t, []domain.Topic{other.Topic}, noon, 10)
		same(t, "the other", left, []domain.Message{claimed(other)})
		for _, m := range append(both, left...) {
			settle(t, m, noon)
		}
	})

	t.Run("when its lease is over it is claimed again, and who was too slow settles nothing", func(t *testing.T) {
		add(t, newMessage(noon))
		slow := claim(t, noon, 1)[0]
		same(t, "during the lease", claim(t, noon.Add(lease-time.Microsecond), 1), []domain.Message(nil))
		fast := claim(t, noon.Add(lease), 1)
		same(t, "after it", fast, []domain.Message{claimed(slow)})
		if settle(t, slow, noon) {
			t.Error("the slow one settled")
		}
		if try(t, func(ctx context.Context, o store.Outbox) (bool, error) { return o.Retry(ctx, slow, noon, "slow") }) {
			t.Error("the slow one gave it back")
		}
		if try(t, func(ctx context.Context, o store.Outbox) (bool, error) { return o.Park(ctx, slow, noon, "slow") }) {
			t.Error("the slow one parked it")
		}
		if !settle(t, fast[0], noon) {
			t.Error("the holder could not settle")
		}
		if settle(t, fast[0], noon) {
			t.Error("it was settled twice")
		}
		same(t, "settled", claim(t, noon.Add(time.Hour), 1), []domain.Message(nil))
	})

	t.Run("given back it waits for its time, with its payload and attempts", func(t *testing.T) {
		m := newMessage(noon)
		add(t, m)
		got := claim(t, noon, 1)[0]
		again := noon.Add(10 * time.Second) // before the lease would have been over
		if !try(t, func(ctx context.Context, o store.Outbox) (bool, error) {
			return o.Retry(ctx, got, again, "server is busy")
		}) {
			t.Fatal("it was not taken back")
		}
		if settle(t, got, noon) {
			t.Error("settled by one who gave it back")
		}
		same(t, "too early", claim(t, again.Add(-time.Microsecond), 1), []domain.Message(nil))
		second := claim(t, again, 1)
		if len(second) != 1 || second[0].Attempts != 2 || string(second[0].Payload) != string(m.Payload) || !second[0].RunAt.Equal(again) {
			t.Fatalf("got %+v", second)
		}
		if !try(t, func(ctx context.Context, o store.Outbox) (bool, error) {
			return o.Park(ctx, second[0], noon, "no such mailbox")
		}) {
			t.Error("it was not parked")
		}
		same(t, "parked", claim(t, noon.Add(time.Hour), 1), []domain.Message(nil))
	})

	t.Run("the backlog is what was neither delivered nor given up, due or not", func(t *testing.T) {
		backlog := func() domain.Backlog {
			t.Helper()
			b, err := s.Read().Outbox.Backlog(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			return b
		}
		before := backlog().Messages
		oldest, later := newMessage(noon), newMessage(noon.Add(time.Hour))
		oldest.CreatedAt = noon.Add(-1000 * time.Hour)
		add(t, oldest, later)
		same(t, "two more", backlog(), domain.Backlog{Messages: before + 2, Oldest: oldest.CreatedAt})
		for _, m := range claim(t, noon.Add(time.Hour), 10) {
			if m.ID == oldest.ID {
				settle(t, m, noon)
			} else {
				try(t, func(ctx context.Context, o store.Outbox) (bool, error) {
					return o.Park(ctx, m, noon, "no such mailbox")
				})
			}
		}
		same(t, "none", backlog(), domain.Backlog{})
	})

	t.Run("a claim that is rolled back did not happen", func(t *testing.T) {
		m := newMessage(noon)
		add(t, m)
		_ = s.WithinTx(t.Context(), func(ctx context.Context, tx *store.Tx) error {
			if _, err := tx.Outbox.Claim(ctx, noon, lease, mail, 1); err != nil {
				t.Error(err)
			}
			return domain.ErrForbidden
		})
		same(t, "claim", claim(t, noon, 1), []domain.Message{claimed(m)})
		settle(t, claimed(m), noon)
	})

	t.Run("four dispatchers claim 200 messages without a duplicate", func(t *testing.T) {
		const messages = 200
		all := make([]domain.Message, messages)
		for i := range all {
			all[i] = newMessage(noon)
		}
		add(t, all...)
		var mu sync.Mutex
		seen := map[domain.MessageID]int{}
		race(t, 4, func(int) (bool, error) {
			for {
				var got []domain.Message
				err := s.WithinTx(t.Context(), func(ctx context.Context, tx *store.Tx) (err error) {
					got, err = tx.Outbox.Claim(ctx, noon, lease, mail, 7)
					return err
				})
				if err != nil || len(got) == 0 {
					return true, err
				}
				if len(got) > 7 {
					t.Errorf("claimed %d, asked for 7", len(got))
				}
				mu.Lock()
				for _, m := range got {
					seen[m.ID]++
				}
				mu.Unlock()
			}
		})
		for _, m := range all {
			if seen[m.ID] != 1 {
				t.Fatalf("a message was claimed %d times", seen[m.ID])
			}
		}
	})
}
