package core_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/app/auth"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/test/testkit/race"
)

// rows are what a registration may write.
func (b *authBench) rows(t *testing.T) map[string]int {
	t.Helper()
	counts := map[string]int{}
	for _, table := range []string{"users", "registrations", "flows", "outbox", "audit_events", "changes"} {
		counts[table] = b.Database.Int(t, "SELECT count(*) FROM "+table)
	}
	return counts
}

// grown is what was written since.
func grown(before, after map[string]int) map[string]int {
	more := map[string]int{}
	for table, n := range after {
		if n != before[table] {
			more[table] = n - before[table]
		}
	}
	return more
}

func TestRegister(t *testing.T) {
	steps := func(mail ...string) []string {
		return append(append([]string{"take registrations", "take mail-block"}, mail...), "reserve", "Users.ByEmail", "hash", "WithinTx")
	}
	for name, row := range map[string]struct {
		prepare func(t *testing.T, b *authBench)
		steps   []string
		rows    map[string]int
	}{
		"a free address": {func(*testing.T, *authBench) {}, steps("take mail"), map[string]int{"registrations": 1, "outbox": 1}},
		"a taken one":    {func(t *testing.T, b *authBench) { t.Helper(); b.User(t, "ada@example.com") }, steps("take mail"), map[string]int{"registrations": 1, "outbox": 1}},
		"one that gets no more mail": {
			func(t *testing.T, b *authBench) { t.Helper(); b.Settings.Guard.Limits.Mail.Burst = 0; b.Rebuild(t) },
			steps("refuse mail", "return mail-block"),
			map[string]int{"registrations": 1},
		},
	} {
		t.Run("goes its way for "+name, func(t *testing.T) {
			b := newAuthBench(t)
			row.prepare(t, b)
			before := b.rows(t)
			b.Queries("Users.ByEmail", "WithinTx")
			out, err := b.Auth.Register(t.Context(), registration("ada@example.com"))
			if err != nil || !out.Pending || out.UserID == "" {
				t.Fatalf("got %+v, %v", out, err)
			}
			if diff := cmp.Diff(row.steps, b.Steps.Take()); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(row.rows, grown(before, b.rows(t))); diff != "" {
				t.Error(diff)
			}
		})
	}

	t.Run("of a taken address writes to the stored one, not to the typed one", func(t *testing.T) {
		b := newAuthBench(t)
		b.User(t, "ada@example.com")
		_, err := b.Auth.Register(t.Context(), registration("Ada@example.com"))
		is(t, "register", err, nil)
		b.Settle(t)
		if mails := b.Inbox.List(); len(mails) != 1 || mails[0].To != "ada@example.com" {
			t.Errorf("got %+v", mails)
		}
	})

	t.Run("that a sixth has dropped sends nothing", func(t *testing.T) {
		b := newAuthBench(t).unlimited(t)
		for range domain.MaxPendingRegistrations + 1 {
			_, err := b.Auth.Register(t.Context(), registration("ada@example.com"))
			is(t, "register", err, nil)
			b.Clock.Move(time.Second)
		}
		b.Settle(t)
		if n := len(b.Inbox.List()); n != domain.MaxPendingRegistrations {
			t.Errorf("%d mails", n)
		}
	})

	t.Run("over the limit of a block costs no hash and no budget of mails", func(t *testing.T) {
		b := newAuthBench(t)
		b.Settings.Guard.Limits.Register.Burst = 1
		b.Rebuild(t)
		if _, err := b.Auth.Register(t.Context(), registration("ada@example.com")); err != nil {
			t.Fatal(err)
		}
		b.Steps.Take()
		_, err := b.Auth.Register(t.Context(), registration("eve@example.com"))
		is(t, "register", err, domain.ErrRateLimited)
		if diff := cmp.Diff([]string{"refuse registrations"}, b.Steps.Take()); diff != "" {
			t.Error(diff)
		}
	})

	t.Run("of bad input costs nothing", func(t *testing.T) {
		b := newAuthBench(t)
		if _, err := b.Auth.Register(t.Context(), auth.RegisterInput{Email: "no"}); err == nil {
			t.Error("it was taken")
		}
		if steps := b.Steps.Take(); len(steps) != 0 {
			t.Errorf("steps %v", steps)
		}
	})
}

func TestARegistrationThatFails(t *testing.T) {
	for name, fail := range map[string]func(b *authBench){
		"by a full queue":                              func(b *authBench) { b.Hasher.BeforeReserve = func() error { return domain.ErrBusy } },
		"by a database that is away":                   func(b *authBench) { b.Store.Down() },
		"by a database that goes away during the hash": func(b *authBench) { b.Hasher.AfterHash = b.Store.Down },
	} {
		t.Run(name+" gives the budget of its mail back", func(t *testing.T) {
			b := newAuthBench(t)
			fail(b)
			_, err := b.Auth.Register(t.Context(), registration("ada@example.com"))
			var e *domain.Error
			if !errors.As(err, &e) || e.Kind != domain.Unavailable {
				t.Errorf("got %v", err)
			}
			steps := b.Steps.Take()
			if name == "by a database that is away" && slices.Contains(steps, "reserve") {
				t.Error("it takes a place from those who can be served")
			}
			if !slices.Contains(steps, "return mail") || !slices.Contains(steps, "return mail-block") {
				t.Errorf("steps %v", steps)
			}
		})
	}
}

func TestTheOtherModesOfRegistration(t *testing.T) {
	t.Run("friendly says that an address is taken, before the hash, and returns the budget", func(t *testing.T) {
		b := newAuthBench(t)
		b.User(t, "ada@example.com")
		b.Settings.Registration.Friendly = true
		b.Rebuild(t)
		b.Steps.Take()
		_, err := b.Auth.Register(t.Context(), registration("ada@example.com"))
		is(t, "register", err, domain.ErrEmailTaken)
		if steps := b.Steps.Take(); slices.Contains(steps, "hash") || !slices.Contains(steps, "return mail") {
			t.Errorf("steps %v", steps)
		}
	})

	t.Run("unproved makes a user with the roles that every user gets", func(t *testing.T) {
		b := newAuthBench(t)
		b.Settings.Registration.Friendly, b.Settings.Registration.Unverified = true, true
		b.Rebuild(t)
		out, err := b.Auth.Register(t.Context(), registration("ada@example.com"))
		is(t, "register", err, nil)
		held, err := b.DB.Read().Grants.Held(t.Context(), out.UserID.Principal(), domain.PlatformID)
		if err != nil || len(held) != 1 || held[0].ID != domain.RolePlatformDefault {
			t.Errorf("held: %v, %v", held, err)
		}
	})

	t.Run("unproved makes one of parallel registrations", func(t *testing.T) {
		b := newAuthBench(t).unlimited(t)
		b.Settings.Registration.Friendly, b.Settings.Registration.Unverified = true, true
		b.Rebuild(t)
		made := 0
		for _, err := range race.Together(8, func(int) error {
			_, err := b.Auth.Register(t.Context(), registration("ada@example.com"))
			return err
		}) {
			if err == nil {
				made++
				continue
			}
			is(t, "register", err, domain.ErrEmailTaken)
		}
		if made != 1 {
			t.Errorf("%d were made", made)
		}
	})
}
