package mailtmpl

import (
	"cmp"
	"fmt"
	htmltemplate "html/template"
	"strings"
	texttemplate "text/template"
	"time"

	"github.com/signet-auth/signet/ports/mailer"
)

// fallback is the locale that has every mail.
const fallback = "en"

// Options of a composer.
type Options struct {
	// Product is the name that mails speak of; empty = Signet.
	Product string
	// Dir is a folder whose files win over the built-in ones; empty = none.
	Dir string
}

// Composer implements mailer.Composer.
type Composer struct {
	product string
	mails   map[string]map[mailer.Kind]mail // by locale
}

// mail is one kind in one language.
type mail struct {
	subject string
	text    *texttemplate.Template
	html    *htmltemplate.Template
}

// View is what templates get.
type View struct {
	Product string
	Name    string           // a first name that is safe to greet with, or empty
	Link    htmltemplate.URL // of our making: its scheme was checked
	Code    string           // may be empty
	AskedAt time.Time        // {{moment .AskedAt}}
	LinkTTL time.Duration    // {{duration .LinkTTL}}
	CodeTTL time.Duration
	IP      string // may be empty
	Device  string // what the user agent calls itself, in the mail's language; may be empty
	// NewAddress is masked; may be empty.
	NewAddress string
	EraseAt    time.Time // {{date .EraseAt}}; may be zero
}

// New reads and tries all templates. Its errors name the file and, for mistakes in a template, the line.
func New(options Options) (*Composer, error) {
	c := &Composer{product: oneLine(cmp.Or(options.Product, "Signet")), mails: map[string]map[mailer.Kind]mail{}}
	found, err := gather(options.Dir)
	if err != nil {
		return nil, err
	}
	for locale, files := range found {
		c.mails[locale] = map[mailer.Kind]mail{}
		for _, kind := range mailer.Kinds() {
			if !files.has(kind) {
				continue
			}
			m, err := files.parse(kind, c.product, locale)
			if err != nil {
				return nil, err
			}
			c.mails[locale][kind] = m
		}
	}
	return c, c.try()
}

// try composes everything once with every field filled and once with the optional ones empty.
func (c *Composer) try() error {
	full := mailer.Data{
		Name: "Ada", Link: "https://example.com/", Code: "314159", AskedAt: time.Unix(0, 0),
		LinkTTL: 24 * time.Hour, CodeTTL: 10 * time.Minute, IP: "192.0.2.7", Device: "Firefox on Linux",
		NewAddress: "a***@example.com", EraseAt: time.Unix(0, 0),
	}
	bare := mailer.Data{Link: full.Link, AskedAt: full.AskedAt, LinkTTL: full.LinkTTL}
	for locale, mails := range c.mails {
		for kind := range mails {
			for _, data := range []mailer.Data{full, bare} {
				if _, err := c.Compose(kind, locale, data); err != nil {
					return fmt.Errorf("%w (in %s/%s)", err, locale, kind)
				}
			}
		}
	}
	return nil
}

// Compose writes a mail; its ID and recipient are the caller's to fill in. The locale is a language tag (RFC 5646): "de-AT"
// is de, and what we don't have is English.
func (c *Composer) Compose(kind mailer.Kind, locale string, data mailer.Data) (mailer.Message, error) {
	language, _, _ := strings.Cut(strings.ToLower(locale), "-")
	spoken := language
	m, ok := c.mails[spoken][kind]
	if !ok {
		spoken = fallback
		m, ok = c.mails[spoken][kind]
	}
	if !ok {
		return mailer.Message{}, fmt.Errorf("mailtmpl: no mail of kind %q", kind)
	}
	link, err := safeLink(data.Link)
	if err != nil {
		return mailer.Message{}, err
	}
	view := View{
		Product: c.product,
		Name:    safeName(data.Name),
		Link:    link,
		Code:    oneLine(data.Code),
		AskedAt: data.AskedAt.UTC(),
		LinkTTL: data.LinkTTL,
		CodeTTL: data.CodeTTL,
		IP:      safeIP(data.IP),
		Device:  speaking(spoken).device(safeName(data.Device)),

		NewAddress: safeMasked(data.NewAddress),
		EraseAt:    data.EraseAt.UTC(),
	}
	var text, html strings.Builder
	if err := m.text.Execute(&text, view); err != nil {
		return mailer.Message{}, fmt.Errorf("mailtmpl: %w", err)
	}
	if err := m.html.ExecuteTemplate(&html, layout, view); err != nil {
		return mailer.Message{}, fmt.Errorf("mailtmpl: %w", err)
	}
	return mailer.Message{Subject: m.subject, Text: tidy(text.String()), HTML: html.String()}, nil
}
