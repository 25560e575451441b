package core_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/app/auth"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/test/testkit/rig"
)

// link is the token of the link in a mail, 0 the newest.
func (b *authBench) link(t *testing.T, i int) domain.Secret {
	t.Helper()
	mails := b.Inbox.List()
	if len(mails) <= i || len(mails[i].Links) == 0 {
		t.Fatalf("mail %d of %d has no link", i, len(mails))
	}
	return domain.NewSecret(mails[i].Links[0][strings.LastIndexByte(mails[i].Links[0], '/')+1:])
}

func (b *authBench) byLink(t *testing.T, token domain.Secret) error {
	t.Helper()
	return b.Auth.VerifyEmail(t.Context(), auth.VerifyEmailInput{From: rig.From, Token: token})
}

func (b *authBench) byCode(t *testing.T, code string) error {
	t.Helper()
	return b.Auth.VerifyEmail(t.Context(), auth.VerifyEmailInput{From: rig.From, Email: "ada@example.com", Code: domain.NewSecret(code)})
}

// waiting is a bench with registrations of one address, a second apart, their mails sent; no limits.
func waiting(t *testing.T, n int) (*authBench, []auth.RegisterOutput) {
	t.Helper()
	b := newAuthBench(t).unlimited(t)
	var out []auth.RegisterOutput
	for range n {
		b.Clock.Move(time.Second)
		o, err := b.Auth.Register(t.Context(), registration("ada@example.com"))
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, o)
		b.Settle(t)
	}
	return b, out
}

func TestALink(t *testing.T) {
	t.Run("makes no second user of an address", func(t *testing.T) {
		b, _ := waiting(t, 1)
		b.User(t, "ada@example.com")
		is(t, "verify", b.byLink(t, b.link(t, 0)), domain.ErrInvalidToken)
		if n := b.Database.Int(t, "SELECT count(*) FROM users"); n != 1 {
			t.Errorf("%d users", n)
		}
	})

	t.Run("that Signet never sent costs the block's budget, and no transaction", func(t *testing.T) {
		b := newAuthBench(t)
		b.Store.Reset()
		for _, text := range []string{"x", strings.Repeat("A", 43), strings.Repeat("z", 43)} {
			is(t, text, b.byLink(t, domain.NewSecret(text)), domain.ErrInvalidToken)
		}
		if diff := cmp.Diff([]string{"take failures", "take failures", "take failures"}, b.Steps.Take()); diff != "" {
			t.Error(diff)
		}
		if n := b.Store.Count("WithinTx"); n != 0 {
			t.Errorf("%d transactions", n)
		}
	})
}

func TestAProofThatComesLate(t *testing.T) {
	// The account was made in the weaker mode, before its mailbox was proved.
	for state, want := range map[domain.PrincipalState]error{domain.Disabled: nil, domain.Deleted: domain.ErrInvalidToken} {
		t.Run("leaves an account "+string(state), func(t *testing.T) {
			b := newAuthBench(t)
			b.Settings.Registration.Friendly, b.Settings.Registration.Unverified = true, true
			b.Rebuild(t)
			out, err := b.Auth.Register(t.Context(), registration("ada@example.com"))
			is(t, "register", err, nil)
			b.Settle(t)
			b.Principal(t, out.UserID, func(p *domain.Principal) { p.State = state })
			is(t, "verify", b.byLink(t, b.link(t, 0)), want)
			if got := b.Database.Text(t, "SELECT state FROM principals WHERE id = ?", string(out.UserID)); got != string(state) {
				t.Errorf("it is %s", got)
			}
		})
	}
}
