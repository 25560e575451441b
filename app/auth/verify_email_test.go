package auth_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/app/auth"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
	"github.com/signet-auth/signet/test/testkit"
	"github.com/signet-auth/signet/test/testkit/rig"
)

func together[T any](n int, run func(int) T) []T { return testkit.Together(n, run) }

// link is the token of the link in a mail, 0 the newest.
func (b *bench) link(t *testing.T, i int) domain.Secret {
	t.Helper()
	mails := b.Inbox.List()
	if len(mails) <= i || len(mails[i].Links) == 0 {
		t.Fatalf("mail %d of %d has no link", i, len(mails))
	}
	return domain.NewSecret(mails[i].Links[0][strings.LastIndexByte(mails[i].Links[0], '/')+1:])
}

func (b *bench) byLink(t *testing.T, token domain.Secret) error {
	t.Helper()
	_, err := b.NewVerifyEmail().Handle(t.Context(), auth.VerifyEmailInput{From: rig.From, Token: token})
	return err
}

func (b *bench) byCode(t *testing.T, code string) error {
	t.Helper()
	_, err := b.NewVerifyEmail().Handle(t.Context(), auth.VerifyEmailInput{From: rig.From, Email: "ada@example.com", Code: domain.NewSecret(code)})
	return err
}

// waiting is a bench with registrations of one address, a second apart, their mails sent; no limits.
func waiting(t *testing.T, n int) (*bench, []auth.RegisterOutput) {
	t.Helper()
	b := newBench(t).unlimited()
	var out []auth.RegisterOutput
	for range n {
		b.Clock.Move(time.Second)
		o, err := b.register().Handle(t.Context(), registration("ada@example.com"))
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, o)
		b.Settle(t)
	}
	return b, out
}

func (b *bench) users(t *testing.T) int {
	t.Helper()
	return b.Database.Int(t, "SELECT count(*) FROM users")
}

func TestALink(t *testing.T) {
	t.Run("makes the user, who holds what every user does, and can log in", func(t *testing.T) {
		b, out := waiting(t, 1)
		is(t, "verify", b.byLink(t, b.link(t, 0)), nil)
		u, err := b.DB.Read().Users.ByID(t.Context(), out[0].UserID)
		if err != nil || !u.IsEmailVerified() || u.FirstName != "Ada" {
			t.Errorf("got %+v, %v", u, err)
		}
		held, err := b.DB.Read().Grants.Held(t.Context(), u.ID.Principal(), domain.PlatformID)
		if err != nil || len(held) != 1 || held[0].ID != domain.RolePlatformDefault {
			t.Errorf("held: %v, %v", held, err)
		}
		_, err = b.login().Handle(t.Context(), with(rig.Password))
		is(t, "login", err, nil)
		if diff := cmp.Diff([]int{1, 1}, []int{len(b.Events(t, domain.EventUserRegistered)), len(b.Events(t, domain.EventUserVerified))}); diff != "" {
			t.Error(diff)
		}
	})

	t.Run("works once, however many use it at once", func(t *testing.T) {
		b, _ := waiting(t, 1)
		token, verify, won := b.link(t, 0), b.NewVerifyEmail(), 0
		for _, err := range together(50, func(int) error {
			_, err := verify.Handle(t.Context(), auth.VerifyEmailInput{From: rig.From, Token: token})
			return err
		}) {
			switch {
			case err == nil:
				won++
			case !errors.Is(err, domain.ErrInvalidToken):
				t.Error(err)
			}
		}
		if won != 1 || b.users(t) != 1 {
			t.Errorf("%d won, %d users", won, b.users(t))
		}
	})

	t.Run("of one registration makes its user and drops the others, links and codes too", func(t *testing.T) {
		b, out := waiting(t, 3)
		first, last, code := b.link(t, 2), b.link(t, 0), b.code(t, 0)
		is(t, "the first", b.byLink(t, first), nil)
		if _, err := b.DB.Read().Users.ByID(t.Context(), out[0].UserID); err != nil {
			t.Errorf("the first's user: %v", err)
		}
		is(t, "the last", b.byLink(t, last), domain.ErrInvalidToken)
		is(t, "the last's code", b.byCode(t, code), domain.ErrInvalidToken)
		if n := b.rows(t); n["registrations"] != 0 || n["flows"] != 0 || n["users"] != 1 {
			t.Errorf("left: %v", n)
		}
	})

	t.Run("ends with its time", func(t *testing.T) {
		b, _ := waiting(t, 1)
		b.Clock.Move(24*time.Hour - time.Second)
		token := b.link(t, 0)
		b.Clock.Move(time.Second)
		is(t, "verify", b.byLink(t, token), domain.ErrInvalidToken)
	})

	t.Run("ends with its registration", func(t *testing.T) {
		b, _ := waiting(t, 1)
		b.Write(t, func(ctx context.Context, tx *store.Tx) error {
			return tx.Registrations.Extend(ctx, domain.RegistrationID(b.Database.Text(t, "SELECT id FROM registrations")), b.Clock.Now().Add(time.Hour))
		})
		b.Clock.Move(time.Hour)
		is(t, "verify", b.byLink(t, b.link(t, 0)), domain.ErrInvalidToken)
	})

	t.Run("makes no second user of an address", func(t *testing.T) {
		b, _ := waiting(t, 1)
		b.User(t, "ada@example.com")
		is(t, "verify", b.byLink(t, b.link(t, 0)), domain.ErrInvalidToken)
		if b.users(t) != 1 {
			t.Errorf("%d users", b.users(t))
		}
	})

	t.Run("that Signet never sent costs the block's budget, and no transaction", func(t *testing.T) {
		b := newBench(t)
		b.Store.Reset()
		for _, text := range []string{"x", strings.Repeat("A", 43), strings.Repeat("z", 43)} {
			is(t, text, b.byLink(t, domain.NewSecret(text)), domain.ErrInvalidToken)
		}
		if diff := cmp.Diff([]string{"take failures", "take failures", "take failures"}, b.steps.take()); diff != "" {
			t.Error(diff)
		}
		if n := b.Store.Count("WithinTx"); n != 0 {
			t.Errorf("%d transactions", n)
		}
	})
}

func TestAMailboxThatIsProvedLater(t *testing.T) {
	// unproved is a bench of the weaker mode, with a user who is logged in and has a link.
	unproved := func(t *testing.T) (*bench, domain.UserID, auth.LoginOutput) {
		t.Helper()
		b := newBench(t).unlimited()
		register := b.register()
		register.Policy.Friendly, register.Policy.Unproved = true, true
		out, err := register.Handle(t.Context(), registration("ada@example.com"))
		if err != nil {
			t.Fatal(err)
		}
		b.Settle(t)
		login := b.login()
		login.Unproved = true
		in, err := login.Handle(t.Context(), with(rig.Password))
		if err != nil {
			t.Fatal(err)
		}
		return b, out.UserID, in
	}

	t.Run("by the account's own link keeps everything, and the next token says so", func(t *testing.T) {
		b, id, in := unproved(t)
		is(t, "verify", b.byLink(t, b.link(t, 0)), nil)
		if _, err := b.Authenticator.Authenticate(t.Context(), in.Access.Token); err != nil {
			t.Errorf("the session: %v", err)
		}
		out, err := b.NewRefresh().Handle(t.Context(), auth.RefreshInput{From: rig.From, Token: in.RefreshToken})
		if err != nil {
			t.Fatal(err)
		}
		claims, err := b.Ring.Verify(t.Context(), out.Access.Token, rig.Issuer, b.Clock.Now())
		if err != nil || !claims.EmailVerified {
			t.Errorf("claims %+v, %v", claims, err)
		}
		if _, err := b.login().Handle(t.Context(), with(rig.Password)); err != nil {
			t.Errorf("the password of %s: %v", id, err)
		}
	})

	t.Run("is none when the address is another by then", func(t *testing.T) {
		b, id, _ := unproved(t)
		u, err := b.DB.Read().Users.ByID(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		u.Email = rig.Email(t, "new@example.com")
		b.Write(t, func(ctx context.Context, tx *store.Tx) error { return tx.Users.Update(ctx, u) })
		is(t, "verify", b.byLink(t, b.link(t, 0)), domain.ErrInvalidToken)
		if n := b.Database.Int(t, "SELECT count(*) FROM users WHERE email_verified_at IS NOT NULL"); n != 0 {
			t.Error("the new address counts as proved")
		}
	})

	t.Run("is none when the user is deleted by then, and enables nobody who is disabled", func(t *testing.T) {
		b, id, in := unproved(t)
		b.Principal(t, id, func(p *domain.Principal) { p.State = domain.Disabled })
		is(t, "verify", b.byLink(t, b.link(t, 0)), nil)
		if _, err := b.Authenticator.Authenticate(t.Context(), in.Access.Token); !errors.Is(err, domain.ErrTokenInvalid) {
			t.Errorf("disabled: %v", err)
		}
		b, id, _ = unproved(t)
		b.Principal(t, id, func(p *domain.Principal) { p.State = domain.Deleted })
		is(t, "verify", b.byLink(t, b.link(t, 0)), domain.ErrInvalidToken)
	})
}

func TestWhatVerifyEmailNeeds(t *testing.T) {
	b := newBench(t)
	for name, in := range map[string]auth.VerifyEmailInput{
		"nothing":         {},
		"a code alone":    {Code: domain.NewSecret("123456")},
		"an address only": {Email: "ada@example.com"},
		"a bad address":   {Email: "no", Code: domain.NewSecret("123456")},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := b.NewVerifyEmail().Handle(t.Context(), in)
			var e *domain.Error
			if !errors.As(err, &e) || e.Kind != domain.Invalid || len(e.Fields) == 0 {
				t.Errorf("got %v", err)
			}
		})
	}
}
