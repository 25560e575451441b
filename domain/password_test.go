package domain_test

import (
	"strings"
	"testing"

	"github.com/signet-auth/signet/domain"
)

var (
	bcryptPolicy = domain.PasswordPolicy{MinLength: 8, MaxLength: 256, MaxBytes: 72, Common: func(p string) bool { return p == "password1" }}
	argonPolicy  = domain.PasswordPolicy{MinLength: 8, MaxLength: 256, Common: bcryptPolicy.Common}
)

func TestPasswordPolicyAccepts(t *testing.T) {
	for _, c := range []struct {
		name, password string
		policy         domain.PasswordPolicy
	}{
		{"8 characters", "correct!", bcryptPolicy},
		{"8 characters of several bytes", "пароль12", bcryptPolicy},
		{"8 characters of four bytes", strings.Repeat("🔑", 8), bcryptPolicy},
		{"72 bytes (ASVS 6.2.9: at least 64)", strings.Repeat("a", 72), bcryptPolicy},
		{"72 bytes of three each", strings.Repeat("€", 24), bcryptPolicy},
		{"256 characters without a limit of bytes", strings.Repeat("a", 256), argonPolicy},
		{"256 characters of four bytes", strings.Repeat("🔑", 256), argonPolicy},
		{"one character eight times: no composition rules (ASVS 6.2.5)", "zzzzzzzz", bcryptPolicy},
		{"digits only", "73920156", bcryptPolicy},
		{"spaces, which are not trimmed (ASVS 6.2.8)", "   a    ", bcryptPolicy},
		{"spaces only", "        ", bcryptPolicy},
		{"control characters other than NUL", "a\tb\nc\rd\x7f", bcryptPolicy},
		{"the common one in another case, when the list is exact", "PASSWORD1", bcryptPolicy},
		{"no list of common ones", "password1", domain.PasswordPolicy{MinLength: 8, MaxLength: 256}},
		{"a context word with more", "bob@example.com!", bcryptPolicy},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := c.policy.Check("password", domain.NewSecret(c.password), "bob@example.com", ""); err != nil {
				t.Error(err)
			}
			wantEqual(t, c.policy.Possible(domain.NewSecret(c.password)), true)
		})
	}
}

func TestPasswordPolicyRefuses(t *testing.T) {
	for _, c := range []struct {
		name, password, code string
		policy               domain.PasswordPolicy
		possible             bool
	}{
		{"nothing", "", "required", bcryptPolicy, false},
		{"7 characters (ASVS 6.2.1)", "corrct!", "password_too_short", bcryptPolicy, true},
		{"7 characters of 28 bytes: characters count", strings.Repeat("🔑", 7), "password_too_short", bcryptPolicy, true},
		{"73 bytes: bcrypt would cut them (PW-3, x/crypto bc7d1d1e)", strings.Repeat("a", 73), "password_too_long", bcryptPolicy, false},
		{"25 characters of 75 bytes", strings.Repeat("€", 25), "password_too_long", bcryptPolicy, false},
		{"71 bytes and a character of two", strings.Repeat("a", 71) + "é", "password_too_long", bcryptPolicy, false},
		{"257 characters (ASVS 6.2.9)", strings.Repeat("a", 257), "password_too_long", argonPolicy, true},
		{"257 characters of four bytes", strings.Repeat("🔑", 257), "password_too_long", argonPolicy, false},
		{"a megabyte", strings.Repeat("a", 1<<20), "password_too_long", argonPolicy, false},
		{"NUL: C implementations stop there", "correct\x00horse", "invalid", bcryptPolicy, false},
		{"invalid UTF-8", "correct\xff!", "invalid", bcryptPolicy, false},
		{"half a surrogate pair", "correct\xed\xa0\x80", "invalid", bcryptPolicy, false},
		{"a common one (ASVS 6.2.4)", "password1", "password_common", bcryptPolicy, true},
		{"the address (ASVS 6.2.11)", "bob@example.com", "password_common", bcryptPolicy, true},
		{"the address in another case", "BOB@Example.COM", "password_common", bcryptPolicy, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := c.policy.Check("new_password", domain.NewSecret(c.password), "", "bob@example.com")
			wantField(t, err, "new_password", c.code, c.password)
			wantEqual(t, c.policy.Possible(domain.NewSecret(c.password)), c.possible)
		})
	}
	t.Run("and the error has the documented code", func(t *testing.T) {
		wantCodes(t, bcryptPolicy.Check("password", domain.NewSecret("short")), "password_too_short", "password password_too_short")
		wantCodes(t, bcryptPolicy.Check("password", domain.Secret{}), "invalid_request", "password required")
	})
	t.Run("and an empty context word is none", func(t *testing.T) {
		wantField(t, bcryptPolicy.Check("password", domain.Secret{}, ""), "password", "required")
	})
}

func FuzzPasswordPolicy(f *testing.F) {
	for _, seed := range []string{"", "correct!", strings.Repeat("€", 24), "a\x00b", "\xff"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, password string) {
		for _, p := range []domain.PasswordPolicy{bcryptPolicy, argonPolicy} {
			err := p.Check("password", domain.NewSecret(password))
			if err == nil && !p.Possible(domain.NewSecret(password)) {
				t.Fatalf("%q can be chosen and never typed", password)
			}
			if err == nil && p.MaxBytes > 0 && len(password) > p.MaxBytes {
				t.Fatalf("%q would be cut", password)
			}
		}
	})
}
