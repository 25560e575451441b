package jwtoken_test

import (
	"testing"

	"github.com/signet-auth/signet/adapters/jwtoken"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/secure"
)

func signer(tb testing.TB, p pair) secure.Signer {
	tb.Helper()
	s, err := jwtoken.Issuer{}.Signer(p.SigningKey)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

func sign(tb testing.TB, p pair, c domain.Claims) string {
	tb.Helper()
	token, err := signer(tb, p).Sign(c)
	if err != nil {
		tb.Fatal(err)
	}
	return token
}

func eachAlgorithm(b *testing.B, run func(b *testing.B, p pair)) {
	for _, alg := range []domain.Algorithm{domain.ES256, domain.RS256, domain.EdDSA} {
		b.Run(string(alg), func(b *testing.B) {
			p := newPair(b, alg)
			b.ReportAllocs()
			b.ResetTimer()
			run(b, p)
		})
	}
}

func BenchmarkSign(b *testing.B) {
	eachAlgorithm(b, func(b *testing.B, p pair) {
		s := signer(b, p)
		for b.Loop() {
			if _, err := s.Sign(claims()); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	eachAlgorithm(b, func(b *testing.B, p pair) {
		token := sign(b, p, claims())
		for b.Loop() {
			if _, err := p.check(token); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkPeek(b *testing.B) {
	p := newPair(b, domain.ES256)
	token := sign(b, p, claims())
	for b.Loop() {
		if _, ok := (jwtoken.Verifier{}).Peek(token); !ok {
			b.Fatal("refused")
		}
	}
}
