package core_test

import (
	"strings"
	"sync/atomic"
	"testing"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/secure"
	"github.com/signet-auth/signet/test/testkit/race"
)

// code is the code in a mail, 0 the newest.
func (b *authBench) code(t *testing.T, i int) string {
	t.Helper()
	mails := b.Inbox.List()
	if len(mails) <= i || mails[i].Code == "" {
		t.Fatalf("mail %d of %d has no code", i, len(mails))
	}
	return mails[i].Code
}

// otherCode is a code that none of these is.
func otherCode(codes ...string) string {
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
	t.Run("may be guessed five times, however many guess at once", func(t *testing.T) {
		b, _ := waiting(t, 1)
		wrong := otherCode(b.code(t, 0))
		sealer := &counting{Sealer: b.Ports.Sealer}
		b.Ports.Sealer = sealer
		b.Rebuild(t)
		for _, err := range race.Together(50, func(int) error { return b.byCode(t, wrong) }) {
			is(t, "a guess", err, domain.ErrInvalidToken)
		}
		if n := sealer.codes.Load(); n != 5 {
			t.Errorf("%d guesses were compared", n)
		}
		if n := b.Database.Int(t, "SELECT tries FROM flows"); n != 5 {
			t.Errorf("%d tries were counted", n)
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
}
