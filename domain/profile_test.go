package domain_test

import (
	"strings"
	"testing"
	"time"

	"github.com/signet-auth/signet/domain"
)

func TestRevise(t *testing.T) {
	text := func(s string) *string { return &s }
	later := epoch.Add(time.Hour)
	bob := func(t *testing.T) domain.User {
		u := domain.NewUser("u", email(t, "bob@example.com"), "hash", domain.PersonName{First: "Bob", Last: "Smith", Locale: "en"}, epoch)
		u.Metadata = `{"a": 1}` // as a database may print it
		return u
	}
	for name, row := range map[string]struct {
		first, last, locale, metadata *string
		want                          []string
	}{
		"nothing given changes nothing": {},
		"what is equal is no change":    {text("Bob"), text("Smith"), text("en"), text(`{ "a":1 }`), nil},
		"everything":                    {text("Rob"), text("Smythe"), text("en-GB"), text(`{"a":2}`), []string{"first_name", "last_name", "locale", "metadata"}},
		"what is empty is cleared":      {text(""), text(""), text(""), text(""), []string{"first_name", "last_name", "locale", "metadata"}},
		"one of several":                {nil, text("Smythe"), nil, nil, []string{"last_name"}},
	} {
		t.Run(name, func(t *testing.T) {
			change, err := domain.NewProfileChange(row.first, row.last, row.locale, row.metadata)
			if err != nil {
				t.Fatal(err)
			}
			was, u := bob(t), bob(t)
			wantEqual(t, u.Revise(change, later), row.want)
			wantEqual(t, u.UpdatedAt.Equal(later), row.want != nil)
			for got, to := range map[*string]*string{&u.FirstName: row.first, &u.LastName: row.last, &u.Locale: row.locale} {
				if to != nil {
					wantEqual(t, *got, *to)
				}
			}
			// Other members can't be changed in this way (RG-8, Zitadel CVE-2026-27946).
			wantEqual(t, []any{u.ID, u.Email.Canonical(), u.IsEmailVerified(), u.State, u.PasswordHash, u.CreatedAt},
				[]any{was.ID, was.Email.Canonical(), was.IsEmailVerified(), was.State, was.PasswordHash, was.CreatedAt})
		})
	}
	t.Run("names every bad member, by the rules of registration", func(t *testing.T) {
		_, err := domain.NewProfileChange(text("a\x00"), text(strings.Repeat("e", 101)), text("!"), text("[]"))
		wantCodes(t, err, "validation_failed", "first_name invalid", "last_name too_long", "locale invalid", "metadata invalid_type")
	})
}

func TestChangeEmail(t *testing.T) {
	u := domain.NewUser("u", email(t, "bob@example.com"), "hash", domain.PersonName{}, epoch)
	u.ChangeEmail(email(t, "Rob@example.org"), epoch.Add(time.Hour))
	wantEqual(t, []any{u.Email.Mailbox(), u.Email.Canonical(), u.EmailVerifiedAt, u.UpdatedAt, u.CreatedAt},
		[]any{"Rob@example.org", "rob@example.org", epoch.Add(time.Hour), epoch.Add(time.Hour), epoch})
}
