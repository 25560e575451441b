package otp_test

import (
	"strings"
	"testing"

	"github.com/signet-auth/signet/adapters/otp"
	"github.com/signet-auth/signet/ports/factor"
	"github.com/signet-auth/signet/ports/porttest"
)

var _ factor.OTP = otp.Generator{}

func TestContract(t *testing.T) { porttest.OTP(t, otp.Generator{}) }

func TestWhatFitsNoQRCodeIsAnError(t *testing.T) {
	if key, err := (otp.Generator{}).New("Signet", strings.Repeat("ü", 1000)); err == nil || len(key.Secret) != 0 {
		t.Errorf("a key of %d bytes, %v", len(key.Secret), err)
	}
}
