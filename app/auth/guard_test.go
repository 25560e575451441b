package auth_test

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
	"github.com/signet-auth/signet/ports/transient"
	"github.com/signet-auth/signet/test/testkit"
	"github.com/signet-auth/signet/test/testkit/rig"
)

func TestAttempts(t *testing.T) {
	ada := rig.Email(t, "ada@example.com")

	t.Run("ask the block before the account, and give both back", func(t *testing.T) {
		b := newBench(t)
		budget, err := b.Guard.Attempt(t.Context(), ada, rig.From)
		if err != nil {
			t.Fatal(err)
		}
		budget.Return()
		want := []string{"take failures", "take login", "return login", "return failures"}
		if diff := cmp.Diff(want, b.steps.take()); diff != "" {
			t.Error(diff)
		}
	})

	t.Run("over the block's limit use up no account's", func(t *testing.T) {
		b := newBench(t)
		b.Guard.Limits.Block.Burst = 1
		for range 2 {
			_, _ = b.Guard.Attempt(t.Context(), ada, rig.From)
		}
		if diff := cmp.Diff([]string{"take failures", "take login", "refuse failures"}, b.steps.take()); diff != "" {
			t.Error(diff)
		}
	})

	t.Run("over the account's limit use up no block's", func(t *testing.T) {
		b := newBench(t)
		b.Guard.Limits.Account.Burst = 1
		for range 2 {
			_, _ = b.Guard.Attempt(t.Context(), ada, rig.From)
		}
		want := []string{"take failures", "take login", "take failures", "refuse login", "return failures"}
		if diff := cmp.Diff(want, b.steps.take()); diff != "" {
			t.Error(diff)
		}
	})

	t.Run("say which limit and how long", func(t *testing.T) {
		b := newBench(t)
		b.Guard.Limits.Account = transient.Limit{Name: "login", Burst: 2, Window: 10 * time.Minute}
		var err error
		for range 3 {
			_, err = b.Guard.Attempt(t.Context(), ada, rig.From)
		}
		var e *domain.Error
		if !errors.As(err, &e) || !errors.Is(err, domain.ErrRateLimited) {
			t.Fatalf("got %v", err)
		}
		want := &domain.Quota{Limit: 2, Remaining: 0, Window: 10 * time.Minute, Reset: 10 * time.Minute}
		if diff := cmp.Diff(want, e.Quota); diff != "" || e.RetryAfter != 5*time.Minute {
			t.Errorf("%s, retry after %v", diff, e.RetryAfter)
		}
	})

	t.Run("of parallel callers never exceed the limit", func(t *testing.T) {
		b := newBench(t)
		granted := 0
		for _, err := range testkit.Together(50, func(int) error {
			_, err := b.Guard.Attempt(t.Context(), ada, rig.From)
			return err
		}) {
			if err == nil {
				granted++
			}
		}
		if granted != 10 {
			t.Errorf("%d were granted", granted)
		}
	})

	t.Run("of one account count together however it is spelled and wherever they come from", func(t *testing.T) {
		b := newBench(t)
		b.Guard.Limits.Account.Burst = 1
		_, _ = b.Guard.Attempt(t.Context(), ada, rig.From)
		_, err := b.Guard.Attempt(t.Context(), rig.Email(t, "ADA@EXAMPLE.COM"), domain.Origin{IP: "203.0.113.5"})
		is(t, "another spelling", err, domain.ErrRateLimited)
	})

	t.Run("of one IPv6 customer count together, and as an IPv4 address in disguise", func(t *testing.T) {
		b := newBench(t)
		b.Guard.Limits.Block.Burst = 1
		for i, ips := range [][2]string{{"2001:db8::1", "2001:db8::ffff"}, {"192.0.2.1", "::ffff:192.0.2.1"}} {
			email := rig.Email(t, []string{"one@example.com", "two@example.com"}[i])
			if _, err := b.Guard.Attempt(t.Context(), email, domain.Origin{IP: ips[0]}); err != nil {
				t.Fatal(err)
			}
			_, err := b.Guard.Attempt(t.Context(), email, domain.Origin{IP: ips[1]})
			is(t, ips[1], err, domain.ErrRateLimited)
		}
	})

	t.Run("of a long secret count for the block only", func(t *testing.T) {
		b := newBench(t)
		budget, err := b.Guard.AttemptToken(t.Context(), rig.From)
		if err != nil {
			t.Fatal(err)
		}
		budget.Return()
		if diff := cmp.Diff([]string{"take failures", "return failures"}, b.steps.take()); diff != "" {
			t.Error(diff)
		}
	})
}

func TestMailBudgets(t *testing.T) {
	ada := rig.Email(t, "ada@example.com")

	t.Run("ask the block before the address", func(t *testing.T) {
		b := newBench(t)
		budget, ok := b.Guard.AllowMail(t.Context(), ada, rig.From)
		budget.Return()
		want := []string{"take mail-block", "take mail", "return mail", "return mail-block"}
		if diff := cmp.Diff(want, b.steps.take()); diff != "" || !ok {
			t.Error(diff)
		}
	})

	t.Run("of mails that replace a password are no others' to use up", func(t *testing.T) {
		b := newBench(t)
		b.Guard.Limits.Mail.Burst = 1
		_, _ = b.Guard.AllowMail(t.Context(), ada, rig.From)
		b.steps.take()
		budget, ok := b.Guard.AllowRecovery(t.Context(), ada, rig.From)
		budget.Return()
		want := []string{"take mail-block", "take mail-recovery", "return mail-recovery", "return mail-block"}
		if diff := cmp.Diff(want, b.steps.take()); diff != "" || !ok {
			t.Error(diff)
		}
	})

	t.Run("refused for the address leave the block's alone, and have nothing to give back", func(t *testing.T) {
		b := newBench(t)
		b.Guard.Limits.Mail.Burst = 1
		_, _ = b.Guard.AllowMail(t.Context(), ada, rig.From)
		b.steps.take()
		budget, ok := b.Guard.AllowMail(t.Context(), ada, rig.From)
		budget.Return()
		if diff := cmp.Diff([]string{"take mail-block", "refuse mail", "return mail-block"}, b.steps.take()); diff != "" || ok {
			t.Error(diff)
		}
	})
}

func TestTheRunOfFailures(t *testing.T) {
	t.Run("is kept under a key that names nobody and that other secrets don't yield", func(t *testing.T) {
		b := newBench(t)
		key := b.Guard.RunKey(rig.Email(t, "ada@example.com"))
		if len(key) != 32 || bytes.Contains(key, []byte("ada")) {
			t.Errorf("the key is %q", key)
		}
		other := *b.Guard
		other.Sealer = rig.Sealer(t, "YW5vdGhlciBzZWNyZXQsIG9mIGFub3RoZXIgZGVwbG95bWVudA")
		if bytes.Equal(key, other.RunKey(rig.Email(t, "ada@example.com"))) {
			t.Error("the key does not depend on SECRET_KEY")
		}
	})

	t.Run("is counted exactly by parallel failures", func(t *testing.T) {
		b := newBench(t)
		ada := rig.Email(t, "ada@example.com")
		b.Guard.Lockout.Failures = 20
		locks := 0
		for _, locked := range testkit.Together(30, func(int) (locked bool) {
			err := b.Store.WithinTx(context.WithoutCancel(t.Context()), func(ctx context.Context, tx *store.Tx) (err error) {
				locked, err = b.Guard.Failed(ctx, tx, ada, rig.Noon)
				return err
			})
			return locked && err == nil
		}) {
			if locked {
				locks++
			}
		}
		run, err := b.DB.Read().Lockouts.ByKey(t.Context(), b.Guard.RunKey(ada))
		if err != nil || locks != 1 || run.Locks != 1 || run.Failures != 0 || !run.LockedUntil.Equal(rig.Noon.Add(15*time.Minute)) {
			t.Errorf("%d locks, %+v, %v", locks, run, err)
		}
	})
}
