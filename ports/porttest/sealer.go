package porttest

import (
	"bytes"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/secure"
)

// The secrets of the Sealer suite; an adapter must accept them.
var (
	secureSecretA = domain.NewSecret("pL7mX2cVq9Rw4Tz8Nb1Ks6Yd3Hf0Gj5U")
	secureSecretB = domain.NewSecret("Ej6Wn1Sv8Bk3Qy0Mx5Ct9Pr2Lz7Fd4Ha")
	secureSecretC = domain.NewSecret("Uo5Ia9Tg2Dx7Vh4Zc1Jw8Nm3Re6Yb0Kq")
)

// Sealer is the contract of secure.Sealer. open makes one of a current secret and previous ones.
func Sealer(t *testing.T, open func(t *testing.T, current domain.Secret, previous ...domain.Secret) secure.Sealer) {
	const place = "outbox.payload:7a1c"
	seal := func(t *testing.T, s secure.Sealer, plain string) []byte {
		t.Helper()
		sealed, err := s.Seal(place, []byte(plain))
		if err != nil {
			t.Fatal(err)
		}
		return sealed
	}
	mustOpen := func(t *testing.T, s secure.Sealer, sealed []byte, want string) {
		t.Helper()
		if got, err := s.Open(place, sealed); err != nil || string(got) != want {
			t.Errorf("Open = %q, %v; want %q", got, err, want)
		}
	}
	mustNotOpen := func(t *testing.T, s secure.Sealer, place string, sealed []byte) {
		t.Helper()
		if got, err := s.Open(place, sealed); err == nil || got != nil {
			t.Errorf("%x opened at %q: %q, %v", sealed, place, got, err)
		}
	}

	t.Run("what was sealed opens", func(t *testing.T) {
		s := open(t, secureSecretA)
		for _, plain := range []string{"", "x", "a verification link", string(make([]byte, 100_000))} {
			mustOpen(t, s, seal(t, s, plain), plain)
		}
	})
	t.Run("it opens after a restart", func(t *testing.T) {
		mustOpen(t, open(t, secureSecretA), seal(t, open(t, secureSecretA), "x"), "x")
	})
	t.Run("sealing twice gives two texts, and neither shows the plaintext", func(t *testing.T) {
		s := open(t, secureSecretA)
		one, two := seal(t, s, "hunter2hunter2"), seal(t, s, "hunter2hunter2")
		if bytes.Equal(one, two) {
			t.Error("equal plaintexts can be told from the store")
		}
		if bytes.Contains(one, []byte("hunter2")) {
			t.Error("the plaintext shows")
		}
	})
	t.Run("a value moved to another place does not open", func(t *testing.T) {
		s := open(t, secureSecretA)
		sealed := seal(t, s, "x")
		for _, elsewhere := range []string{"outbox.payload:7a1d", "flows.payload:7a1c", "", place + " "} {
			mustNotOpen(t, s, elsewhere, sealed)
		}
	})
	t.Run("a value with any bit changed, or cut, does not open", func(t *testing.T) {
		s := open(t, secureSecretA)
		sealed := seal(t, s, "some text")
		for i := range len(sealed) * 8 {
			altered := bytes.Clone(sealed)
			altered[i/8] ^= 1 << (i % 8)
			mustNotOpen(t, s, place, altered)
		}
		for i := range sealed {
			mustNotOpen(t, s, place, sealed[:i])
		}
		mustNotOpen(t, s, place, append(bytes.Clone(sealed), 0))
		mustNotOpen(t, s, place, nil)
	})
	t.Run("a previous secret opens and does not seal", func(t *testing.T) {
		old := open(t, secureSecretA)
		rotated := open(t, secureSecretC, secureSecretB, secureSecretA)
		mustOpen(t, rotated, seal(t, old, "x"), "x")
		mustNotOpen(t, old, place, seal(t, rotated, "x"))
		mustOpen(t, open(t, secureSecretC), seal(t, rotated, "x"), "x")
	})
	t.Run("what a previous secret sealed is sealed again, so that it may go", func(t *testing.T) {
		sealed := seal(t, open(t, secureSecretA), "x")
		resealed, changed, err := open(t, secureSecretC, secureSecretB, secureSecretA).Reseal(place, sealed)
		if err != nil || !changed {
			t.Fatal(changed, err)
		}
		mustOpen(t, open(t, secureSecretC), resealed, "x")
		if again, changed, err := open(t, secureSecretC, secureSecretA).Reseal(place, resealed); err != nil || changed || !bytes.Equal(again, resealed) {
			t.Errorf("again: %v, %v", changed, err)
		}
		if got, changed, err := open(t, secureSecretC, secureSecretB).Reseal(place, sealed); err == nil || changed || got != nil {
			t.Errorf("of a secret that is gone: %x, %v, %v", got, changed, err)
		}
		if got, _, err := open(t, secureSecretC, secureSecretA).Reseal("flows.payload:7a1c", sealed); err == nil {
			t.Errorf("at another place: %x", got)
		}
	})
	t.Run("a secret that is gone opens nothing, and the value is told from a damaged one", func(t *testing.T) {
		s, sealed := open(t, secureSecretC, secureSecretB), seal(t, open(t, secureSecretA), "x")
		mustNotOpen(t, s, place, sealed)
		if _, err := s.Open(place, sealed); !errors.Is(err, secure.ErrUnknownSecret) {
			t.Errorf("Open: %v", err)
		}
		if _, _, err := s.Reseal(place, sealed); !errors.Is(err, secure.ErrUnknownSecret) {
			t.Errorf("Reseal: %v", err)
		}
		damaged := seal(t, s, "x")
		damaged[len(damaged)-1] ^= 1
		if _, err := s.Open(place, damaged); err == nil || errors.Is(err, secure.ErrUnknownSecret) {
			t.Errorf("a damaged one: %v", err)
		}
	})
	t.Run("Derive gives the key of the current secret and then of each previous one, 32 bytes each", func(t *testing.T) {
		var separate [][]byte
		for _, secret := range []domain.Secret{secureSecretC, secureSecretB, secureSecretA} {
			separate = append(separate, open(t, secret).Derive("refresh")...)
		}
		together := open(t, secureSecretC, secureSecretB, secureSecretA).Derive("refresh")
		if len(together) != 3 || len(separate) != 3 {
			t.Fatalf("%d and %d keys", len(together), len(separate))
		}
		for i := range together {
			if len(together[i]) != 32 || !bytes.Equal(together[i], separate[i]) {
				t.Errorf("key %d: %x, want %x", i, together[i], separate[i])
			}
		}
	})
	t.Run("labels and secrets have keys of their own", func(t *testing.T) {
		seen := map[string]string{}
		for name, s := range map[string]secure.Sealer{"A": open(t, secureSecretA), "B": open(t, secureSecretB)} {
			for _, label := range []string{"", "refresh", "code", "cursor", "refresh2"} {
				key := string(s.Derive(label)[0])
				if other, taken := seen[key]; taken {
					t.Errorf("%s/%q has the key of %s", name, label, other)
				}
				seen[key] = fmt.Sprintf("%s/%q", name, label)
			}
		}
	})
	t.Run("it is safe for concurrent use", func(t *testing.T) {
		s := open(t, secureSecretA, secureSecretB)
		want := open(t, secureSecretA, secureSecretB).Derive("refresh")
		var group sync.WaitGroup
		for i := range 32 {
			group.Go(func() {
				text := fmt.Sprint("text ", i)
				sealed, err := s.Seal(place, []byte(text))
				if err != nil {
					t.Error(err)
					return
				}
				if got, err := s.Open(place, sealed); err != nil || string(got) != text {
					t.Errorf("Open = %q, %v", got, err)
				}
				if got := s.Derive("refresh"); !bytes.Equal(got[0], want[0]) || !bytes.Equal(got[1], want[1]) {
					t.Error("Derive differs")
				}
			})
		}
		group.Wait()
	})
}
