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
			wantEqual(t, s, domain.Service{ID: "s", Key: key, Name: "Billing", State: domain.ServiceActive, TokenType: domain.TypeAccessToken, Version: 1, CreatedAt: epoch, UpdatedAt: epoch})
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
	for _, key := range []string{"auth_service", "user", "users", "shared", "signet", "signet-2", "c_9", "00000000-0000-4000-8000-000000000009"} {
		t.Run("keeps to itself the key "+key, func(t *testing.T) {
			_, err := domain.NewService("s", key, "Billing", "", epoch)
			wantField(t, err, "key", "reserved")
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

func TestKeyFor(t *testing.T) {
	for name, want := range map[string]string{
		"Billing": "billing", "Order  Desk": "order-desk", "A/B & C": "a-b-c", "v1.2_x": "v1.2_x", "--Shop--": "shop", "Café": "caf", "请": "fallback", "": "fallback",
		strings.Repeat("n", 80): strings.Repeat("n", 64), strings.Repeat("n", 63) + " n": strings.Repeat("n", 63),
	} {
		wantEqual(t, domain.KeyFor(name, "fallback"), want)
	}
	wantEqual(t, domain.Numbered("shop", 2), "shop-2")
	wantEqual(t, domain.Numbered(strings.Repeat("n", 64), 99), strings.Repeat("n", 61)+"-99")
}

func TestAServiceChanged(t *testing.T) {
	was, err := domain.NewService("s", "billing", "Billing", "", epoch)
	if err != nil {
		t.Fatal(err)
	}
	later := epoch.Add(time.Hour)
	off, on, name := false, true, "Invoices"

	t.Run("is a version further, if it differs", func(t *testing.T) {
		to, differs, err := was.With(domain.ServiceChange{Name: &name}, later)
		want := was
		want.Name, want.PV, want.Version, want.UpdatedAt = name, 1, 2, later
		wantEqual(t, err, nil)
		wantEqual(t, differs, true)
		wantEqual(t, to, want)
		to, differs, _ = to.With(domain.ServiceChange{Name: &name, Active: &on}, later.Add(tick))
		wantEqual(t, differs, false)
		wantEqual(t, to, want)
	})
	t.Run("knows when it was switched on again", func(t *testing.T) {
		to, _, _ := was.With(domain.ServiceChange{Active: &off}, later)
		wantEqual(t, to.State, domain.ServiceInactive)
		wantEqual(t, to.ActivatedAt, time.Time{})
		to, _, _ = to.With(domain.ServiceChange{Active: &on}, later)
		wantEqual(t, to.IsActive(), true)
		wantEqual(t, to.ActivatedAt, later)
	})
	t.Run("is not the platform, but for its description", func(t *testing.T) {
		platform := domain.Service{ID: domain.PlatformID, Key: domain.PlatformKey, State: domain.ServiceActive}
		jwt := domain.TypeJWT
		for _, c := range []domain.ServiceChange{{Name: &name}, {Active: &off}, {Active: &on}, {TokenType: &jwt}} {
			_, _, err := platform.With(c, later)
			wantCodes(t, err, "platform_service")
		}
		to, _, err := platform.With(domain.ServiceChange{Description: &name}, later)
		wantEqual(t, err, nil)
		wantEqual(t, to.Description, name)
	})
}
