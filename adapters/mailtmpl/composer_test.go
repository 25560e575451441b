package mailtmpl_test

import (
	"cmp"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/adapters/mailtmpl"
	"github.com/signet-auth/signet/ports/mailer"
	"github.com/signet-auth/signet/ports/porttest"
)

var update = flag.Bool("update", false, "write the golden files")

var _ mailer.Composer = (*mailtmpl.Composer)(nil)

var full = mailer.Data{
	Name: "Ada", Link: "https://id.example.com/verify/s3cr3t?a=1&b=2", Code: "314159",
	AskedAt: time.Date(2026, 11, 23, 20, 2, 0, 0, time.FixedZone("CET", 3600)), LinkTTL: 24 * time.Hour, CodeTTL: 10 * time.Minute,
	IP: "192.0.2.7", Device: "Firefox on Linux", NewAddress: "g***@example.com", EraseAt: time.Date(2026, 12, 7, 19, 2, 0, 0, time.UTC),
	Provider: "Google",
}

var bare = mailer.Data{Link: full.Link, AskedAt: full.AskedAt, LinkTTL: 90 * time.Minute}

func composer(t *testing.T, options mailtmpl.Options) *mailtmpl.Composer {
	t.Helper()
	c, err := mailtmpl.New(options)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func compose(t *testing.T, c *mailtmpl.Composer, kind mailer.Kind, locale string, data mailer.Data) mailer.Message {
	t.Helper()
	m, err := c.Compose(kind, locale, data)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestContract(t *testing.T) { porttest.Composer(t, composer(t, mailtmpl.Options{})) }

func TestGolden(t *testing.T) {
	c := composer(t, mailtmpl.Options{Product: "Acme ID"})
	for _, kind := range mailer.Kinds() {
		for name, data := range map[string]mailer.Data{"full": full, "bare": bare} {
			for _, language := range c.Languages() {
				m := compose(t, c, kind, language, data)
				golden(t, language+"/"+string(kind)+"-"+name+".txt", "Subject: "+m.Subject+"\n\n"+m.Text)
				golden(t, language+"/"+string(kind)+"-"+name+".html", m.HTML)
			}
		}
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := gocmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs (go test -update writes it again):\n%s", path, diff)
	}
}

func TestEveryMailSaysWhatToDoWhenItWasNotYou(t *testing.T) {
	c := composer(t, mailtmpl.Options{})
	for language, says := range map[string]struct {
		when, otherwise string
		advice          map[mailer.Kind]string
	}{
		"en": {"23 November 2026 at 19:02 UTC", "forgot password", map[mailer.Kind]string{
			mailer.Reset: "your password stays as it is", mailer.FactorAdded: "It removes the factor, signs everybody out", mailer.ChangeEmail: "ignore this mail", mailer.VerifyNewAddress: "ignore this mail",
			mailer.StillClosed: "ignore this mail", mailer.OAuthCode: "ignore this mail", mailer.OAuthKnownAddress: "ignore this mail",
		}},
		"de": {"23. November 2026 um 19:02 Uhr (UTC)", "Passwort vergessen", map[mailer.Kind]string{
			mailer.Reset: "bleibt Ihr Passwort, wie es ist", mailer.FactorAdded: "entfernt den Faktor, meldet alle ab", mailer.ChangeEmail: "ignorieren Sie diese E-Mail", mailer.VerifyNewAddress: "ignorieren Sie diese E-Mail",
			mailer.StillClosed: "ignorieren Sie diese E-Mail", mailer.OAuthCode: "ignorieren Sie diese E-Mail", mailer.OAuthKnownAddress: "ignorieren Sie diese E-Mail",
		}},
	} {
		for _, kind := range mailer.Kinds() {
			m := compose(t, c, kind, language, bare)
			for _, part := range []string{says.when, cmp.Or(says.advice[kind], says.otherwise)} {
				if !strings.Contains(strings.Join(strings.Fields(m.Text), " "), part) || !strings.Contains(m.HTML, part) {
					t.Errorf("%s in %s does not say %q", kind, language, part)
				}
			}
		}
	}
	m := compose(t, c, mailer.Verify, "en", full)
	for _, part := range []string{"24 hours", "10 minutes"} {
		if !strings.Contains(m.Text, part) || !strings.Contains(m.HTML, part) {
			t.Errorf("it does not say how long: %s", part)
		}
	}
}

// TestMailsUseTheWordsOfThePages: different words for the same thing in a mail and on its page look like two things.
func TestMailsUseTheWordsOfThePages(t *testing.T) {
	c := composer(t, mailtmpl.Options{})
	for language, foreign := range map[string]*regexp.Regexp{
		"en": regexp.MustCompile(`(?i)\b(log|logged|logging) (in|out)\b|\blog-?in\b|\bconfirm`), "de": regexp.MustCompile(`(?i)einlog|eingelog|auslog|ausgelog|\blogin\b|verifizier`),
	} {
		for _, kind := range mailer.Kinds() {
			m := compose(t, c, kind, language, full)
			if found := foreign.FindString(m.Subject + m.Text + m.HTML); found != "" {
				t.Errorf("%s in %s says %q", kind, language, found)
			}
		}
	}
}

func TestTextsAreWrappedWithTheWordsIn(t *testing.T) {
	const link = "https://id.example.com/" // longer than a line
	long := strings.Repeat("a", 90)
	c := composer(t, mailtmpl.Options{
		Dir: folder(t, map[string]string{"en/verify.txt": `{{define "subject"}}x{{end}}` +
			"Short lines\nstay as they are.\n\n{{.Product}} is a name that makes this line, which was short enough in its file, one that has to be broken.\n" +
			"    {{.Product}} is set in, and stays set in where it goes on, because it may be a list or a code.\n{{.Link}} is whole."}),
		Product: "Ärzte & Söhne Überweisungen",
	})
	m := compose(t, c, mailer.Verify, "en", mailer.Data{Link: link + long, AskedAt: full.AskedAt, LinkTTL: time.Hour})
	want := "Short lines\nstay as they are.\n\n" +
		"Ärzte & Söhne Überweisungen is a name that makes this line, which was short\nenough in its file, one that has to be broken.\n" +
		"    Ärzte & Söhne Überweisungen is set in, and stays set in where it goes\n    on, because it may be a list or a code.\n" +
		link + long + "\nis whole.\n"
	if diff := gocmp.Diff(want, m.Text); diff != "" {
		t.Error(diff)
	}
}

func TestMailsLoadNothing(t *testing.T) {
	c := composer(t, mailtmpl.Options{})
	loads := regexp.MustCompile(`(?i)<(img|script|link|iframe|object|embed|video|audio|style|form|input)|src=|url\(|@import|\son\w+=`)
	for _, kind := range mailer.Kinds() {
		for _, language := range c.Languages() {
			if found := loads.FindString(compose(t, c, kind, language, full).HTML); found != "" {
				t.Errorf("%s in %s has %q", kind, language, found)
			}
		}
	}
}

func TestNames(t *testing.T) {
	c := composer(t, mailtmpl.Options{})
	for name, want := range map[string]string{
		"":                      "Hello,",
		"Ada":                   "Hello Ada,",
		"  Ada \t King\n":       "Hello Ada King,",
		"Zoë 山田":                "Hello Zoë 山田,",
		"J. R.":                 "Hello J. R.,",
		"O'Neil-Smith":          "Hello O'Neil-Smith,",
		"see evil.example":      "Hello,",
		"see evil\u3002example": "Hello,",
		"https://evil.example":  "Hello,",
		"me@evil.example":       "Hello,",
		"call +1 555:1234":      "Hello,",
		"\u202eadA":             "Hello adA,",
		"<b>Ada</b>":            "Hello,",
		"{{.Code}}":             "Hello,",
		"You won a prize, call us at once now now":  "Hello You won a prize, call us at once now now,",
		"You have won a prize and must call us now": "Hello,",
	} {
		data := full
		data.Name = name
		m := compose(t, c, mailer.Verify, "en", data)
		if first, _, _ := strings.Cut(m.Text, "\n"); first != want {
			t.Errorf("%q is greeted %q, want %q", name, first, want)
		}
	}
}

func TestLinks(t *testing.T) {
	c := composer(t, mailtmpl.Options{})
	for link, ok := range map[string]bool{
		"https://id.example.com/verify/x":  true,
		"http://localhost:5000/verify/x":   true,
		"myapp://verify?token=x":           true,
		"javascript:alert(1)":              false,
		"JavaScript:alert(1)":              false,
		"data:text/html,x":                 false,
		"//evil.example":                   false,
		"/verify/x":                        false,
		"https://x/\r\nBcc: a":             false,
		"https://x/\"><script>":            false,
		"https://id.example.com/ verify/x": false,
	} {
		data := full
		data.Link = link
		m, err := c.Compose(mailer.Verify, "en", data)
		if (err == nil) != ok {
			t.Errorf("%q: error = %v", link, err)
		}
		if ok && (!strings.Contains(m.HTML, `href="`+link) || !strings.Contains(m.Text, link)) {
			t.Errorf("%q is not in the mail", link)
		}
		if err != nil && strings.Contains(err.Error(), link) {
			t.Errorf("the error tells the link, which carries a secret: %v", err)
		}
	}
}

func TestDurations(t *testing.T) {
	c := composer(t, mailtmpl.Options{})
	for d, want := range map[time.Duration][2]string{
		24 * time.Hour: {"24 hours", "24 Stunden"}, 72 * time.Hour: {"3 days", "3 Tage"}, time.Hour: {"1 hour", "1 Stunde"},
		30 * time.Minute: {"30 minutes", "30 Minuten"}, 90 * time.Minute: {"90 minutes", "90 Minuten"}, time.Minute: {"1 minute", "1 Minute"},
		45 * time.Second: {"45 seconds", "45 Sekunden"}, time.Second: {"1 second", "1 Sekunde"}, 25 * time.Hour: {"25 hours", "25 Stunden"},
	} {
		data := bare
		data.LinkTTL = d
		if m := compose(t, c, mailer.Verify, "en", data); !strings.Contains(m.Text, "It works for "+want[0]+".") {
			t.Errorf("%v is not %q", d, want[0])
		}
		if m := compose(t, c, mailer.Verify, "de", data); !strings.Contains(m.Text, "Er gilt "+want[1]+".") {
			t.Errorf("%v is not %q", d, want[1])
		}
	}
}
