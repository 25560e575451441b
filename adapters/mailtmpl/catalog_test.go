package mailtmpl_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/adapters/mailtmpl"
	"github.com/signet-auth/signet/ports/mailer"
)

func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestTheOperatorsFolder(t *testing.T) {
	t.Run("one file wins and the others stay", func(t *testing.T) {
		c := composer(t, mailtmpl.Options{Dir: folder(t, map[string]string{
			"en/verify.txt":      `{{define "subject"}}Ours{{end}}Go to {{.Link}}`,
			"en/.verify.txt.swp": "left by an editor",
		})})
		m := compose(t, c, mailer.Verify, "en", full)
		if m.Subject != "Ours" || m.Text != "Go to "+full.Link+"\n" || !strings.Contains(m.HTML, "Verify email address") {
			t.Errorf("%+v", m)
		}
		if m := compose(t, c, mailer.AlreadyRegistered, "en", full); !strings.Contains(strings.Join(strings.Fields(m.Text), " "), "has an account already") {
			t.Errorf("%+v", m)
		}
	})

	t.Run("the layout alone may be replaced", func(t *testing.T) {
		c := composer(t, mailtmpl.Options{Dir: folder(t, map[string]string{"en/layout.html": `<html><body>Acme {{template "content" .}}</body></html>`})})
		if m := compose(t, c, mailer.Verify, "en", full); !strings.HasPrefix(m.HTML, "<html><body>Acme") || !strings.Contains(m.HTML, full.Code) {
			t.Errorf("%s", m.HTML)
		}
	})

	t.Run("another language is one more folder, and falls back by kind", func(t *testing.T) {
		c := composer(t, mailtmpl.Options{Dir: folder(t, map[string]string{
			"fr/verify.txt": `{{define "subject"}}Confirmez votre adresse{{end}}Valable {{hours .LinkTTL}} heures: {{.Link}}
({{moment .AskedAt}}, {{duration .CodeTTL}}, {{.Device}})`,
			"fr/verify.html": `{{define "content"}}<p>Code valable {{minutes .CodeTTL}} minutes</p>{{end}}`,
		})})
		for _, locale := range []string{"fr", "fr-CH", "FR", "fr-x-a"} {
			m := compose(t, c, mailer.Verify, locale, full)
			if m.Subject != "Confirmez votre adresse" || m.Language != "fr" || !strings.Contains(m.HTML, "10 minutes") || !strings.Contains(m.HTML, `lang="fr"`) ||
				!strings.Contains(m.Text, "24 heures") || !strings.Contains(m.Text, "(2026-11-23 19:02 UTC, 10 min, Firefox, Linux)") {
				t.Errorf("%s: %+v", locale, m)
			}
		}
		if m := compose(t, c, mailer.RefreshReused, "fr", full); !strings.Contains(m.Subject, "signed you out") || m.Language != "en" {
			t.Errorf("%+v", m)
		}
	})

	t.Run("a variant of a language brings what it says otherwise, and the rest is the language's", func(t *testing.T) {
		c := composer(t, mailtmpl.Options{Dir: folder(t, map[string]string{
			"de-ch/verify.txt":  `{{define "subject"}}Grüezi{{end}}Er gilt {{duration .CodeTTL}}`,
			"de-ch/verify.html": `{{define "content"}}<p>Grüezi</p>{{end}}`,
			"de/layout.html":    `<html lang="{{.Language}}"><body>Unser Rahmen {{template "content" .}}</body></html>`,
		})})
		if m := compose(t, c, mailer.Verify, "de-CH-1996", full); m.Text != "Er gilt 10 Minuten\n" || !strings.Contains(m.HTML, `lang="de-ch"><body>Unser Rahmen`) || m.Language != "de-ch" {
			t.Errorf("%+v", m)
		}
		if m := compose(t, c, mailer.Reset, "de-CH", full); m.Language != "de" {
			t.Errorf("it is in %s", m.Language)
		}
		if m := compose(t, c, mailer.Verify, "de-AT", full); m.Language != "de" {
			t.Errorf("it is in %s", m.Language)
		}
		if diff := gocmp.Diff([]string{"de", "de-ch", "en"}, c.Languages()); diff != "" {
			t.Error(diff)
		}
	})

	for _, row := range []struct {
		fact  string
		files map[string]string
		tells string
	}{
		{"a syntax error", map[string]string{"en/verify.txt": "{{define \"subject\"}}S{{end}}\n\n{{.Link"}, "verify.txt:3"},
		{"a field that does not exist", map[string]string{"en/verify.txt": "{{define \"subject\"}}S{{end}}\n{{.Lnik}}"}, "verify.txt:2"},
		{"a field that only some mails have, misspelt", map[string]string{"en/verify.txt": "{{define \"subject\"}}S{{end}}\n{{with .Code}}{{$.Coed}}{{end}}"}, "verify.txt:2"},
		{"an unknown function", map[string]string{"en/verify.html": "{{define \"content\"}}\n{{upper .Name}}{{end}}"}, "verify.html:2"},
		{"markup that cannot be escaped for", map[string]string{"en/verify.html": "{{define \"content\"}}<a href=\"{{if .Code}}\n{{end}}{{.Link}}>{{end}}"}, "en/verify"},
		{"a mail without a subject", map[string]string{"en/verify.txt": "Hello"}, "verify.txt:1"},
		{"an empty subject", map[string]string{"en/verify.txt": `{{define "subject"}} {{end}}Hello`}, "verify.txt:1"},
		{"a subject with what a stranger typed", map[string]string{"en/verify.txt": `{{define "subject"}}Hi {{.Name}}{{end}}Hello`}, "verify.txt:1"},
		{"a page without content", map[string]string{"en/verify.html": "<p>"}, "verify.html:1"},
		{"a bad layout", map[string]string{"en/layout.html": "<html>\n{{template \"content\" .}}\n{{.Nope}}</html>"}, "layout.html:3"},
		{"a misspelt file", map[string]string{"en/verfy.txt": "x"}, "verfy.txt"},
		{"a file outside of a locale", map[string]string{"verify.txt": "x"}, "verify.txt"},
		{"text without HTML", map[string]string{"fr/verify.txt": `{{define "subject"}}S{{end}}`}, "verify.html"},
		{"HTML without text", map[string]string{"fr/verify.html": `{{define "content"}}{{end}}`}, "verify.txt"},
	} {
		t.Run(row.fact+" stops the start and is named", func(t *testing.T) {
			_, err := mailtmpl.New(mailtmpl.Options{Dir: folder(t, row.files)})
			if err == nil || !strings.Contains(err.Error(), row.tells) {
				t.Errorf("error = %v, want it to name %s", err, row.tells)
			}
		})
	}

	t.Run("a folder that is not there stops the start", func(t *testing.T) {
		if _, err := mailtmpl.New(mailtmpl.Options{Dir: filepath.Join(t.TempDir(), "nope")}); err == nil {
			t.Error("no error")
		}
	})
}
