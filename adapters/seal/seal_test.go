package seal_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/signet-auth/signet/adapters/seal"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/porttest"
	"github.com/signet-auth/signet/ports/secure"
)

const (
	secretA = "kQ3vN8xTz1Lr6YbWfH0cJp5MgAu9SdEi"
	secretB = "Zp4Xw7Rt2Vn9Kc6Bm1Qs8Ld3Hf5Gj0Ya"
)

func open(tb testing.TB, current string, previous ...string) *seal.Sealer {
	tb.Helper()
	var old []domain.Secret
	for _, p := range previous {
		old = append(old, domain.NewSecret(p))
	}
	s, err := seal.New(domain.NewSecret(current), old, rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

func TestContract(t *testing.T) {
	porttest.Sealer(t, func(t *testing.T, current domain.Secret, previous ...domain.Secret) secure.Sealer {
		s, err := seal.New(current, previous, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		return s
	})
}

func TestFormat(t *testing.T) {
	t.Run("a sealed value is version, key id, nonce, ciphertext and tag", func(t *testing.T) {
		sealed, err := open(t, secretA).Seal("flows.payload:1", []byte("12345"))
		if err != nil {
			t.Fatal(err)
		}
		if len(sealed) != 1+4+12+5+16 || sealed[0] != 1 {
			t.Errorf("sealed = %x", sealed)
		}
		other, err := open(t, secretB).Seal("flows.payload:1", []byte("12345"))
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Equal(sealed[1:5], other[1:5]) {
			t.Error("two secrets have one key id")
		}
	})
	t.Run("the derivation is pinned: a change of it would lose every sealed value", func(t *testing.T) {
		// Made by an independent HKDF: HMAC-SHA256 written out by hand over the same labels, then AES-256-GCM.
		sealed, plain := sealedByHand(t, secretA, "signing_keys.private:k1", []byte("a private key"))
		got, err := open(t, secretA).Open("signing_keys.private:k1", sealed)
		if err != nil || !bytes.Equal(got, plain) {
			t.Errorf("Open = %q, %v", got, err)
		}
		if key := expandByHand(secretA, "signet/v1/derive/refresh", 32); !bytes.Equal(open(t, secretA).Derive("refresh")[0], key) {
			t.Error("Derive is not HKDF-SHA256 under its label")
		}
	})
	t.Run("an unknown version does not open", func(t *testing.T) {
		sealed, _ := sealedByHand(t, secretA, "p", []byte("x"))
		sealed[0] = 2
		if _, err := open(t, secretA).Open("p", sealed); err == nil {
			t.Error("it opened")
		}
	})
}

func TestSecrets(t *testing.T) {
	t.Run("a secret that is listed twice is derived once", func(t *testing.T) {
		if n := len(open(t, secretA, secretB, secretA, secretB).Derive("x")); n != 2 {
			t.Errorf("%d keys", n)
		}
	})
	t.Run("a label can't reach the keys that seal", func(t *testing.T) {
		s := open(t, secretA)
		for _, label := range []string{"seal", "../seal", "signet/v1/seal"} {
			if bytes.Equal(s.Derive(label)[0], expandByHand(secretA, "signet/v1/seal", 32)) {
				t.Errorf("Derive(%q) is the sealing key", label)
			}
		}
	})
	t.Run("a failing source of entropy seals nothing", func(t *testing.T) {
		cut := errors.New("no entropy")
		for _, entropy := range []io.Reader{iotest.ErrReader(cut), io.LimitReader(rand.Reader, 5)} {
			s, err := seal.New(domain.NewSecret(secretA), nil, entropy)
			if err != nil {
				t.Fatal(err)
			}
			if sealed, err := s.Seal("p", []byte("x")); err == nil || sealed != nil {
				t.Errorf("Seal = %x, %v", sealed, err)
			}
		}
	})
}

func TestWeakSecrets_JW9(t *testing.T) {
	weak := map[string]string{
		"empty":                       "",
		"changeme":                    "changeme",
		"secret":                      "secret",
		"31 bytes":                    secretA[:31],
		"a placeholder, padded":       "your-secret-key-9f3a7c1e5b2d8640",
		"a placeholder in upper case": "CHANGE_ME_9f3a7c1e5b2d86409f3b7c",
		"dev-password":                "dev-password-0192837465-abdefghij",
		"one byte":                    strings.Repeat("x", 64),
		"seven different bytes":       "abcdefgbdacfegabgfedcabdgcaefbdgcafe"[:34],
		"one pattern twice":           "0123456789abcdef0123456789abcdef",
		"a pattern, cut off":          "kQ3vN8xTz1kQ3vN8xTz1kQ3vN8xTz1kQ3",
		"the alphabet":                "abcdefghijklmnopqrstuvwxyz0123456789",
		"long runs":                   "1111222233334444555566667777888899990000",
	}
	for name, value := range weak {
		t.Run(name+" is refused", func(t *testing.T) {
			_, err := seal.New(domain.NewSecret(value), nil, rand.Reader)
			if err == nil {
				t.Fatal("accepted")
			}
			if !strings.Contains(err.Error(), "the current secret") || !strings.Contains(err.Error(), "openssl rand") {
				t.Errorf("the error does not help: %v", err)
			}
			if value != "" && strings.Contains(err.Error(), value) && value != "secret" {
				t.Errorf("the error repeats the secret: %v", err)
			}
			_, err = seal.New(domain.NewSecret(secretA), []domain.Secret{domain.NewSecret(secretB), domain.NewSecret(value)}, rand.Reader)
			if err == nil || !strings.Contains(err.Error(), "previous secret 2") {
				t.Errorf("as a previous one: %v", err)
			}
		})
	}
	t.Run("random secrets are accepted in every usual spelling", func(t *testing.T) {
		for range 2000 {
			b := make([]byte, 32)
			_, _ = rand.Read(b)
			for _, text := range spellings(b) {
				if _, err := seal.New(domain.NewSecret(text), nil, rand.Reader); err != nil {
					t.Fatalf("%q: %v", text, err)
				}
			}
		}
	})
}

// FuzzOpen looks for a panic, and for a value that opens though it was not sealed, at that place.
func FuzzOpen(f *testing.F) {
	s := open(f, secretA, secretB)
	genuine, _ := sealedByHand(f, secretA, "outbox.payload:1", []byte("hello"))
	older, _ := sealedByHand(f, secretB, "outbox.payload:1", []byte("hello"))
	f.Add("outbox.payload:1", genuine)
	f.Add("outbox.payload:1", older)
	f.Add("outbox.payload:2", genuine)
	f.Add("", genuine[:17])
	f.Add("", []byte{})
	f.Fuzz(func(t *testing.T, place string, sealed []byte) {
		before := slices.Clone(sealed)
		plain, err := s.Open(place, sealed)
		if !bytes.Equal(before, sealed) {
			t.Error("Open changed its input")
		}
		if err == nil && (place != "outbox.payload:1" || !bytes.Equal(sealed, genuine) && !bytes.Equal(sealed, older)) {
			t.Errorf("%x opened at %q as %q", sealed, place, plain)
		}
	})
}

func BenchmarkSeal(b *testing.B) {
	s := open(b, secretA)
	for b.Loop() {
		if _, err := s.Seal("outbox.payload:1", make([]byte, 512)); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDerive(b *testing.B) {
	s := open(b, secretA, secretB)
	for b.Loop() {
		s.Derive("refresh")
	}
}
