package core_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/signet-auth/signet/app/password"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
	"github.com/signet-auth/signet/test/testkit/rig"
)

func TestForgot(t *testing.T) {
	forget := func(t *testing.T, b *passwordBench, address string) error {
		t.Helper()
		return b.Password.Forgot(t.Context(), password.ForgotInput{From: rig.From, Email: address})
	}

	t.Run("is one transaction and one row for every address, and looks at no account", func(t *testing.T) {
		b := newPasswordBench(t)
		for i, address := range []string{"ada@example.com", "nobody@example.com"} {
			b.Store.Reset()
			is(t, "forgot", forget(t, b, address), nil)
			if all, tx := b.Store.Count(), b.Store.Count("WithinTx"); all != 1 || tx != 1 {
				t.Errorf("%s takes %d queries, %d of them transactions", address, all, tx)
			}
			if n := b.Due(t); n != i+1 {
				t.Errorf("%d messages", n)
			}
		}
		b.spent(t, map[string]int{"mail-recovery": 2, "mail-block": 2})
	})

	t.Run("that could not be stored gives its budget back", func(t *testing.T) {
		b := newPasswordBench(t)
		b.Store.Down()
		is(t, "forgot", forget(t, b, "ada@example.com"), domain.ErrUnavailable)
		b.spent(t, map[string]int{"mail-recovery": 0, "mail-block": 0})
	})

	t.Run("of what is no address costs nothing", func(t *testing.T) {
		b := newPasswordBench(t)
		is(t, "forgot", forget(t, b, "nobody"), domain.ErrInvalidFields(domain.FieldError{Field: "email"}))
		b.spent(t, nil)
	})
}

func TestRecovery(t *testing.T) {
	ask := func(t *testing.T, b *passwordBench, address string) {
		t.Helper()
		is(t, "forgot", b.Password.Forgot(t.Context(), password.ForgotInput{From: rig.From, Email: address}), nil)
	}

	t.Run("makes the secret, its mail and the event in one transaction, or none of them", func(t *testing.T) {
		b := newPasswordBench(t)
		ask(t, b, "ada@example.com")
		no := errors.New("no")
		err := b.Store.WithinTx(t.Context(), func(ctx context.Context, tx *store.Tx) error {
			claimed, err := tx.Outbox.Claim(ctx, b.Clock.Now(), time.Minute, []domain.Topic{domain.TopicForgot}, 1)
			if err != nil || len(claimed) != 1 {
				t.Fatalf("claimed %d, %v", len(claimed), err)
			}
			return errors.Join(b.Password.PrepareForgot(ctx, tx, claimed[0]), no)
		})
		is(t, "the transaction", err, no)
		if n := b.open(t) + len(b.Events(t, domain.EventResetRequested)); n != 0 {
			t.Errorf("%d flows and events stay of a transaction that failed", n)
		}
		b.Settle(t)
		if flows, events := b.open(t), b.Events(t, domain.EventResetRequested); flows != 1 || len(events) != 1 || events[0].RequestID != rig.From.RequestID {
			t.Errorf("%d flows, events %+v", flows, events)
		}
	})

	t.Run("of a request that was left lying is too late", func(t *testing.T) {
		b := newPasswordBench(t)
		ask(t, b, "ada@example.com")
		b.Clock.Move(30 * time.Minute)
		b.Settle(t)
		if n := b.open(t) + len(b.Inbox.List()); n != 0 {
			t.Errorf("%d flows and mails", n)
		}
	})

	t.Run("sends a link when the disablement is over by itself", func(t *testing.T) {
		b := newPasswordBench(t)
		b.Principal(t, b.user.ID, func(p *domain.Principal) { p.State, p.DisabledUntil = domain.Disabled, rig.Noon.Add(time.Hour) })
		b.Clock.Move(time.Hour)
		b.Poll(t)
		is(t, "reset", b.reset(t, b.link(t, "ada@example.com"), fresh), nil)
	})
}
