package porttest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/mailer"
)

// Delivery is a mail as its reader gets it.
type Delivery struct {
	ID      string // of the message, not of the envelope
	To      []string
	Subject string
	Text    string
	HTML    string
}

// TransportRig is a transport to a server that accepts everything.
type TransportRig struct {
	Transport mailer.Transport
	// Delivered lists what arrived, oldest first, line ends as "\n".
	Delivered func() []Delivery
	// Refuse makes the server refuse the following mails, permanently or temporarily, and repeat their content in its answer. nil: it never
	// refuses.
	Refuse func(permanent bool)
}

// Transport runs the contract of mailer.Transport. open makes a transport to an empty mailbox.
func Transport(t *testing.T, open func(t *testing.T) TransportRig) {
	address := func(text string) domain.Email {
		email, err := domain.ParseEmail(text)
		if err != nil {
			t.Fatal(err)
		}
		return email
	}
	message := func(id string) mailer.Message {
		return mailer.Message{
			ID: id, To: address("Ada.Lovelace+signet@example.com"), Subject: "Confirm your address",
			Text: "Open https://example.com/verify/abc\n", HTML: "<p>Open it</p>\n",
		}
	}
	delivered := func(m mailer.Message) Delivery {
		return Delivery{ID: m.ID, To: []string{m.To.Mailbox()}, Subject: m.Subject, Text: m.Text, HTML: m.HTML}
	}

	for name, change := range map[string]func(*mailer.Message){
		"a mail arrives as it was sent": func(*mailer.Message) {},
		"8-bit text survives": func(m *mailer.Message) {
			m.Subject, m.Text, m.HTML = "Grüße 📬 Ωmega", "Grüße, 山田\n", "<p>Grüße, 山田</p>\n"
		},
		"lines that look like SMTP survive":     func(m *mailer.Message) { m.Text = ".\n..\n.QUIT\nFrom nobody\nRCPT TO:<x@example.com>\n" },
		"long lines survive":                    func(m *mailer.Message) { m.Text = strings.Repeat("long ", 1000) + "line\n" },
		"a local part of every legal character": func(m *mailer.Message) { m.To = address("!#$%&'*+-/=?^_`{|}~@example.com") },
	} {
		t.Run(name, func(t *testing.T) {
			rig, m := open(t), message("7d444840-9dc0-11d1-b245-5ffdce74fad2")
			change(&m)
			if err := rig.Transport.Send(t.Context(), m); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]Delivery{delivered(m)}, rig.Delivered()); diff != "" {
				t.Error(diff)
			}
		})
	}

	t.Run("a retry has the same ID", func(t *testing.T) {
		rig, m := open(t), message("once")
		for range 2 {
			if err := rig.Transport.Send(t.Context(), m); err != nil {
				t.Fatal(err)
			}
		}
		for _, d := range rig.Delivered() {
			if d.ID != m.ID {
				t.Errorf("ID = %q, want %q", d.ID, m.ID)
			}
		}
	})

	t.Run("mails may be sent in parallel", func(t *testing.T) {
		rig := open(t)
		want := map[string]bool{}
		var senders sync.WaitGroup
		for i := range 20 {
			m := message(fmt.Sprintf("parallel-%d", i))
			want[m.ID] = true
			senders.Go(func() {
				if err := rig.Transport.Send(t.Context(), m); err != nil {
					t.Error(err)
				}
			})
		}
		senders.Wait()
		got := map[string]bool{}
		for _, d := range rig.Delivered() {
			got[d.ID] = true
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})

	t.Run("it gives up when the context does", func(t *testing.T) {
		rig := open(t)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := rig.Transport.Send(ctx, message("cancelled")); err == nil || errors.Is(err, mailer.ErrPermanent) {
			t.Errorf("error = %v, want a temporary one", err)
		}
		if got := rig.Delivered(); len(got) != 0 {
			t.Errorf("%d mails delivered", len(got))
		}
	})

	refusals(t, open, message("refused"))
}

// refusals is the part of the contract of mailer.Transport about servers that refuse mail.
func refusals(t *testing.T, open func(t *testing.T) TransportRig, m mailer.Message) {
	t.Helper()
	for name, permanent := range map[string]bool{
		"a refusal for good is told as such":               true,
		"a refusal for now is one that may be tried again": false,
	} {
		t.Run(name, func(t *testing.T) {
			rig := open(t)
			if rig.Refuse == nil {
				t.Skip("this server never refuses")
			}
			rig.Refuse(permanent)
			err := rig.Transport.Send(t.Context(), m)
			if err == nil || errors.Is(err, mailer.ErrPermanent) != permanent {
				t.Fatalf("error = %v, permanent = %v", err, permanent)
			}
			for _, told := range []string{"@", "Ada", m.Subject, m.Text, m.HTML} { // it ends up in a log
				if strings.Contains(err.Error(), told) {
					t.Errorf("the error tells %q: %v", told, err)
				}
			}
		})
	}
}

// Composer runs the contract of mailer.Composer.
func Composer(t *testing.T, composer mailer.Composer) {
	data := mailer.Data{
		Name: "Ada", Link: "https://id.example.com/verify/s3cr3t?a=1&b=2", Code: "314159",
		AskedAt: time.Date(2026, 11, 23, 19, 2, 0, 0, time.UTC), LinkTTL: 24 * time.Hour, CodeTTL: 10 * time.Minute,
		IP: "192.0.2.7", Device: "Firefox on Linux",
	}
	compose := func(t *testing.T, kind mailer.Kind, locale string, data mailer.Data) mailer.Message {
		t.Helper()
		m, err := composer.Compose(kind, locale, data)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}

	for _, language := range composer.Languages() {
		for _, kind := range mailer.Kinds() {
			t.Run(string(kind)+" is written in "+language, func(t *testing.T) {
				if m := compose(t, kind, language, data); m.Language != language {
					t.Errorf("it is in %q", m.Language)
				}
			})
		}
	}

	for _, kind := range mailer.Kinds() {
		t.Run(string(kind)+" has a subject of one line, a text and HTML", func(t *testing.T) {
			m := compose(t, kind, "en", data)
			if m.Subject == "" || strings.ContainsAny(m.Subject, "\r\n") || strings.TrimSpace(m.Subject) != m.Subject {
				t.Errorf("Subject = %q", m.Subject)
			}
			if strings.TrimSpace(m.Text) == "" || !strings.Contains(m.HTML, "<html") {
				t.Errorf("Text = %q, HTML = %q", m.Text, m.HTML)
			}
		})

		t.Run(string(kind)+" keeps hostile names out of its subject, markup and lines", func(t *testing.T) {
			hostile := data
			hostile.Name = "<script>alert(1)</script>\r\nBcc: all@example.com\u2028{{.Link}}\u202e"
			m, plain := compose(t, kind, "en", hostile), compose(t, kind, "en", data)
			if m.Subject != plain.Subject {
				t.Errorf("Subject = %q", m.Subject)
			}
			if strings.Contains(m.HTML, "<script") {
				t.Errorf("HTML = %s", m.HTML)
			}
			if strings.Contains(m.Text, "\nBcc:") || strings.ContainsAny(m.Text+m.HTML, "\r\u2028\u202e") {
				t.Errorf("Text = %q", m.Text)
			}
		})

		t.Run(string(kind)+" does without what may be empty", func(t *testing.T) {
			bare := mailer.Data{Link: data.Link, AskedAt: data.AskedAt, LinkTTL: data.LinkTTL}
			m := compose(t, kind, "en", bare)
			for _, leak := range []string{"<no value>", "ZgotmplZ", "%!"} {
				if strings.Contains(m.Text+m.HTML+m.Subject, leak) {
					t.Errorf("%q in %s\n%s", leak, m.Text, m.HTML)
				}
			}
		})

		t.Run(string(kind)+" is written in some language for every locale", func(t *testing.T) {
			for _, locale := range []string{"", "en-GB", "tlh", "../../etc", strings.Repeat("x", 1000)} {
				if m := compose(t, kind, locale, data); m.Text == "" || m.Language != "en" {
					t.Errorf("in %q for %q", m.Language, locale)
				}
			}
		})
	}

	t.Run("a mail to prove an address carries link and code, and says when it was asked for", func(t *testing.T) {
		m := compose(t, mailer.Verify, "en", data)
		for _, part := range []string{data.Link, data.Code, "2026", "19:02"} {
			if !strings.Contains(m.Text, part) {
				t.Errorf("no %q in the text", part)
			}
		}
		for _, part := range []string{strings.ReplaceAll(data.Link, "&", "&amp;"), data.Code, "2026", "19:02"} {
			if !strings.Contains(m.HTML, part) {
				t.Errorf("no %q in the HTML", part)
			}
		}
	})

	t.Run("an unknown kind fails", func(t *testing.T) {
		if _, err := composer.Compose("no_such_kind", "en", data); err == nil {
			t.Error("no error")
		}
	})

	t.Run("mails may be composed in parallel", func(t *testing.T) {
		var writers sync.WaitGroup
		for i := range 20 {
			own := data
			own.Code = fmt.Sprintf("%06d", i)
			writers.Go(func() {
				if m, err := composer.Compose(mailer.Verify, "en", own); err != nil || !strings.Contains(m.Text, own.Code) {
					t.Errorf("%v: the code of another mail", err)
				}
			})
		}
		writers.Wait()
	})
}
