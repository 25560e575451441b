package domain_test

import (
	"strings"
	"testing"

	"github.com/signet-auth/signet/domain"
)

func TestNewRole(t *testing.T) {
	r, err := domain.NewRole("r", "s", "Clerk", "Writes invoices", []domain.Pattern{"invoice:*"}, epoch)
	if err != nil {
		t.Fatal(err)
	}
	wantEqual(t, r, domain.Role{
		ID: "r", ServiceID: "s", Name: "Clerk", Description: "Writes invoices", Patterns: []domain.Pattern{"invoice:*"}, Version: 1,
		CreatedAt: epoch, UpdatedAt: epoch,
	})
	for name, code := range map[string]string{
		"": "required", strings.Repeat("n", 65): "too_long", "a,b": "invalid", `a"b`: "invalid", `a\b`: "invalid", "a\x00b": "invalid",
		"00000000-0000-4000-8000-000000000009": "invalid",
	} {
		_, err := domain.NewRole("r", "s", name, "", nil, epoch)
		wantField(t, err, "name", code)
	}
	_, err = domain.NewRole("r", domain.PlatformID, "Signet-owner", "", nil, epoch)
	wantField(t, err, "name", "reserved")
	_, err = domain.NewRole("r", "s", strings.Repeat("n", 65), "a\nb", nil, epoch)
	wantCodes(t, err, "validation_failed", "name too_long", "description invalid")
}

func TestWhatOfARoleIsFixed(t *testing.T) {
	name, description, list := "other", "words", []string{}
	custom := domain.Role{ServiceID: "s", Name: "clerk"}
	admin := domain.Role{ServiceID: "s", Name: domain.RoleAdmin, IsSystem: true}
	user := domain.Role{ServiceID: "s", Name: "user", IsSystem: true}
	reader := domain.Role{ServiceID: domain.PlatformID, Name: "readonly", IsSystem: true}
	for _, c := range []struct {
		what                      string
		change                    domain.RoleChange
		custom, admin, user, read bool
	}{
		{"name", domain.RoleChange{Name: &name}, true, false, false, false},
		{"description", domain.RoleChange{Description: &description}, true, true, true, false},
		{"permissions", domain.RoleChange{Permissions: &list}, true, false, true, false},
		{"includes", domain.RoleChange{Includes: &list}, true, false, true, false},
	} {
		for role, may := range map[*domain.Role]bool{&custom: c.custom, &admin: c.admin, &user: c.user, &reader: c.read} {
			if err := role.CheckChange(c.change); (err == nil) != may {
				t.Errorf("%s of %s: %v", c.what, role.Name, err)
			}
		}
	}
}

func TestLine(t *testing.T) {
	for text, want := range map[string]string{
		"  a  b ": "a b", "a\u00a0\u2003b": "a b", "a\tb": "a\tb", "\n a\n": "a", "": "", " ": "",
	} {
		wantEqual(t, domain.Line(text), want)
	}
}
