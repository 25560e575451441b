package domain_test

import (
	"strings"
	"testing"
	"time"

	"github.com/signet-auth/signet/domain"
)

func TestNewService(t *testing.T) {
	for _, key := range []string{"billing", "b", "9lives", "a.b_c-d", strings.Repeat("k", 64)} {
		t.Run("accepts the key "+key, func(t *testing.T) {
			s, err := domain.NewService("s", key, "Billing", "", epoch)
			if err != nil {
				t.Fatal(err)
			}
			wantEqual(t, s, domain.Service{ID: "s", Key: key, Name: "Billing", State: domain.ServiceActive, TokenType: domain.TypeAccessToken, CreatedAt: epoch, UpdatedAt: epoch})
		})
	}
	for name, key := range map[string]string{
		"upper case": "Billing", "a slash": "a/b", "a colon": "a:b", "a space": "a b", "a leading dot": ".billing", "a leading hyphen": "-billing",
		"a star": "*", "Unicode": "bіlling", "a line break": "billing\n", "NUL": "billing\x00", "65 bytes": strings.Repeat("k", 65), "a percent sign": "bill%2fing",
	} {
		t.Run("refuses a key with "+name, func(t *testing.T) {
			_, err := domain.NewService("s", key, "Billing", "", epoch)
			wantField(t, err, "key", "invalid", key)
		})
	}
	t.Run("names every bad member", func(t *testing.T) {
		_, err := domain.NewService("s", "", "", strings.Repeat("d", 501), epoch)
		wantCodes(t, err, "validation_failed", "key required", "name required", "description too_long")
		_, err = domain.NewService("s", "k", strings.Repeat("n", 101), "", epoch)
		wantField(t, err, "name", "too_long")
	})
	t.Run("is active in that state only (AZ-6)", func(t *testing.T) {
		for state, want := range map[domain.ServiceState]bool{domain.ServiceActive: true, domain.ServiceInactive: false, domain.ServiceDeleted: false, "": false} {
			wantEqual(t, domain.Service{State: state}.IsActive(), want)
		}
	})
	t.Run("is the platform by its key", func(t *testing.T) {
		wantEqual(t, domain.Service{Key: "auth_service"}.IsPlatform(), true)
		wantEqual(t, domain.Service{Key: "auth_service2"}.IsPlatform(), false)
	})
}

func TestNewRole(t *testing.T) {
	r, err := domain.NewRole("r", "s", "Clerk", "Writes invoices", []domain.Pattern{"invoice:*"}, epoch)
	if err != nil {
		t.Fatal(err)
	}
	wantEqual(t, r, domain.Role{ID: "r", ServiceID: "s", Name: "Clerk", Description: "Writes invoices", Patterns: []domain.Pattern{"invoice:*"}, CreatedAt: epoch, UpdatedAt: epoch})
	_, err = domain.NewRole("r", "s", "", "", nil, epoch)
	wantField(t, err, "name", "required")
	_, err = domain.NewRole("r", "s", strings.Repeat("n", 65), "a\nb", nil, epoch)
	wantCodes(t, err, "validation_failed", "name too_long", "description invalid")
}

func TestNewAppToken(t *testing.T) {
	t.Run("takes a name, scopes and an end", func(t *testing.T) {
		scopes := []string{"billing/invoice:read", "billing/invoice:item:*", "a.b/*:*", "auth_service/user:read", "billing/signet.*:*"}
		at, err := domain.NewAppToken("t", "s", "CI", scopes, "p", epoch.Add(tick), epoch)
		if err != nil {
			t.Fatal(err)
		}
		wantEqual(t, at, domain.AppToken{ID: "t", ServiceID: "s", Name: "CI", Scopes: scopes, CreatedBy: "p", CreatedAt: epoch, ExpiresAt: epoch.Add(tick)})
		if _, err := domain.NewAppToken("t", "s", "CI", nil, "p", time.Time{}, epoch); err != nil {
			t.Error(err)
		}
	})
	for _, scope := range []string{
		"", "/", "invoice:read", "billing/", "/invoice:read", "billing/invoice", "billing//invoice:read", "billing/x/invoice:read", "Billing/invoice:read",
		"*/invoice:read", "*/*:*", "billing/inv*:read", "billing/invoice:read ", "billing /invoice:read", "billing/invoice:read,x/*:*", "billing/\x00:read",
	} {
		t.Run("refuses the scope "+scope, func(t *testing.T) {
			_, err := domain.NewAppToken("t", "s", "CI", []string{scope}, "p", time.Time{}, epoch)
			wantField(t, err, "scopes", "invalid", scope)
		})
	}
	t.Run("refuses an end that is not in the future", func(t *testing.T) {
		for _, at := range []time.Time{epoch, epoch.Add(-tick)} {
			_, err := domain.NewAppToken("t", "s", "CI", nil, "p", at, epoch)
			wantField(t, err, "expires_at", "invalid")
		}
	})
	t.Run("names every bad member", func(t *testing.T) {
		_, err := domain.NewAppToken("t", "s", "", []string{"x"}, "p", epoch, epoch)
		wantCodes(t, err, "validation_failed", "name required", "scopes invalid", "expires_at invalid")
	})
}

func TestAppTokenIsLive(t *testing.T) {
	end := epoch.Add(time.Hour)
	for _, c := range []struct {
		name  string
		token domain.AppToken
		now   time.Time
		want  bool
	}{
		{"without end", domain.AppToken{}, epoch, true},
		{"before its end", domain.AppToken{ExpiresAt: end}, end.Add(-tick), true},
		{"not at its end", domain.AppToken{ExpiresAt: end}, end, false},
		{"not when revoked", domain.AppToken{RevokedAt: epoch}, epoch, false},
		{"not when revoked by a clock ahead (AT-6)", domain.AppToken{RevokedAt: end}, epoch, false},
	} {
		t.Run(c.name, func(t *testing.T) { wantEqual(t, c.token.IsLive(c.now), c.want) })
	}
}
