package domain_test

import (
	"strings"
	"testing"
	"time"

	"github.com/signet-auth/signet/domain"
)

func TestNewPersonName(t *testing.T) {
	t.Run("takes all three or none", func(t *testing.T) {
		for _, want := range []domain.PersonName{{}, {First: "Zoë", Last: "O'Brien", Locale: "en-IE"}, {First: strings.Repeat("é", 100), Last: strings.Repeat("é", 100)}} {
			got, err := domain.NewPersonName(want.First, want.Last, want.Locale)
			if err != nil {
				t.Fatal(err)
			}
			wantEqual(t, got, want)
		}
	})
	t.Run("names the bad members as the API does", func(t *testing.T) {
		_, err := domain.NewPersonName(strings.Repeat("e", 101), "", "")
		wantField(t, err, "first_name", "too_long")
		_, err = domain.NewPersonName("", "a\nb", "")
		wantField(t, err, "last_name", "invalid")
		_, err = domain.NewPersonName("a\x00", strings.Repeat("e", 101), "!")
		wantCodes(t, err, "validation_failed", "first_name invalid", "last_name too_long", "locale invalid")
	})
	for _, locale := range []string{"", "en", "pt-BR", "zh-Hant-TW", "de-CH-1901", "sl-rozaj-biske", "x-private1", strings.Repeat("abcdefg-", 4) + "abc"} {
		t.Run("accepts the locale "+locale, func(t *testing.T) {
			if _, err := domain.NewPersonName("", "", locale); err != nil {
				t.Error(err)
			}
		})
	}
	for name, locale := range map[string]string{
		"a space": "en US", "an underscore": "en_US", "a leading hyphen": "-en", "a trailing hyphen": "en-", "two hyphens": "en--US", "a subtag of nine": "en-abcdefghi",
		"a path (CWE-22)": "../../etc", "a path of dots": "..", "NUL": "en\x00", "a line break": "en\n", "Unicode": "ën", "36 bytes": strings.Repeat("abcdefg-", 4) + "abcd", "a hyphen": "-",
	} {
		t.Run("refuses a locale with "+name, func(t *testing.T) {
			_, err := domain.NewPersonName("", "", locale)
			wantField(t, err, "locale", "invalid", locale)
		})
	}
}

func TestUser(t *testing.T) {
	name := domain.PersonName{First: "Bob", Last: "Smith", Locale: "en"}
	u := domain.NewUser("u", email(t, "bob@example.com"), "hash", name, epoch)

	t.Run("is made active and unproved, its principal having its id", func(t *testing.T) {
		wantEqual(t, u.Principal, domain.Principal{ID: "u", Kind: domain.KindUser, State: domain.Active, CreatedAt: epoch, UpdatedAt: epoch})
		wantEqual(t, []string{u.FirstName, u.LastName, u.Locale, u.Metadata, u.PasswordHash}, []string{"Bob", "Smith", "en", "{}", "hash"})
		wantEqual(t, u.IsEmailVerified(), false)
		wantEqual(t, u.IsActive(epoch), true)
		wantEqual(t, u.ID, "u")
	})
	t.Run("keeps the time of the first proof of its mailbox (RG-8)", func(t *testing.T) {
		u := u
		u.VerifyEmail(epoch.Add(time.Hour))
		u.VerifyEmail(epoch.Add(2 * time.Hour))
		wantEqual(t, u.IsEmailVerified(), true)
		wantEqual(t, u.EmailVerifiedAt, epoch.Add(time.Hour))
		wantEqual(t, u.UpdatedAt, epoch.Add(time.Hour))
	})
}

func TestPrincipalIsActive(t *testing.T) {
	until := epoch.Add(time.Hour)
	for _, c := range []struct {
		name string
		p    domain.Principal
		now  time.Time
		want bool
	}{
		{"active", domain.Principal{State: domain.Active}, epoch, true},
		{"active, whatever is left of an old disablement", domain.Principal{State: domain.Active, DisabledUntil: until}, epoch, true},
		{"disabled for good", domain.Principal{State: domain.Disabled}, epoch, false},
		{"disabled for good, in a hundred years too", domain.Principal{State: domain.Disabled}, epoch.AddDate(100, 0, 0), false},
		{"disabled until then, before", domain.Principal{State: domain.Disabled, DisabledUntil: until}, until.Add(-tick), false},
		{"disabled until then, at that time", domain.Principal{State: domain.Disabled, DisabledUntil: until}, until, true},
		{"deleted", domain.Principal{State: domain.Deleted}, epoch, false},
		{"deleted while disabled until then (SE-7)", domain.Principal{State: domain.Deleted, DisabledUntil: until}, until.Add(time.Hour), false},
		{"of no state", domain.Principal{}, epoch, false},
		{"of an unknown state", domain.Principal{State: "ACTIVE"}, epoch, false},
	} {
		t.Run(c.name, func(t *testing.T) { wantEqual(t, c.p.IsActive(c.now), c.want) })
	}
}

func TestReplaceCredentials(t *testing.T) {
	t.Run("raises the epoch, and nothing that is held", func(t *testing.T) {
		before := domain.Principal{ID: "p", State: domain.Active, PV: 3, CredentialEpoch: 7, CreatedAt: epoch, UpdatedAt: epoch}
		p := before
		p.ReplaceCredentials(epoch.Add(time.Hour))
		before.CredentialEpoch, before.UpdatedAt = 8, epoch.Add(time.Hour)
		wantEqual(t, p, before)
	})
}
