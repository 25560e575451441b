package pwhash_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/ccojocar/zxcvbn-go/frequency"

	"github.com/signet-auth/signet/adapters/pwhash"
	"github.com/signet-auth/signet/domain"
)

func TestCommon_PW4(t *testing.T) {
	common, err := pwhash.LoadCommon()
	if err != nil {
		t.Fatal(err)
	}
	t.Run("what attackers try first is common, whatever its case", func(t *testing.T) {
		for _, p := range []string{
			"password", "PASSWORD", "PassWord", "12345678", "qwertyui", "baseball", "football", "sunshine", "password1", "trustno1",
			"elizabeth", "Jennifer", "everything", "signet", "Signet123", "signet-auth", "SIGNET2031!", "my_signet_1",
		} {
			if !common.Contains(p) {
				t.Errorf("%q is not", p)
			}
		}
	})
	t.Run("so is what guessing programs derive from it", func(t *testing.T) {
		for _, p := range []string{
			"password123", "P@ssw0rd", "Passw0rd!", "admin123", "admin1234", "monkey12!", "football2024", "111111111", "0987654321",
			"123456789", "aa123456", "123456789a", "1234512345", "welcome1!",
		} {
			if !common.Contains(p) {
				t.Errorf("%q is accepted", p)
			}
		}
	})
	t.Run("what nobody lists is not", func(t *testing.T) {
		for _, p := range []string{
			"", "correct horse battery staple", "password hunter two", "kQ3vN8xTz1", "signet82736451902837465", "91827364509", "correcthorse7battery", "designet-rings", //nolint:misspell // the product's name inside a word
			"12345678 ",
			strings.Repeat("a", 100_000),
		} {
			if common.Contains(p) {
				t.Errorf("%.40q is", p)
			}
		}
	})
	t.Run("ASVS 6.2.4 all of the commonest, and 3000 that the policy would otherwise accept", func(t *testing.T) {
		policy := domain.PasswordPolicy{MinLength: 8, MaxLength: 256}
		accepted := 0
		for _, list := range []string{"Passwords", "English", "FemaleNames", "MaleNames"} {
			for _, p := range frequency.Lists[list].List {
				if !common.Contains(p) {
					t.Fatalf("%q of %s is not", p, list)
				}
				if policy.Check("password", domain.NewSecret(p)) == nil {
					accepted++
				}
			}
		}
		if accepted < 3000 {
			t.Errorf("%d that are long enough", accepted)
		}
	})
	t.Run("a policy answers password_common", func(t *testing.T) {
		policy := domain.PasswordPolicy{MinLength: 8, MaxLength: 256, Common: common.Contains}
		err := policy.Check("password", domain.NewSecret("Baseball"))
		var failure *domain.Error
		if !errors.As(err, &failure) || failure.Code != "password_common" {
			t.Errorf("%v", err)
		}
	})
}

func BenchmarkLoadCommon(b *testing.B) {
	for b.Loop() {
		if _, err := pwhash.LoadCommon(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCommon(b *testing.B) {
	common, err := pwhash.LoadCommon()
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		common.Contains("correct horse battery staple")
	}
}
