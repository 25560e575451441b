package e2e_test

import (
	"net/mail"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/signet-auth/signet/ports/mailer"
)

// templates is a folder of MAIL_TEMPLATES.
func templates(t *testing.T, files map[string]string) map[string]string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return map[string]string{"MAIL_TEMPLATES": dir}
}

func TestMailPreview(t *testing.T) {
	t.Parallel()
	t.Run("shows one mail as text, with no setting at all", func(t *testing.T) {
		got := signet(t, nil, "", "mail", "preview", "reset").want(t, 0, "Subject: Set a new password for Signet\n", "https://auth.example.com/", "Hello Ada,")
		if strings.Contains(got.Out, "Verify your") {
			t.Errorf("there is another mail too:\n%s", got.Out)
		}
	})

	t.Run("shows all of them", func(t *testing.T) {
		got := signet(t, nil, "", "mail", "preview").want(t, 0)
		if n := strings.Count(got.Out, "Subject: "); n != len(mailer.Kinds()) {
			t.Errorf("%d mails", n)
		}
	})

	t.Run("shows them in the reader's language", func(t *testing.T) {
		signet(t, nil, "", "mail", "preview", "verify", "--locale", "de-AT", "--format", "html").want(t, 0, `<html lang="de">`, "24 Stunden")
	})

	t.Run("shows the links that would be sent", func(t *testing.T) {
		signet(t, map[string]string{"PUBLIC_URL": "https://id.signet.example"}, "", "mail", "preview", "verify").want(t, 0, "https://id.signet.example/")
	})

	t.Run("writes whole messages of every language into a folder", func(t *testing.T) {
		dir := filepath.Join(t.TempDir(), "new")
		got := signet(t, map[string]string{"MAIL_FROM": "Acme <no-reply@acme.example>"}, "", "mail", "preview", "--format", "eml", "--out", dir).want(t, 0, "de-new_login.eml", "en-reset.eml")
		files := strings.Fields(got.Out)
		if len(files) != 2*len(mailer.Kinds()) {
			t.Errorf("%d files", len(files))
		}
		for _, path := range files {
			file, err := os.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			m, err := mail.ReadMessage(file)
			_ = file.Close()
			if err != nil {
				t.Fatalf("%s: %v", path, err)
			}
			language, _, _ := strings.Cut(filepath.Base(path), "-")
			if m.Header.Get("Content-Language") != language || m.Header.Get("From") != `"Acme" <no-reply@acme.example>` {
				t.Errorf("%s: %v", path, m.Header)
			}
		}
	})

	t.Run("uses the operator's templates", func(t *testing.T) {
		env := templates(t, map[string]string{"en/reset.txt": `{{define "subject"}}Ours{{end}}Go to {{.Link}}`})
		signet(t, env, "", "mail", "preview", "reset").want(t, 0, "Subject: Ours\n\nGo to\nhttps://")
	})

	t.Run("names every mistake in them with file and line, whichever mail was asked for", func(t *testing.T) {
		env := templates(t, map[string]string{
			"en/reset.txt":        "{{define \"subject\"}}Ours{{end}}\nGo to {{.Lnik}}",
			"en/new_login.html":   "{{define \"content\"}}\n\n{{.Nope}}{{end}}",
			"en/email_in_use.txt": "Hello",
		})
		signet(t, env, "", "mail", "preview", "verify").want(t, 1, "email_in_use.txt:1")
		if err := os.Remove(filepath.Join(env["MAIL_TEMPLATES"], "en/email_in_use.txt")); err != nil {
			t.Fatal(err)
		}
		signet(t, env, "", "mail", "preview", "verify").want(t, 1, "reset.txt:2", "Lnik", "new_login.html:3", "Nope")
	})

	for name, row := range map[string]struct {
		env   map[string]string
		args  []string
		code  int
		words []string
	}{
		"an unknown kind":           {nil, []string{"verfy"}, 1, []string{`"verfy"`, "already_registered"}},
		"a language we don't speak": {nil, []string{"--locale", "tlh"}, 1, []string{"tlh", "de, en"}},
		"an unknown format":         {nil, []string{"--format", "pdf"}, 2, []string{"text", "eml"}},
		"a folder that is not there": {
			map[string]string{"MAIL_TEMPLATES": "/nowhere/at/all"}, nil, 1, []string{"/nowhere/at/all"},
		},
		"a sender that is none": {map[string]string{"MAIL_FROM": "nobody"}, []string{"--format", "eml"}, 1, []string{"MAIL_FROM"}},
	} {
		t.Run("tells "+name, func(t *testing.T) {
			signet(t, row.env, "", append([]string{"mail", "preview"}, row.args...)...).want(t, row.code, row.words...)
		})
	}
}
