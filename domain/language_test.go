package domain_test

import (
	"strings"
	"testing"

	"github.com/signet-auth/signet/domain"
)

var spoken = []string{"en", "de", "pt-br", "zh-hant"}

func TestPreferredLanguage(t *testing.T) {
	for _, row := range []struct{ header, tag, asked string }{
		{"", "", ""},
		{"*", "", ""},
		{"de", "de", "de"},
		{"DE-at", "de", "DE-at"},
		{"fr-CH, fr;q=0.9, en;q=0.8, de;q=0.7, *;q=0.5", "en", "en"}, // RFC 9110 §12.5.4
		{"en;q=0.3, de;q=0.301", "de", "de"},
		{"de;q=0.5,en;q=0.5", "de", "de"},
		{"de;q=0, en;q=0.001", "en", "en"},
		{"de;q=0", "", ""},
		{"fr, tlh", "", ""},
		{"\tde-1996 ; q=1.000 ", "de", "de-1996"},
		{"de;Q=1.", "de", "de"},
		{"de, en;q=1", "de", "de"},
		// RFC 4647 §3.4: a single letter goes with what it introduces.
		{"zh-Hant-CN-x-private1-private2", "zh-hant", "zh-Hant-CN-x-private1-private2"},
		{"zh-Hans", "", ""},
		{"pt-PT", "", ""},
		{"pt-BR-x-a", "pt-br", "pt-BR-x-a"},
		// Malformed: as if it was not there.
		{"de;q=2, en;q=0.1", "en", "en"},
		{"de;q=1.001, en;q=0.1", "en", "en"},
		{"de;q=0.9999, en;q=0.1", "en", "en"},
		{"de;q=-1, en;q=0.1", "en", "en"},
		{"de;q=0.a, en;q=0.1", "en", "en"},
		{"de;level=1, en;q=0.1", "en", "en"},
		{"de;q, en;q=0.1", "en", "en"},
		{";q=1, ,, en;q=0.1", "en", "en"},
		{"../../de, de/../../etc/passwd, -de, de-, de--at, en;q=0.1", "en", "en"},
		{"de\x00, d\u00e9, <b>, en;q=0.1", "en", "en"},
		{"de_DE, en;q=0.1", "en", "en"},
		{strings.Repeat("x", 40) + ", en;q=0.1", "en", "en"},
		{strings.Repeat("fr,", 15) + "de", "de", "de"},
		{strings.Repeat("fr,", 16) + "de", "", ""}, // bounded
		{strings.Repeat("de-", 5000), "", ""},
		{strings.Repeat(";", 5000) + strings.Repeat(",", 5000), "", ""},
	} {
		if tag, asked := domain.PreferredLanguage(row.header, spoken); tag != row.tag || asked != row.asked {
			t.Errorf("%.60q: %q as %q, want %q as %q", row.header, tag, asked, row.tag, row.asked)
		}
	}
}

func FuzzPreferredLanguage(f *testing.F) {
	for _, seed := range []string{"de-AT,de;q=0.9,en;q=0.1", "*", ";;q=,", "zh-x-y-z", "-", "a-"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		tag, asked := domain.PreferredLanguage(header, spoken)
		if (tag == "") != (asked == "") {
			t.Errorf("%q as %q", tag, asked)
		}
		if _, err := domain.NewPersonName("", "", asked); err != nil {
			t.Errorf("%q can't be stored as a locale: %v", asked, err)
		}
		domain.LookupLanguage(header, spoken)
	})
}
