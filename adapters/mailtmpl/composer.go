package mailtmpl

import (
	"cmp"
	"errors"
	"fmt"
	htmltemplate "html/template"
	"maps"
	"slices"
	"strings"
	"sync"
	texttemplate "text/template"
	"time"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/mailer"
)

// fallback is the locale that has every mail.
const fallback = "en"

// Options of a composer.
type Options struct {
	// Product is the product's name in mails; empty = Signet.
	Product string
	// Dir is a folder whose files win over the built-in ones; empty = none.
	Dir string
}

// Composer implements mailer.Composer.
type Composer struct {
	product string
	mails   map[mailer.Kind]map[string]func() (mail, error) // by kind and locale; parsed when it is first asked for
	locales map[mailer.Kind][]string                        // of each kind, sorted
}

// mail is one kind in one language.
type mail struct {
	subject string
	text    *texttemplate.Template
	html    *htmltemplate.Template
}

// View is what templates get.
type View struct {
	Product  string
	Language string           // the tag of the mail's language
	Name     string           // a first name that is safe to greet with, or empty
	Link     htmltemplate.URL // made by Signet; its scheme was checked
	Code     string           // may be empty
	AskedAt  time.Time        // {{moment .AskedAt}}
	LinkTTL  time.Duration    // {{duration .LinkTTL}}
	CodeTTL  time.Duration
	IP       string // may be empty
	Device   string // what the user agent calls itself, in the mail's language; may be empty
	// NewAddress is masked; may be empty.
	NewAddress string
	EraseAt    time.Time // {{date .EraseAt}}; may be zero
	Factor     string    // totp, passkey or security_key
	Left       int       // recovery codes
	Provider   string    // as operators named it; may be empty
}

// New finds all templates, and tries them out if some are an operator's. It reports all errors at once, each with the file and, for a
// mistake in a template, the line.
func New(options Options) (*Composer, error) {
	c := &Composer{
		product: oneLine(cmp.Or(options.Product, "Signet")),
		mails:   map[mailer.Kind]map[string]func() (mail, error){}, locales: map[mailer.Kind][]string{},
	}
	found, err := gather(options.Dir)
	if err != nil {
		return nil, err
	}
	for _, kind := range mailer.Kinds() {
		c.mails[kind] = map[string]func() (mail, error){}
		for _, locale := range slices.Sorted(maps.Keys(found)) {
			if files := found[locale]; files.has(kind) {
				c.mails[kind][locale] = sync.OnceValues(func() (mail, error) { return files.parse(kind, c.product, locale) })
				c.locales[kind] = append(c.locales[kind], locale)
			}
		}
	}
	if options.Dir == "" {
		return c, nil // the built-in ones were tried by tests, and most commands send no mail
	}
	return c, c.try()
}

// try parses everything, and where that succeeds composes it once with every field filled and once with the optional ones empty.
func (c *Composer) try() error {
	full := Sample("https://example.com/")
	bare := mailer.Data{Link: full.Link, AskedAt: full.AskedAt, LinkTTL: full.LinkTTL}
	var mistakes []error
	for _, kind := range mailer.Kinds() {
		for _, locale := range c.locales[kind] {
			if _, err := c.mails[kind][locale](); err != nil {
				mistakes = append(mistakes, err)
			}
		}
	}
	if len(mistakes) > 0 {
		return errors.Join(mistakes...)
	}
	for _, kind := range mailer.Kinds() {
		for _, locale := range c.locales[kind] {
			for _, data := range []mailer.Data{full, bare} {
				if _, err := c.Compose(kind, locale, data); err != nil {
					mistakes = append(mistakes, fmt.Errorf("%w (in %s/%s)", err, locale, kind))
					break // the other data would only repeat the error
				}
			}
		}
	}
	return errors.Join(mistakes...)
}

// Sample is data with every field filled, for mails that people look at.
func Sample(link string) mailer.Data {
	asked := time.Date(2026, 11, 23, 19, 2, 0, 0, time.UTC)
	return mailer.Data{
		Name: "Ada", Link: link, Code: "314159", AskedAt: asked, LinkTTL: 24 * time.Hour, CodeTTL: 10 * time.Minute,
		IP: "192.0.2.7", Device: "Firefox on Linux", NewAddress: "a***@example.com", EraseAt: asked.AddDate(0, 0, 14),
		Factor: domain.FactorTOTP, Left: 2, Provider: "Google",
	}
}

// Languages are the locales that have at least one mail.
func (c *Composer) Languages() []string {
	var all []string
	for _, locales := range c.locales {
		all = append(all, locales...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// find looks up the mail for a locale: "de-AT" falls back to de, and other languages to English.
func (c *Composer) find(kind mailer.Kind, locale string) (string, mail, error) {
	spoken := cmp.Or(domain.LookupLanguage(locale, c.locales[kind]), fallback)
	parsed, ok := c.mails[kind][spoken]
	if !ok {
		return "", mail{}, fmt.Errorf("no mail of kind %q", kind)
	}
	m, err := parsed()
	return spoken, m, err
}

// Compose writes a mail; its ID and recipient are the caller's to fill in.
func (c *Composer) Compose(kind mailer.Kind, locale string, data mailer.Data) (mailer.Message, error) {
	spoken, m, err := c.find(kind, locale)
	if err != nil {
		return mailer.Message{}, err
	}
	link, err := safeLink(data.Link)
	if err != nil {
		return mailer.Message{}, err
	}
	view := View{
		Product:  c.product,
		Language: spoken,
		Name:     safeName(data.Name),
		Link:     link,
		Code:     oneLine(data.Code),
		AskedAt:  data.AskedAt.UTC(),
		LinkTTL:  data.LinkTTL,
		CodeTTL:  data.CodeTTL,
		IP:       safeIP(data.IP),
		Device:   speaking(spoken).device(safeName(data.Device)),

		NewAddress: safeMasked(data.NewAddress),
		EraseAt:    data.EraseAt.UTC(),
		Factor:     string(data.Factor),
		Left:       data.Left,
		Provider:   oneLine(data.Provider),
	}
	var text, html strings.Builder
	if err := m.text.Execute(&text, view); err != nil {
		return mailer.Message{}, fmt.Errorf("compose: %w", err)
	}
	if err := m.html.ExecuteTemplate(&html, layout, view); err != nil {
		return mailer.Message{}, fmt.Errorf("compose: %w", err)
	}
	return mailer.Message{Subject: m.subject, Text: wrap(tidy(text.String())), HTML: html.String(), Language: spoken}, nil
}
