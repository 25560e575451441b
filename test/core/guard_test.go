package core_test

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/app/guard"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/mailer"
	"github.com/signet-auth/signet/ports/store"
	"github.com/signet-auth/signet/test/testkit/race"
	"github.com/signet-auth/signet/test/testkit/rig"
)

func TestTheOrderOfBudgets(t *testing.T) {
	ada := rig.Email(t, "ada@example.com")
	attempt := func(t *testing.T, g *guard.Guard) guard.Reservation {
		t.Helper()
		budget, err := g.Attempt(t.Context(), ada, rig.From)
		if err != nil {
			t.Fatal(err)
		}
		return budget
	}
	for name, row := range map[string]struct {
		limit func(l *guard.Limits)
		take  func(t *testing.T, g *guard.Guard)
		want  []string
	}{
		"an attempt asks the block before the account, and gives both back": {
			nil, func(t *testing.T, g *guard.Guard) { t.Helper(); attempt(t, g).Return() },
			[]string{"take failures", "take login", "return login", "return failures"},
		},
		"an attempt over the block's limit uses up no account's": {
			func(l *guard.Limits) { l.Block.Burst = 1 },
			func(t *testing.T, g *guard.Guard) {
				t.Helper()
				attempt(t, g)
				_, _ = g.Attempt(t.Context(), ada, rig.From)
			},
			[]string{"take failures", "take login", "refuse failures"},
		},
		"an attempt over the account's limit uses up no block's": {
			func(l *guard.Limits) { l.Account.Burst = 1 },
			func(t *testing.T, g *guard.Guard) {
				t.Helper()
				attempt(t, g)
				_, _ = g.Attempt(t.Context(), ada, rig.From)
			},
			[]string{"take failures", "take login", "take failures", "refuse login", "return failures"},
		},
		"a long secret counts for the block only": {
			nil, func(t *testing.T, g *guard.Guard) {
				t.Helper()
				budget, err := g.AttemptToken(t.Context(), rig.From)
				if err != nil {
					t.Fatal(err)
				}
				budget.Return()
			}, []string{"take failures", "return failures"},
		},
		"a mail asks the block before the address": {
			nil, func(t *testing.T, g *guard.Guard) { t.Helper(); allowMail(t, ofKind(g), ada, true) },
			[]string{"take mail-block", "take mail", "return mail", "return mail-block"},
		},
		"a mail that replaces a password is none of the others": {
			nil, func(t *testing.T, g *guard.Guard) { t.Helper(); allowMail(t, g.AllowRecovery, ada, true) },
			[]string{"take mail-block", "take mail-recovery", "return mail-recovery", "return mail-block"},
		},
		"a mail refused for the address leaves the block's alone, and has nothing to give back": {
			func(l *guard.Limits) { l.Mail.Burst = 0 },
			func(t *testing.T, g *guard.Guard) { t.Helper(); allowMail(t, ofKind(g), ada, false) },
			[]string{"take mail-block", "refuse mail", "return mail-block"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := rig.NewWatched(t)
			if row.limit != nil {
				row.limit(&w.Settings.Guard.Limits)
				w.Rebuild(t)
			}
			row.take(t, w.Guard)
			if diff := cmp.Diff(row.want, w.Steps.Take()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func ofKind(g *guard.Guard) func(context.Context, domain.Email, domain.Origin) (guard.Reservation, bool) {
	return func(ctx context.Context, email domain.Email, from domain.Origin) (guard.Reservation, bool) {
		return g.AllowMail(ctx, mailer.Verify, email, from)
	}
}

// allowMail takes the budget of one and gives it back.
func allowMail(t *testing.T, allow func(context.Context, domain.Email, domain.Origin) (guard.Reservation, bool), to domain.Email, want bool) {
	t.Helper()
	budget, ok := allow(t.Context(), to, rig.From)
	if ok != want {
		t.Errorf("allowed: %v", ok)
	}
	budget.Return()
}

func TestAnAccountIsOneHoweverItIsSpelled(t *testing.T) {
	w := rig.NewWatched(t)
	w.Settings.Guard.Limits.Account.Burst = 1
	w.Rebuild(t)
	if _, err := w.Guard.Attempt(t.Context(), rig.Email(t, "ada@example.com"), rig.From); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Guard.Attempt(t.Context(), rig.Email(t, "ADA@EXAMPLE.COM"), rig.From); !errors.Is(err, domain.ErrRateLimited) {
		t.Errorf("got %v", err)
	}
}

func TestTheRunOfFailures(t *testing.T) {
	t.Run("is kept under a key that other secrets don't yield", func(t *testing.T) {
		r, ada := rig.New(t), rig.Email(t, "ada@example.com")
		other := guard.New(r.Ports.Limiter, rig.Sealer(t, "YW5vdGhlciBzZWNyZXQsIG9mIGFub3RoZXIgZGVwbG95bWVudA"), r.Stops, r.Settings.Guard)
		if bytes.Equal(r.Guard.RunKey(ada), other.RunKey(ada)) {
			t.Error("the key does not depend on SECRET_KEY")
		}
	})

	t.Run("is counted exactly by parallel failures", func(t *testing.T) {
		r, ada := rig.New(t), rig.Email(t, "ada@example.com")
		r.Settings.Guard.Lockout.Failures = 20
		r.Rebuild(t)
		locks := 0
		for _, locked := range race.Together(30, func(int) (locked bool) {
			err := r.Store.WithinTx(context.WithoutCancel(t.Context()), func(ctx context.Context, tx *store.Tx) (err error) {
				locked, err = r.Guard.Failed(ctx, tx, r.Guard.RunKey(ada), rig.Noon)
				return err
			})
			return locked && err == nil
		}) {
			if locked {
				locks++
			}
		}
		run, err := r.DB.Read().Lockouts.ByKey(t.Context(), r.Guard.RunKey(ada))
		if err != nil || locks != 1 || run.Locks != 1 || run.Failures != 0 || !run.LockedUntil.Equal(rig.Noon.Add(15*time.Minute)) {
			t.Errorf("%d locks, %+v, %v", locks, run, err)
		}
	})
}
