package domain_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/domain"
)

func TestTheMethodsOfASession(t *testing.T) {
	totp := domain.Factor{Kind: domain.FactorTOTP}
	hard := domain.Factor{Kind: domain.FactorSecurityKey}
	synced := domain.Factor{Kind: domain.FactorPasskey, Credential: domain.Credential{BackupEligible: true}}
	methods := []string{"pwd"}
	for _, f := range []domain.Factor{totp, hard, synced, totp} {
		methods = domain.WithFactor(methods, f.Method())
	}
	want := []string{"pwd", "otp", "mfa", "hwk", "swk"}
	if diff := cmp.Diff(want, methods); diff != "" {
		t.Error(diff)
	}
	for _, row := range []struct{ left, want []string }{
		{[]string{"otp", "hwk", "swk"}, want},
		{[]string{"otp"}, []string{"pwd", "otp", "mfa"}},
		{[]string{"hwk"}, []string{"pwd", "mfa", "hwk"}},
		{nil, []string{"pwd"}}, // without a second one there is no multi-factor login left
	} {
		if diff := cmp.Diff(row.want, domain.WithoutFactors(methods, row.left)); diff != "" {
			t.Errorf("%v left: %s", row.left, diff)
		}
	}
}

func TestTheWaysToProve(t *testing.T) {
	now := time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)
	totp := domain.Factor{Kind: domain.FactorTOTP, ConfirmedAt: now}
	key := domain.Factor{Kind: domain.FactorSecurityKey, ConfirmedAt: now, Credential: domain.Credential{RPID: "a.example"}}
	suspended, waiting := key, domain.Factor{Kind: domain.FactorTOTP}
	suspended.SuspendedAt = now
	for _, row := range []struct {
		factors []domain.Factor
		left    int
		rpID    string
		want    string
	}{
		{[]domain.Factor{totp, key, totp, key}, 3, "a.example", "webauthn totp recovery"},
		{[]domain.Factor{totp, key}, 0, "b.example", "totp"}, // a browser offers no key of another domain
		{[]domain.Factor{suspended, waiting}, 1, "a.example", "recovery"},
		{nil, 0, "a.example", ""},
	} {
		if got := strings.Join(domain.WaysToProve(row.factors, domain.RecoveryCodes{Left: row.left}, row.rpID), " "); got != row.want {
			t.Errorf("%q, want %q", got, row.want)
		}
	}
}

func TestAFactorIsConfirmedByItsSessionInTime(t *testing.T) {
	now := time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)
	f := domain.Factor{SessionID: "mine", CreatedAt: now}
	if !f.CanConfirm("mine", now.Add(domain.EnrolTTL-1)) {
		t.Error("it can't be confirmed")
	}
	if f.CanConfirm("other", now) || f.CanConfirm("mine", now.Add(domain.EnrolTTL)) {
		t.Error("another session, or one that is late, may confirm")
	}
	f.ConfirmedAt = now
	if f.CanConfirm("mine", now) {
		t.Error("it can be confirmed twice")
	}
}

func TestRecoveryCodes(t *testing.T) {
	code, text, err := domain.NewRecoveryCode("id", "ada", bytes.NewReader([]byte{0, 0x44, 0x32, 0x14, 0xC7, 0x42, 0x54, 0xB6, 0x35, 0xCF, 0x84, 0x65, 0x3A, 0x56, 0xFF}), time.Time{})
	if err != nil || text.Reveal() != "0123-4567-89AB-CDEF-GHJK-MNQZ" {
		t.Fatalf("%s, %v", text.Reveal(), err)
	}
	for _, typed := range []string{
		"0123-4567-89AB-CDEF-GHJK-MNQZ", "o123456789abcdefghjkmnqz", " OI23 4567 89ab-cdef ghjk mnqz ", "0L23456789ABCDEFGHJKMNQZ",
		"0123–4567‑89AB\u00a0—\u00a0CDEF\tGHJK\u202fMNQZ\r\n",
	} {
		if hash, ok := domain.HashRecoveryCode(domain.NewSecret(typed)); !ok || !bytes.Equal(hash, code.Hash) {
			t.Errorf("%q is not the code", typed)
		}
	}
	for _, typed := range []string{"", "123-4567-89AB-CDEF-GHJK-MNQZ", "00123-4567-89AB-CDEF-GHJK-MNQZ", "U123-4567-89AB-CDEF-GHJK-MNQZ", "０123-4567-89AB-CDEF-GHJK-MNQZ"} {
		if _, ok := domain.HashRecoveryCode(domain.NewSecret(typed)); ok {
			t.Errorf("%q is accepted", typed)
		}
	}
}
