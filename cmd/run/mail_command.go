package run

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/signet-auth/signet/adapters/mailtmpl"
	"github.com/signet-auth/signet/adapters/smtpmail"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/mailer"
)

type mailCommand struct {
	Test    mailTest    `cmd:"" help:"Send a mail right away, by the configured mail server, and say what that answers."`
	Preview mailPreview `cmd:"" help:"Show mails with sample data, from the built-in templates and those of MAIL_TEMPLATES."`
}

type mailPreview struct {
	Kind   []string `arg:"" optional:"" help:"Which mails, such as verify; all of them when none is named."`
	Locale string   `help:"The reader's language, such as de-AT. Unset: English, and with --out every language."`
	Format string   `help:"text, html or eml (the whole message, for a mail program)." enum:"text,html,eml" default:"text"`
	Out    string   `help:"A folder to write <locale>-<kind>.txt, .html or .eml into, instead of the terminal." type:"path"`
}

// Run needs no other setting than MAIL_TEMPLATES (and PRODUCT_NAME, PUBLIC_URL and MAIL_FROM, where they are to be seen): anyone who writes
// templates has no database and no secrets.
func (m mailPreview) Run(p *program) error {
	composer, err := mailtmpl.New(mailtmpl.Options{Product: p.environ["PRODUCT_NAME"], Dir: p.environ["MAIL_TEMPLATES"]})
	if err != nil {
		return fmt.Errorf("MAIL_TEMPLATES: %w", err)
	}
	kinds, err := m.kinds()
	if err != nil {
		return err
	}
	locales, err := m.locales(composer)
	if err != nil {
		return err
	}
	for _, locale := range locales {
		for _, kind := range kinds {
			content, err := m.write(p, composer, kind, locale)
			if err == nil {
				err = m.show(p, string(kind), locale, content)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

func (m mailPreview) kinds() ([]mailer.Kind, error) {
	all := mailer.Kinds()
	if len(m.Kind) == 0 {
		return all, nil
	}
	var kinds []mailer.Kind
	for _, name := range m.Kind {
		if !slices.Contains(all, mailer.Kind(name)) {
			return nil, fmt.Errorf("there is no mail %q; the kinds are %v", name, all)
		}
		kinds = append(kinds, mailer.Kind(name))
	}
	return kinds, nil
}

func (m mailPreview) locales(composer *mailtmpl.Composer) ([]string, error) {
	spoken := composer.Languages()
	switch {
	case m.Locale == "" && m.Out != "":
		return spoken, nil
	case m.Locale == "":
		return []string{"en"}, nil
	case domain.LookupLanguage(m.Locale, spoken) == "":
		return nil, fmt.Errorf("no mail is written in %q; the languages are %s", m.Locale, strings.Join(spoken, ", "))
	}
	return []string{m.Locale}, nil
}

func (m mailPreview) write(p *program, composer *mailtmpl.Composer, kind mailer.Kind, locale string) ([]byte, error) {
	link := cmp.Or(p.environ["PUBLIC_URL"], "https://auth.example.com") + "/a-page/7kRvT3xQpL0wZs9dYc2nHb5mJf8gUa1eXo4iNq6tBrV"
	mail, err := composer.Compose(kind, locale, mailtmpl.Sample(link))
	if err != nil {
		return nil, err
	}
	switch m.Format {
	case "html":
		return []byte(mail.HTML), nil
	case "eml":
		return message(p, mail)
	}
	return fmt.Appendf(nil, "Subject: %s\n\n%s", mail.Subject, mail.Text), nil
}

// message is the mail as it would go out.
func message(p *program, mail mailer.Message) ([]byte, error) {
	var err error
	if mail.To, err = domain.ParseEmail("ada@example.com"); err != nil {
		return nil, err
	}
	mail.ID = "a-preview"
	return written(mail, smtpmail.Options{
		From: cmp.Or(p.environ["MAIL_FROM"], "Signet <no-reply@auth.example.com>"), ReplyTo: p.environ["MAIL_REPLY_TO"], Now: time.Now,
	})
}

// written is a mail as a mail server gets it.
func written(mail mailer.Message, o smtpmail.Options) ([]byte, error) {
	o.Host = "localhost"
	transport, err := smtpmail.New(o)
	if err != nil {
		return nil, fmt.Errorf("MAIL_FROM and MAIL_REPLY_TO: %w", err)
	}
	var out bytes.Buffer
	err = transport.Write(&out, mail)
	return out.Bytes(), err
}

// show prints a mail, or writes it to a file of its own.
func (m mailPreview) show(p *program, kind, locale string, content []byte) error {
	if m.Out == "" {
		if m.Format == "text" {
			content = append(content, "----\n"...)
		}
		_, err := p.stdio.Out.Write(content)
		return err
	}
	if err := os.MkdirAll(m.Out, 0o755); err != nil { //nolint:gosec // sample mails, for everybody
		return err
	}
	end := map[string]string{"text": ".txt", "html": ".html", "eml": ".eml"}[m.Format]
	path := filepath.Join(m.Out, locale+"-"+kind+end)
	if err := os.WriteFile(path, content, 0o644); err != nil { //nolint:gosec // as above
		return errors.Join(errors.New("the mail can't be written"), err)
	}
	_, err := fmt.Fprintln(p.stdio.Out, path)
	return err
}
