package domain_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/signet-auth/signet/domain"
)

const flowID = domain.FlowID("fa000000-0000-4000-8000-00000000000a")

var (
	codeKey    = []byte("a key under SECRET_KEY")
	codePolicy = domain.CodePolicy{TTL: 10 * time.Minute, Tries: 5}
)

func newFlow(t testing.TB, id domain.FlowID, entropy io.Reader) (domain.Flow, domain.OneTimeSecret) {
	t.Helper()
	f, secret, err := domain.NewFlow(id, domain.PurposeVerifyRegistration, "subject", email(t, "Bob@Example.com"), codeKey, entropy, epoch, 24*time.Hour, codePolicy)
	if err != nil {
		t.Fatal(err)
	}
	return f, secret
}

func TestNewFlow(t *testing.T) {
	f, secret := newFlow(t, flowID, seeded(1))

	t.Run("is bound to purpose, subject, address and times (ASVS 6.6.2)", func(t *testing.T) {
		wantEqual(t, f, domain.Flow{
			ID: flowID, Purpose: domain.PurposeVerifyRegistration, SecretHash: f.SecretHash, CodeHash: f.CodeHash, Subject: "subject",
			Address: "bob@example.com", CreatedAt: epoch, CodeExpiresAt: epoch.Add(10 * time.Minute), ExpiresAt: epoch.Add(24 * time.Hour),
		})
	})
	t.Run("has a link of 32 random bytes, kept as their SHA-256 (ASVS 11.5.1)", func(t *testing.T) {
		raw := make([]byte, 32)
		if _, err := io.ReadFull(seeded(1), raw); err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(raw)
		wantEqual(t, secret.Link.Reveal(), inBase62(raw))
		wantEqual(t, f.SecretHash, sum[:])
		hash, ok := domain.HashOneTimeSecret(secret.Link)
		wantEqual(t, ok, true)
		wantEqual(t, hash, f.SecretHash)
	})
	t.Run("keeps neither the link nor the code", func(t *testing.T) {
		text := fmt.Sprintf("%+v %s %s", f, f.SecretHash, f.CodeHash)
		if strings.Contains(text, secret.Link.Reveal()) || strings.Contains(text, secret.Code.Reveal()) {
			t.Error(text)
		}
	})
	t.Run("fails when entropy does", func(t *testing.T) {
		for n := range 40 {
			if _, _, err := domain.NewFlow(flowID, "p", "s", domain.Email{}, codeKey, dry(n), epoch, time.Hour, codePolicy); err == nil {
				t.Fatalf("a secret was made of %d random bytes", n)
			}
		}
	})
}

func TestFlowCodes(t *testing.T) {
	six := regexp.MustCompile(`^[0-9]{6}$`)

	t.Run("are 8 random bytes modulo a million, with their leading zeros", func(t *testing.T) {
		for n, want := range map[uint64]string{
			0: "000000", 7: "000007", 999_999: "999999", 1_000_000: "000000", 1_000_001: "000001", 123_456_042_000: "042000", 1<<64 - 1: "551615",
		} {
			_, secret := newFlow(t, flowID, bytes.NewReader(append(make([]byte, 32), binary.BigEndian.AppendUint64(nil, n)...)))
			wantEqual(t, secret.Code.Reveal(), want)
		}
	})
	t.Run("have six digits and every first digit equally often", func(t *testing.T) {
		const draws = 10_000
		var first [10]int
		entropy := seeded(2)
		for range draws {
			_, secret := newFlow(t, flowID, entropy)
			code := secret.Code.Reveal()
			if !six.MatchString(code) {
				t.Fatalf("%q", code)
			}
			first[code[0]-'0']++
		}
		chi := 0.0
		for _, n := range first {
			d := float64(n) - draws/10
			chi += d * d / (draws / 10)
		}
		if chi > 27.9 { // 9 degrees of freedom, one in a thousand; the seed is fixed
			t.Errorf("first digits %v, chi square %.1f", first, chi)
		}
	})
	t.Run("open their own flow and no other, the same code included", func(t *testing.T) {
		same := func() io.Reader { return bytes.NewReader(make([]byte, 40)) }
		a, secret := newFlow(t, flowID, same())
		b, other := newFlow(t, "fb000000-0000-4000-8000-00000000000b", same())
		wantEqual(t, secret.Code.Reveal(), other.Code.Reveal())
		wantEqual(t, a.HasCode(codeKey, secret.Code), true)
		wantEqual(t, b.HasCode(codeKey, secret.Code), true)
		if bytes.Equal(a.CodeHash, b.CodeHash) {
			t.Error("equal codes of two flows have equal hashes: one guess would open both rows of a dump")
		}
		b.CodeHash = a.CodeHash
		wantEqual(t, b.HasCode(codeKey, secret.Code), false)
	})
	t.Run("are not found without the key", func(t *testing.T) {
		f, secret := newFlow(t, flowID, seeded(1))
		wantEqual(t, f.HasCode([]byte("another key"), secret.Code), false)
		wantEqual(t, f.HasCode(nil, secret.Code), false)
		sum := sha256.Sum256([]byte(secret.Code.Reveal()))
		wantEqual(t, bytes.Equal(f.CodeHash, sum[:]), false)
	})
	t.Run("match one of a million, and compare over their whole length", func(t *testing.T) {
		f, secret := newFlow(t, flowID, seeded(1))
		code := []byte(secret.Code.Reveal())
		for i := range code {
			for d := byte('0'); d <= '9'; d++ {
				guess := bytes.Clone(code)
				guess[i] = d
				wantEqual(t, f.HasCode(codeKey, domain.NewSecret(string(guess))), d == code[i])
			}
		}
		for _, guess := range []string{"", string(code[:5]), string(code) + "0", "0" + string(code), secret.Link.Reveal()} {
			wantEqual(t, f.HasCode(codeKey, domain.NewSecret(guess)), false)
		}
	})
	t.Run("of a flow without one are never right (CVE-2026-49443: empty against empty)", func(t *testing.T) {
		f, secret := newFlow(t, flowID, seeded(1))
		for _, none := range [][]byte{nil, {}} {
			f.CodeHash = none
			wantEqual(t, f.HasCode(codeKey, secret.Code), false)
			wantEqual(t, f.HasCode(codeKey, domain.Secret{}), false)
			wantEqual(t, f.TakesCode(codePolicy, epoch), false)
		}
	})
}

func TestFlowLife(t *testing.T) {
	fresh, _ := newFlow(t, flowID, seeded(1))
	with := func(change func(*domain.Flow)) domain.Flow { f := fresh; change(&f); return f }
	for _, c := range []struct {
		name       string
		flow       domain.Flow
		now        time.Time
		link, code bool
	}{
		{"a fresh flow takes both", fresh, epoch, true, true},
		{"before the code's end both", fresh, epoch.Add(10*time.Minute - tick), true, true},
		{"at the code's end the link only", fresh, epoch.Add(10 * time.Minute), true, false},
		{"before the end the link", fresh, epoch.Add(24*time.Hour - tick), true, false},
		{"at the end nothing", fresh, epoch.Add(24 * time.Hour), false, false},
		{"after four wrong codes both", with(func(f *domain.Flow) { f.Tries = 4 }), epoch, true, true},
		{"after five wrong codes the link only", with(func(f *domain.Flow) { f.Tries = 5 }), epoch, true, false},
		{"after more wrong codes, of parallel requests, the link only", with(func(f *domain.Flow) { f.Tries = 50 }), epoch, true, false},
		{"once consumed nothing (ASVS 6.6.2)", with(func(f *domain.Flow) { f.ConsumedAt = epoch }), epoch, false, false},
		{"consumed by a clock ahead nothing", with(func(f *domain.Flow) { f.ConsumedAt = epoch.Add(time.Hour) }), epoch, false, false},
		{"with a code that outlives it nothing at its end", with(func(f *domain.Flow) { f.CodeExpiresAt = f.ExpiresAt.Add(time.Hour) }), epoch.Add(24 * time.Hour), false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			wantEqual(t, c.flow.IsLive(c.now), c.link)
			wantEqual(t, c.flow.TakesCode(codePolicy, c.now), c.code)
		})
	}
	t.Run("no tries allowed means no code", func(t *testing.T) {
		wantEqual(t, fresh.TakesCode(domain.CodePolicy{TTL: time.Hour}, epoch), false)
	})
}

func TestHashOneTimeSecret(t *testing.T) {
	f, secret := newFlow(t, flowID, seeded(1))
	text := secret.Link.Reveal()

	t.Run("any change of one character is refused or has another hash", func(t *testing.T) {
		seen := map[string]bool{string(f.SecretHash): true}
		for i := range text {
			for c := range 256 {
				if byte(c) == text[i] {
					continue
				}
				changed := text[:i] + string([]byte{byte(c)}) + text[i+1:]
				hash, ok := domain.HashOneTimeSecret(domain.NewSecret(changed))
				if ok != (strings.IndexByte(base62, byte(c)) >= 0) && ok {
					t.Fatalf("%q was accepted", changed)
				}
				if ok && seen[string(hash)] {
					t.Fatalf("%q has the hash of another spelling", changed)
				}
				seen[string(hash)] = ok
			}
		}
	})
	for name, changed := range map[string]string{
		"nothing":                     "",
		"a character less":            text[1:],
		"a leading zero more":         "0" + text,
		"a trailing newline":          text + "\n",
		"a leading space":             " " + text,
		"a trailing slash":            text + "/",
		"more than 32 bytes":          strings.Repeat("z", 43),
		"the value plus 256^32":       inBase62(append([]byte{1}, make([]byte, 32)...))[1:],
		"an underscore":               "_" + text[1:],
		"a sign":                      "+" + text[1:],
		"a radix":                     "0x_" + text[3:],
		"43 characters, not 43 bytes": strings.Repeat("é", 43),
		"a megabyte":                  strings.Repeat("0", 1<<20),
		"a code":                      "123456",
	} {
		t.Run("is refused with "+name, func(t *testing.T) {
			if hash, ok := domain.HashOneTimeSecret(domain.NewSecret(changed)); ok || hash != nil {
				t.Errorf("%q was accepted", changed)
			}
		})
	}
}

func TestParseCode(t *testing.T) {
	for text, want := range map[string]string{
		"123456": "123456", "000000": "000000", "123 456": "123456", "123-456": "123456", " 123456 ": "123456", "1 2 3 4 5 6": "123456", "12-34-56": "123456",
		"123\u00a0456": "123456", "\u202f123\u2009456\u3000": "123456", "\t123456\r\n": "123456", "123–456": "123456", "12‐34—56": "123456", "123−456": "123456",
	} {
		t.Run("accepts "+text, func(t *testing.T) {
			code, ok := domain.ParseCode(domain.NewSecret(text))
			wantEqual(t, ok, true)
			wantEqual(t, code.Reveal(), want)
		})
	}
	for name, text := range map[string]string{
		"nothing": "", "only spaces": "      ", "five digits": "12345", "seven digits": "1234567", "a letter": "12345a", "a sign": "+12345",
		"a point": "1234.5", "an underscore": "123_456", "a space of no width": "123\u200b456", "NUL": "12345\x00", "Arabic digits": "١٢٣٤٥٦", "full-width digits": "１２３４５６",
		"two bytes of one digit": "1234\u0661", "an exponent": "1e0005",
	} {
		t.Run("refuses "+name, func(t *testing.T) {
			if code, ok := domain.ParseCode(domain.NewSecret(text)); ok || !code.IsZero() {
				t.Errorf("%q was read as %q", text, code.Reveal())
			}
		})
	}
}

func FuzzHashOneTimeSecret(f *testing.F) {
	_, secret := newFlow(f, flowID, seeded(1))
	f.Add(secret.Link.Reveal())
	f.Add(strings.Repeat("z", 43))
	f.Add(strings.Repeat("0", 43))
	f.Fuzz(func(t *testing.T, text string) {
		hash, ok := domain.HashOneTimeSecret(domain.NewSecret(text))
		if !ok {
			return
		}
		raw, ok := domain.DecodeBase62(text, 32)
		if sum := sha256.Sum256(raw); !ok || len(text) != 43 || inBase62(raw) != text || !bytes.Equal(hash, sum[:]) {
			t.Fatalf("%q is a second spelling of %x, or has another hash: %x", text, raw, hash)
		}
	})
}

func isDigitOrSeparator(r rune) bool {
	return r >= '0' && r <= '9' || unicode.In(r, unicode.White_Space, unicode.Dash)
}

func FuzzParseCode(f *testing.F) {
	f.Add("123 456")
	f.Add("123\u00a0–\u2028456")
	f.Add("１２３４５６")
	f.Fuzz(func(t *testing.T, text string) {
		code, ok := domain.ParseCode(domain.NewSecret(text))
		if !ok {
			return
		}
		again, ok := domain.ParseCode(code)
		if !ok || again.Reveal() != code.Reveal() || len(code.Reveal()) != 6 || strings.Trim(code.Reveal(), "0123456789") != "" || strings.TrimFunc(text, isDigitOrSeparator) != "" {
			t.Fatalf("%q is read as %q", text, code.Reveal())
		}
	})
}
