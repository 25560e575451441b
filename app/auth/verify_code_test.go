package auth_test

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/signet-auth/signet/app/auth"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/secure"
	"github.com/signet-auth/signet/test/testkit/rig"
)

// code is the code in a mail, 0 the newest.
func (b *bench) code(t *testing.T, i int) string {
	t.Helper()
	mails := b.Inbox.List()
	if len(mails) <= i || mails[i].Code == "" {
		t.Fatalf("mail %d of %d has no code", i, len(mails))
	}
	return mails[i].Code
}

// other is a code that none of these is.
func other(codes ...string) string {
	for _, code := range []string{"000000", "111111", "222222", "333333", "444444", "555555", "666666"} {
		if !strings.Contains(strings.Join(codes, " "), code) {
			return code
		}
	}
	panic("unreachable: a mail has one code")
}

// counting is a sealer that counts how often a code is compared.
type counting struct {
	secure.Sealer
	codes atomic.Int64
}

func (s *counting) Derive(label string) [][]byte {
	if label == "codes" {
		s.codes.Add(1)
	}
	return s.Sealer.Derive(label)
}

func TestACode(t *testing.T) {
	t.Run("proves the mailbox, typed as people type", func(t *testing.T) {
		b, _ := waiting(t, 1)
		code := b.code(t, 0)
		is(t, "verify", b.byCode(t, " "+code[:3]+"-"+code[3:]), nil)
	})

	t.Run("may be guessed five times, however many guess at once", func(t *testing.T) {
		b, _ := waiting(t, 1)
		wrong := other(b.code(t, 0))
		sealer := &counting{Sealer: b.Sealer}
		b.Verification.Sealer = sealer
		verify := b.NewVerifyEmail()
		for _, err := range together(50, func(int) error {
			_, err := verify.Handle(t.Context(), auth.VerifyEmailInput{From: rig.From, Email: "ada@example.com", Code: domain.NewSecret(wrong)})
			return err
		}) {
			is(t, "a guess", err, domain.ErrInvalidToken)
		}
		if n := sealer.codes.Load(); n != 5 {
			t.Errorf("%d guesses were compared", n)
		}
		if n := b.Database.Int(t, "SELECT tries FROM flows"); n != 5 {
			t.Errorf("%d tries were counted", n)
		}
		is(t, "the right code, too late", b.byCode(t, b.code(t, 0)), domain.ErrInvalidToken)
		is(t, "the link", b.byLink(t, b.link(t, 0)), nil)
	})

	t.Run("is still good after four wrong ones", func(t *testing.T) {
		b, _ := waiting(t, 1)
		for range 4 {
			is(t, "a guess", b.byCode(t, other(b.code(t, 0))), domain.ErrInvalidToken)
		}
		is(t, "the right one", b.byCode(t, b.code(t, 0)), nil)
	})

	t.Run("that is wrong counts against every live one of the address", func(t *testing.T) {
		b, _ := waiting(t, 3)
		wrong := other(b.code(t, 0), b.code(t, 1), b.code(t, 2))
		for range 5 {
			is(t, "a guess", b.byCode(t, wrong), domain.ErrInvalidToken)
		}
		for i := range 3 {
			is(t, "a right one", b.byCode(t, b.code(t, i)), domain.ErrInvalidToken)
		}
	})

	t.Run("of an older registration makes its user", func(t *testing.T) {
		b, out := waiting(t, 2)
		if b.code(t, 0) == b.code(t, 1) {
			t.Skip("two equal codes, once in a million")
		}
		is(t, "the older", b.byCode(t, b.code(t, 1)), nil)
		if _, err := b.DB.Read().Users.ByID(t.Context(), out[0].UserID); err != nil {
			t.Error(err)
		}
	})

	t.Run("ends before its link", func(t *testing.T) {
		b, _ := waiting(t, 1)
		b.Clock.Move(10 * time.Minute)
		is(t, "the code", b.byCode(t, b.code(t, 0)), domain.ErrInvalidToken)
		is(t, "the link", b.byLink(t, b.link(t, 0)), nil)
	})

	t.Run("is good under a former SECRET_KEY too", func(t *testing.T) {
		b, _ := waiting(t, 1)
		b.Verification.Sealer = rig.Sealer(t, "YW5vdGhlciBzZWNyZXQsIG9mIGFub3RoZXIgZGVwbG95bWVudA", rig.SecretKey)
		is(t, "verify", b.byCode(t, b.code(t, 0)), nil)
	})

	t.Run("opens no other address", func(t *testing.T) {
		b, _ := waiting(t, 1)
		_, err := b.NewVerifyEmail().Handle(t.Context(), auth.VerifyEmailInput{
			From: rig.From, Email: "eve@example.com", Code: domain.NewSecret(b.code(t, 0)),
		})
		is(t, "verify", err, domain.ErrInvalidToken)
	})

	t.Run("is guessed from the budget of wrong passwords", func(t *testing.T) {
		b := newBench(t)
		for range 10 {
			is(t, "a guess", b.byCode(t, "000000"), domain.ErrInvalidToken)
		}
		is(t, "one more", b.byCode(t, "000000"), domain.ErrRateLimited)
		_, err := b.login().Handle(t.Context(), with("wrong"))
		is(t, "a password", err, domain.ErrRateLimited)
	})
}
