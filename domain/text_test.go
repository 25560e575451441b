package domain_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/signet-auth/signet/domain"
)

func TestCheckLine(t *testing.T) {
	for name, text := range map[string]string{
		"nothing": "", "a name": "Zoë O'Brien-Łukasz", "other scripts": "山田 太郎", "right-to-left letters": "יוסי", "an emoji with a joiner": "👩‍💻",
		"the limit in characters, not bytes": strings.Repeat("é", 20), "markup, which is escaped where it is shown": "<b>&amp;</b>",
	} {
		t.Run("accepts "+name, func(t *testing.T) {
			if err := domain.CheckLine("name", text, 20); err != nil {
				t.Error(err)
			}
		})
	}
	for name, text := range map[string]string{
		"NUL (IN-2)": "Eve\x00", "a line feed (ASVS 16.4.1)": "Eve\nINFO login", "a carriage return": "Eve\r", "a tab": "Eve\tX", "DEL": "Eve\x7f",
		"a C1 control": "Eve\u0085", "an escape sequence": "Eve\x1b[2J", "invalid UTF-8": "Eve\xff", "a line separator": "Eve\u2028X", "a paragraph separator": "Eve\u2029X",
		"a right-to-left override (CVE-2021-42574)": "Eve\u202egnp.exe", "a left-to-right embedding": "Eve\u202a", "an isolate": "Eve\u2066", "a pop of an isolate": "Eve\u2069",
	} {
		t.Run("refuses "+name, func(t *testing.T) {
			wantField(t, domain.CheckLine("name", text, 20), "name", "invalid", "Eve")
		})
	}
	t.Run("refuses a character too many", func(t *testing.T) {
		wantField(t, domain.CheckLine("name", strings.Repeat("é", 21), 20), "name", "too_long", "éé")
	})
}

func TestClip(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"nothing stays nothing", "", ""},
		{"a short one stays", "curl/8.5", "curl/8.5"},
		{"the limit stays", "0123456789", "0123456789"},
		{"the rest is cut", "0123456789a", "0123456789"},
		{"characters count, not bytes", "éééééééééé", "éééééééééé"},
		{"characters stay whole", "🔑🔑🔑🔑🔑🔑🔑🔑🔑🔑🔑", "🔑🔑🔑🔑🔑🔑🔑🔑🔑🔑"},
		{"line breaks are dropped (ASVS 16.4.1)", "a\r\nINFO b", "aINFO b"},
		{"NUL is dropped: Postgres refuses it", "a\x00b", "ab"},
		{"overrides are dropped", "a\u202eb\u2066c", "abc"},
		{"invalid UTF-8 is dropped", "a\xffb\xc3", "ab"},
		{"what is dropped does not count", "\n\n\n\n\n0123456789", "0123456789"},
		{"only controls are nothing", "\x00\x1b\x7f\u0085", ""},
	} {
		t.Run(c.name, func(t *testing.T) { wantEqual(t, domain.Clip(c.text, 10), c.want) })
	}
	t.Run("a limit of zero is nothing", func(t *testing.T) { wantEqual(t, domain.Clip("abc", 0), "") })
}

func FuzzClip(f *testing.F) {
	f.Add("Mozilla/5.0\r\n\x00\u202e\xff", 10)
	f.Fuzz(func(t *testing.T, text string, limit int) {
		limit = max(0, min(limit, 1000))
		got := domain.Clip(text, limit)
		if !utf8.ValidString(got) || utf8.RuneCountInString(got) > limit || strings.ContainsFunc(got, unicode.IsControl) {
			t.Fatalf("Clip(%q, %d) = %q", text, limit, got)
		}
		if domain.Clip(got, limit) != got || domain.CheckLine("f", got, limit) != nil {
			t.Fatalf("Clip(%q, %d) = %q, which is not clean", text, limit, got)
		}
	})
}
