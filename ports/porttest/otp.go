package porttest

import (
	"bytes"
	"encoding/base32"
	"fmt"
	"image/png"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/signet-auth/signet/ports/factor"
)

// otpSecret is the one of RFC 6238 appendix B.
var otpSecret = []byte("12345678901234567890")

// OTP runs the contract of factor.OTP.
func OTP(t *testing.T, passwords factor.OTP) {
	matches := func(t *testing.T, code string, now time.Time, want int64) {
		t.Helper()
		if step, ok := passwords.Match(otpSecret, code, now); !ok || step != want {
			t.Errorf("%q at %d: step %d, %v; want %d", code, now.Unix(), step, ok, want)
		}
	}
	matchesNot := func(t *testing.T, secret []byte, code string, now time.Time) {
		t.Helper()
		if step, ok := passwords.Match(secret, code, now); ok || step != 0 {
			t.Errorf("%q at %d: step %d, %v", code, now.Unix(), step, ok)
		}
	}

	t.Run("the codes are those of RFC 6238 appendix B, their last six digits", func(t *testing.T) {
		for unix, code := range map[int64]string{
			59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037", 20000000000: "353130",
		} {
			matches(t, code, time.Unix(unix, 0), unix/30)
		}
	})
	t.Run("a code counts from one step before its own to the end of the step after, and for its own step", func(t *testing.T) {
		const code, step = "050471", int64(1111111111 / 30)
		for _, unix := range []int64{(step - 1) * 30, step*30 - 1, step * 30, (step+1)*30 - 1, (step+2)*30 - 1} {
			matches(t, code, time.Unix(unix, 999_999_999), step)
		}
		for _, unix := range []int64{(step-1)*30 - 1, (step - 2) * 30, (step + 2) * 30, (step + 3) * 30} {
			matchesNot(t, otpSecret, code, time.Unix(unix, 0))
		}
	})
	t.Run("a code that two steps share is one of the later step, or else it would count twice", func(t *testing.T) {
		const step = 1300575 // and the next one
		for _, now := range []int64{step, step + 1} {
			matches(t, "761737", time.Unix(now*30, 0), step+1)
		}
	})
	t.Run("only six ASCII digits match", func(t *testing.T) {
		now := time.Unix(1234567890, 0) // 005924
		for _, code := range []string{
			"", "5924", "05924", "0005924", "89005924", "00592", " 005924", "005924 ", "005 924", "00592\n", "+05924", "-05924", "0x5924", "5924.0",
			"\uff10\uff10\uff15\uff19\uff12\uff14", "\u0660\u0660\u0665\u0669\u0662\u0664", "٠٥٩", "00592४", "\x00\x00\x00\x00\x00\x00", "005925",
		} {
			matchesNot(t, otpSecret, code, now)
		}
	})
	t.Run("a code of another secret, or of none, does not match", func(t *testing.T) {
		now := time.Unix(59, 0)
		matchesNot(t, []byte("12345678901234567891"), "287082", now)
		matchesNot(t, nil, "812658", now) // HMAC takes an empty key
	})

	t.Run("a key has 20 bytes of its own, and its text and its URI say the same", func(t *testing.T) {
		first := newOTPKey(t, passwords, "Signet", "ada@example.com")
		if second := newOTPKey(t, passwords, "Signet", "ada@example.com"); bytes.Equal(first.Secret, second.Secret) {
			t.Error("two keys have one secret")
		}
		decoded, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(first.Text.Reveal())
		if err != nil || !bytes.Equal(decoded, first.Secret) || len(decoded) != 20 {
			t.Errorf("%d bytes, and as text %d, %v", len(first.Secret), len(decoded), err)
		}
		parameters := otpParameters(t, first)
		if parameters.Get("secret") != first.Text.Reveal() || parameters.Get("algorithm") != "SHA1" || parameters.Get("digits") != "6" ||
			parameters.Get("period") != "30" || len(parameters) != 5 {
			t.Error("the URI says something else")
		}
	})
	for issuer, account := range map[string]string{
		"Signet":                       "ada@example.com",
		"R&D Signet":                   "ada+news@example.com",
		"Größe & Söhne: Login":         "jürgen müller@exämple.com",
		"a=b&secret=AAAAAAAA&digits=8": "ada&secret=AAAAAAAA@example.com",
		"50% off? #1/2":                "a/b?c#d%41@example.com",
		":":                            "with:colon@example.com",
		`"quoted" <tag>`:               `"ada lovelace"@example.com`,
	} {
		t.Run("the URI names both: "+issuer, func(t *testing.T) {
			key := newOTPKey(t, passwords, issuer, account)
			uri, err := url.Parse(key.URI.Reveal())
			if err != nil || uri.Scheme != "otpauth" || uri.Host != "totp" || strings.ContainsAny(key.URI.Reveal(), "+ ") {
				t.Fatal("no otpauth URI", err) // some apps take a plus for a plus, and some for a blank
			}
			if got := otpParameters(t, key); got.Get("issuer") != issuer || len(got["secret"]) != 1 || len(got["digits"]) != 1 {
				t.Errorf("issuer %q", got.Get("issuer"))
			}
			label := strings.TrimPrefix(uri.Path, "/") // decoded
			if before, after, _ := strings.Cut(label, ":"); before != strings.ReplaceAll(issuer, ":", "") || after != account {
				t.Errorf("label %q", label)
			}
		})
	}
	t.Run("a reader finds the URI in the QR code", func(t *testing.T) {
		zbarimg := program(t, "zbarimg", "zbar-tools")
		for _, account := range []string{"ada@example.com", strings.Repeat("ü", 116) + "@" + strings.Repeat("long.", 20) + "example.com"} {
			key := newOTPKey(t, passwords, "Größe & Söhne", account)
			file := filepath.Join(t.TempDir(), "code.png")
			if err := os.WriteFile(file, key.QR, 0o600); err != nil {
				t.Fatal(err)
			}
			said, err := exec.CommandContext(t.Context(), zbarimg, "--quiet", "--raw", file).Output()
			if err != nil || strings.TrimSpace(string(said)) != key.URI.Reveal() {
				t.Errorf("%d bytes of another text, %v", len(said), err)
			}
		}
	})
	t.Run("the QR code has four modules of white around it, which other readers need", func(t *testing.T) {
		for _, account := range []string{"a", "ada@example.com", strings.Repeat("long.", 45) + "@example.com"} {
			code, err := png.Decode(bytes.NewReader(newOTPKey(t, passwords, "Signet", account).QR))
			if err != nil {
				t.Fatal(err)
			}
			dark := func(x, y int) bool { r, _, _, _ := code.At(x, y).RGBA(); return r == 0 }
			margin := 0
			for !dark(margin, margin) { // up to the corner of a pattern that is seven modules wide
				margin++
			}
			pattern := 0
			for dark(margin+pattern, margin) {
				pattern++
			}
			if margin < 4*pattern/7 || code.Bounds().Dx() != code.Bounds().Dy() {
				t.Errorf("%d pixels beside modules of %d, in %v", margin, pattern/7, code.Bounds())
			}
		}
	})
	t.Run("another program makes the same codes", func(t *testing.T) {
		oathtool := program(t, "oathtool", "oathtool")
		for _, at := range []time.Time{time.Unix(59, 0), time.Date(2026, 11, 30, 12, 0, 29, 0, time.UTC), time.Date(2106, 2, 7, 6, 28, 16, 0, time.UTC)} {
			key := newOTPKey(t, passwords, "Signet", "ada@example.com")
			said, err := exec.CommandContext(t.Context(), oathtool, "--totp", "--base32", "--now", fmt.Sprintf("@%d", at.Unix()), key.Text.Reveal()).Output()
			if err != nil {
				t.Fatal(err)
			}
			if step, ok := passwords.Match(key.Secret, strings.TrimSpace(string(said)), at); !ok || step != at.Unix()/30 {
				t.Errorf("%s at %s: step %d, %v", said, at, step, ok)
			}
		}
	})
	t.Run("it is safe for concurrent use", func(t *testing.T) {
		var group sync.WaitGroup
		for range 16 {
			group.Go(func() {
				matches(t, "287082", time.Unix(59, 0), 1)
				newOTPKey(t, passwords, "Signet", "ada@example.com")
			})
		}
		group.Wait()
	})
}

func newOTPKey(t *testing.T, passwords factor.OTP, issuer, account string) factor.OTPKey {
	t.Helper()
	key, err := passwords.New(issuer, account)
	if err != nil {
		t.Error(err)
	}
	return key
}

// otpParameters are those of the key's URI.
func otpParameters(t *testing.T, key factor.OTPKey) url.Values {
	t.Helper()
	uri, err := url.Parse(key.URI.Reveal())
	if err != nil {
		t.Fatal(err)
	}
	parameters, err := url.ParseQuery(uri.RawQuery)
	if err != nil {
		t.Fatal(err)
	}
	return parameters
}

// program finds one of another make to compare with, or skips the test where none need be there.
func program(t *testing.T, name, debian string) (path string) {
	t.Helper()
	if testing.Short() {
		t.Skip("-short leaves out what needs other programs")
	}
	path, err := exec.LookPath(name)
	if err != nil {
		if os.Getenv("SIGNET_TEST_BACKENDS") == "required" {
			t.Fatalf("there is no %s: install %s", name, debian)
		}
		t.Skipf("there is no %s: install %s", name, debian)
	}
	return path
}
