package auth_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/app/auth"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/test/testkit/rig"
)

// rows are what a registration may write.
func (b *bench) rows(t *testing.T) map[string]int {
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
	steps := []string{"take registrations", "take mail-block", "take mail", "reserve", "Users.ByEmail", "hash", "WithinTx"}
	rows := map[string]int{"registrations": 1, "outbox": 1}

	for name, prepare := range map[string]func(t *testing.T, b *bench){
		"a free address": func(*testing.T, *bench) {},
		"a taken one":    func(t *testing.T, b *bench) { b.User(t, "ada@example.com") },
	} {
		t.Run("takes the same steps and writes the same rows for "+name, func(t *testing.T) {
			b := newBench(t)
			prepare(t, b)
			before := b.rows(t)
			b.watch("Users.ByEmail", "WithinTx")
			out, err := b.register().Handle(t.Context(), registration("ada@example.com"))
			if err != nil || !out.Pending || out.UserID == "" {
				t.Fatalf("got %+v, %v", out, err)
			}
			if diff := cmp.Diff(steps, b.steps.take()); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(rows, grown(before, b.rows(t))); diff != "" {
				t.Error(diff)
			}
		})
	}

	t.Run("says an id that the user will have", func(t *testing.T) {
		b := newBench(t)
		out, err := b.register().Handle(t.Context(), registration("ada@example.com"))
		if err != nil {
			t.Fatal(err)
		}
		b.Settle(t)
		verified, err := b.NewVerifyEmail().Handle(t.Context(), auth.VerifyEmailInput{From: rig.From, Token: b.link(t, 0)})
		if err != nil || verified.UserID != out.UserID {
			t.Errorf("got %v, %v, was told %v", verified.UserID, err, out.UserID)
		}
	})

	t.Run("of a taken address sends its owner a word, and leaves no registration and no secret", func(t *testing.T) {
		b := newBench(t)
		b.User(t, "ada@example.com")
		if _, err := b.register().Handle(t.Context(), registration("Ada@example.com")); err != nil {
			t.Fatal(err)
		}
		b.Settle(t)
		mails := b.Inbox.List()
		if len(mails) != 1 || mails[0].To != "ada@example.com" || mails[0].Code != "" { // the stored address, not the typed one
			t.Errorf("got %+v", mails)
		}
		if n := b.rows(t); n["registrations"] != 0 || n["flows"] != 0 {
			t.Errorf("left: %v", n)
		}
	})

	t.Run("over the limit of mails promises none, at the same cost and with the same answer", func(t *testing.T) {
		b := newBench(t)
		register := b.register()
		for range 3 {
			if _, err := register.Handle(t.Context(), registration("ada@example.com")); err != nil {
				t.Fatal(err)
			}
		}
		before := b.rows(t)
		b.steps.take()
		out, err := register.Handle(t.Context(), registration("ada@example.com"))
		if err != nil || !out.Pending || out.UserID == "" {
			t.Errorf("got %+v, %v", out, err)
		}
		if diff := cmp.Diff(map[string]int{"registrations": 1}, grown(before, b.rows(t))); diff != "" {
			t.Error(diff)
		}
		if steps := b.steps.take(); !slices.Contains(steps, "hash") {
			t.Errorf("steps %v", steps)
		}
	})

	t.Run("keeps five of an address: a sixth drops the oldest", func(t *testing.T) {
		b := newBench(t).unlimited()
		var ids []domain.UserID
		for range 6 {
			b.Clock.Move(time.Second)
			out, err := b.register().Handle(t.Context(), registration("ada@example.com"))
			if err != nil {
				t.Fatal(err)
			}
			ids = append(ids, out.UserID)
		}
		if n := b.rows(t)["registrations"]; n != domain.MaxPendingRegistrations {
			t.Errorf("%d registrations", n)
		}
		if n := b.Database.Int(t, "SELECT count(*) FROM registrations WHERE user_id = ?", string(ids[0])); n != 0 {
			t.Error("the oldest is still there")
		}
		b.Settle(t) // the message of the dropped one finds nothing to do
		if n := len(b.Inbox.List()); n != 5 {
			t.Errorf("%d mails", n)
		}
	})

	t.Run("over the limit of a block costs no hash and no budget of mails", func(t *testing.T) {
		b := newBench(t)
		b.Guard.Limits.Register.Burst = 1
		if _, err := b.register().Handle(t.Context(), registration("ada@example.com")); err != nil {
			t.Fatal(err)
		}
		b.steps.take()
		_, err := b.register().Handle(t.Context(), registration("eve@example.com"))
		is(t, "register", err, domain.ErrRateLimited)
		if diff := cmp.Diff([]string{"refuse registrations"}, b.steps.take()); diff != "" {
			t.Error(diff)
		}
	})

	t.Run("may be closed", func(t *testing.T) {
		for _, door := range []auth.RegistrationDoor{auth.DoorInvite, auth.DoorOff, ""} {
			b := newBench(t)
			register := b.register()
			register.Policy.Door = door
			_, err := register.Handle(t.Context(), registration("ada@example.com"))
			is(t, string(door), err, domain.ErrForbidden)
			if steps := b.steps.take(); len(steps) != 0 {
				t.Errorf("%s: steps %v", door, steps)
			}
		}
	})

	t.Run("of bad input names every bad member and costs nothing", func(t *testing.T) {
		b := newBench(t)
		_, err := b.register().Handle(t.Context(), auth.RegisterInput{Email: "no", Password: domain.NewSecret("short"), Locale: "?"})
		var e *domain.Error
		if !errors.As(err, &e) || len(e.Fields) != 3 {
			t.Errorf("got %v", err)
		}
		if steps := b.steps.take(); len(steps) != 0 {
			t.Errorf("steps %v", steps)
		}
	})
}

func TestARegistrationThatFails(t *testing.T) {
	for name, fail := range map[string]func(b *bench){
		"by a full queue":                              func(b *bench) { b.hasher.reserve = func() error { return domain.ErrBusy } },
		"by a database that is away":                   func(b *bench) { b.Store.Down() },
		"by a database that goes away during the hash": func(b *bench) { b.hasher.hashed = b.Store.Down },
	} {
		t.Run(name+" gives the budget of its mail back", func(t *testing.T) {
			b := newBench(t)
			fail(b)
			_, err := b.register().Handle(t.Context(), registration("ada@example.com"))
			var e *domain.Error
			if !errors.As(err, &e) || e.Kind != domain.Unavailable {
				t.Errorf("got %v", err)
			}
			steps := b.steps.take()
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
		b := newBench(t)
		b.User(t, "ada@example.com")
		register := b.register()
		register.Policy.Friendly = true
		_, err := register.Handle(t.Context(), registration("ada@example.com"))
		is(t, "register", err, domain.ErrEmailTaken)
		if steps := b.steps.take(); slices.Contains(steps, "hash") || !slices.Contains(steps, "return mail") {
			t.Errorf("steps %v", steps)
		}
	})

	t.Run("unproved makes the user at once, with the roles that every user gets", func(t *testing.T) {
		b := newBench(t)
		register := b.register()
		register.Policy.Friendly, register.Policy.Unproved = true, true
		out, err := register.Handle(t.Context(), registration("ada@example.com"))
		if err != nil || out.Pending {
			t.Fatalf("got %+v, %v", out, err)
		}
		u, err := b.DB.Read().Users.ByID(t.Context(), out.UserID)
		if err != nil || u.IsEmailVerified() {
			t.Errorf("got %+v, %v", u, err)
		}
		held, err := b.DB.Read().Grants.Held(t.Context(), u.ID.Principal(), domain.PlatformID)
		if err != nil || len(held) != 1 || held[0].ID != domain.RolePlatformDefault {
			t.Errorf("held: %v, %v", held, err)
		}
		b.Settle(t)
		if n := len(b.Inbox.List()); n != 1 {
			t.Errorf("%d mails", n)
		}
	})

	t.Run("unproved makes one of parallel registrations", func(t *testing.T) {
		b := newBench(t).unlimited()
		register := b.register()
		register.Policy.Friendly, register.Policy.Unproved = true, true
		results := map[string]int{}
		for _, err := range together(8, func(int) error {
			_, err := register.Handle(t.Context(), registration("ada@example.com"))
			return err
		}) {
			if err != nil && !errors.Is(err, domain.ErrEmailTaken) {
				t.Error(err)
			}
			results[fmt.Sprint(err == nil)]++
		}
		if results["true"] != 1 {
			t.Errorf("made: %v", results)
		}
	})
}
