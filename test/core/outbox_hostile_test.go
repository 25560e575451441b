package core_test

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/adapters/smtpmail"
	"github.com/signet-auth/signet/app/outbox"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/mailer"
	"github.com/signet-auth/signet/ports/store"
	"github.com/signet-auth/signet/test/testkit/rig"
	"github.com/signet-auth/signet/test/testkit/smtpserver"
)

// hostile are texts that a stranger might put wherever one is taken, each with a word that must not arrive.
var hostile = map[string]string{
	"headers":          "Ada\r\nBcc: evil@evil.example\r\nX-Evil: 1",
	"a second body":    "Ada\r\n\r\n<h1>evil</h1>",
	"bare line feeds":  "Ada\nBcc: evil@evil.example\n.\nQUIT",
	"NUL":              "Ada\x00@evil",
	"markup":           `<script>evil()</script><img src="https://evil.example/x.png">`,
	"attributes":       `" onmouseover="evil()" x="`,
	"a link":           "https://evil.example/login",
	"a bare host":      "go to evil.example now",
	"full-width dots":  "evil\uff0eexample",
	"a mail address":   "evil@evil.example",
	"bidi":             "\u202e@live\u202c \u2066evil.example\u2069",
	"separators":       "Ada\u2028Bcc: evil@evil.example\u2029evil.example",
	"encoded words":    "=?utf-8?B?ZXZpbA==?= <evil@evil.example>",
	"quoted-printable": "=0D=0ABcc:=20evil@evil.example",
	"a boundary":       "\r\n--evil\r\nContent-Type: text/html\r\n\r\nevil",
	"a template":       `{{.Link}}{{define "subject"}}evil{{end}}`,
	"broken UTF-8":     "\xff\xfe<evil>\xc0\x80",
	"a long one":       strings.Repeat("evil ", 20_000),
}

// TestZitadelCVE202441953NothingAStrangerTypesGetsOutOfItsPlace sends every kind in every language to a real mail server, with
// each of the texts as name, address, user agent, new address and locale (Zitadel CVE-2024-41953: markup by the names of users;
// RFC 5322 §2.2: headers by line ends).
func TestZitadelCVE202441953NothingAStrangerTypesGetsOutOfItsPlace(t *testing.T) {
	if testing.Short() {
		t.Skip("-short leaves out some hundred mails")
	}
	mx := smtpserver.Start(t, smtpserver.Options{})
	r := rig.New(t)
	transport, err := smtpmail.New(smtpmail.Options{
		Host: mx.Host, Port: mx.Port, Roots: mx.Roots, From: "Signet <no-reply@id.example.com>", Now: r.Clock.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	r.Ports.Transport = transport
	r.Rebuild(t)

	// send delivers a mail of every kind and returns the mails in that order.
	send := func(t *testing.T, locale, text string) []smtpserver.Message {
		t.Helper()
		before := len(mx.Messages())
		for _, kind := range mailer.Kinds() {
			m := outbox.Mail{Kind: kind, To: rig.Email(t, string(kind)+"@example.com"), Locale: locale, From: domain.Origin{IP: text, UserAgent: text}, Data: mailer.Data{
				Name: text, Link: rig.Issuer + "/s3cr3t", Code: "123456", AskedAt: rig.Noon, LinkTTL: time.Hour, CodeTTL: time.Minute,
				NewAddress: text, EraseAt: rig.Noon,
			}}
			r.Write(t, func(ctx context.Context, tx *store.Tx) error {
				return r.Base.Mail.Mail(ctx, tx, m, r.Clock.Now(), r.Clock.Now().Add(time.Hour))
			})
		}
		r.Settle(t)
		mails := mx.Messages()[before:]
		if len(mails) != len(mailer.Kinds()) {
			t.Fatalf("%d mails arrived", len(mails))
		}
		slices.SortFunc(mails, func(a, b smtpserver.Message) int { return strings.Compare(a.To[0], b.To[0]) })
		return mails
	}

	plain := map[string][]smtpserver.Message{}
	for _, language := range r.Ports.Composer.Languages() {
		plain[language] = send(t, language, "")
	}
	for name, text := range hostile {
		for _, language := range r.Ports.Composer.Languages() {
			t.Run(name+" in "+language, func(t *testing.T) {
				for i, m := range send(t, language, text) {
					innocent(t, m, plain[language][i], language)
				}
			})
		}
		t.Run(name+" as the locale", func(t *testing.T) {
			for i, m := range send(t, text, text) {
				innocent(t, m, plain["en"][i], "en")
			}
		})
	}
}

// innocent checks a mail against the same one without a hostile text.
func innocent(t *testing.T, got, want smtpserver.Message, language string) {
	t.Helper()
	if got.Err != nil {
		t.Fatalf("it can't be read: %v\n%s", got.Err, got.Raw)
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(want.Header)), slices.Sorted(maps.Keys(got.Header))); diff != "" {
		t.Errorf("other headers: %s", diff)
	}
	for _, name := range []string{"To", "From", "Subject", "Auto-Submitted", "Content-Language"} {
		if diff := cmp.Diff(want.Header[name], got.Header[name]); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	if l := got.Header.Get("Content-Language"); l != language {
		t.Errorf("Content-Language %q", l)
	}
	if diff := cmp.Diff(want.Types, got.Types); diff != "" {
		t.Errorf("other parts: %s", diff)
	}
	for part, content := range map[string]string{"text": got.Text, "HTML": got.HTML, "subject": got.Subject} {
		if low := strings.ToLower(content); strings.Contains(low, "evil") || strings.Contains(low, "<script") || strings.Contains(low, "onmouseover") {
			t.Errorf("the %s of %s:\n%s", part, got.To, content)
		}
		if strings.ContainsAny(content, "\r\x00\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufffd") {
			t.Errorf("the %s of %s has a character that turns text around:\n%q", part, got.To, content)
		}
	}
}
