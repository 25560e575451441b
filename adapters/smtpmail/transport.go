package smtpmail

import (
	"context"
	"fmt"
	"io"
	netmail "net/mail"
	"strings"
	"time"

	"github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"

	"github.com/signet-auth/signet/ports/mailer"
)

// Transport implements mailer.Transport.
type Transport struct{ settings }

// New checks the settings. It does not connect: a mail server may be down when we start.
func New(options Options) (*Transport, error) {
	checked, err := options.check()
	if err != nil {
		return nil, err
	}
	return &Transport{checked}, nil
}

// Send delivers one mail over a connection of its own. Two failures are permanent (mailer.ErrPermanent): a 5yz reply to MAIL, RCPT or DATA
// that does not ask for authentication, and a message that no server could accept. Everything else is temporary, because operators can fix
// connections, certificates and passwords.
func (t *Transport) Send(ctx context.Context, m mailer.Message) error {
	msg, err := t.message(m)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, t.Timeout)
	defer cancel()
	err = t.deliver(ctx, msg)
	if msg.IsDelivered() {
		return nil // an error after the server accepted the mail is ignored: a retry would send it twice
	}
	return explain(ctx, err)
}

// Write writes the mail as it would go out, for people to look at.
func (t *Transport) Write(w io.Writer, m mailer.Message) error {
	msg, err := t.message(m)
	if err != nil {
		return err
	}
	_, err = msg.WriteTo(w)
	return err
}

// Check opens a connection as for a delivery, with encryption and authentication, and sends nothing.
func (t *Transport) Check(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, t.Timeout)
	defer cancel()
	if err := t.session(ctx, func(*mail.Client, *smtp.Client) error { return nil }); err != nil {
		return explain(ctx, err)
	}
	return nil
}

func (t *Transport) deliver(ctx context.Context, msg *mail.Msg) error {
	return t.session(ctx, func(client *mail.Client, on *smtp.Client) error { return client.SendWithSMTPClient(on, msg) })
}

// session dials, uses the connection and says goodbye. The library checks the context only when it dials, and leaves the connection open
// when the greeting fails. So we close it, also when the context ends.
func (t *Transport) session(ctx context.Context, use func(*mail.Client, *smtp.Client) error) error {
	l := line{transport: t}
	client, err := t.client(l.dial)
	if err != nil {
		return err
	}
	defer l.close()
	defer context.AfterFunc(ctx, l.close)()
	if t.Security != TLS {
		defer time.AfterFunc(silence, func() { l.suspectTLS(ctx) }).Stop()
	}
	on, err := client.DialToSMTPClientWithContext(ctx)
	switch {
	case err != nil && l.isTLS():
		return errSpeaksTLS
	case err != nil:
		return err
	}
	if err := use(client, on); err != nil {
		return err
	}
	return client.CloseWithSMTPClient(on)
}

func (t *Transport) client(dial mail.DialContextFunc) (*mail.Client, error) {
	options := []mail.Option{
		mail.WithPort(t.Port),
		mail.WithTimeout(t.Timeout + time.Second), // the context must end first, so that the error reports the timeout
		mail.WithHELO(t.domain),
		mail.WithTLSConfig(t.tls()),
		mail.WithTLSPolicy(mail.NoTLS),
		mail.WithDialContextFunc(dial),
		mail.WithoutNoop(),
		mail.WithoutRset(),
		mail.WithoutSMTPUTF8(), // our addresses are ASCII
	}
	if t.Security == StartTLS {
		options = append(options, mail.WithTLSPolicy(mail.TLSMandatory))
	}
	if t.Username != "" {
		options = append(options, mail.WithSMTPAuthCustom(&auth{settings: t.settings}))
	}
	return mail.NewClient(t.Host, options...)
}

// message is the mail as it goes out: text and HTML as alternatives, marked as written by a machine so that other machines
// don't answer (RFC 3834 §5), with an ID that is the same at every retry.
func (t *Transport) message(m mailer.Message) (*mail.Msg, error) {
	if m.To.IsZero() || m.ID == "" || strings.ContainsAny(m.ID, "<>@()\\\"[]:;, ") || !isPlain(m.ID) {
		return nil, fmt.Errorf("smtpmail: the message has no recipient or no usable ID: %w", mailer.ErrPermanent)
	}
	msg := mail.NewMsg(mail.WithNoDefaultUserAgent())
	msg.FromMailAddress(t.from)
	if t.replyTo != nil {
		if err := msg.ReplyToFormat(t.replyTo.Name, t.replyTo.Address); err != nil {
			return nil, fmt.Errorf("smtpmail: reply to: %w", err)
		}
	}
	msg.ToMailAddress(&netmail.Address{Address: m.To.Mailbox()})
	msg.Subject(oneLine(m.Subject))
	msg.SetMessageIDWithValue(m.ID + "@" + t.domain)
	msg.SetDateWithValue(t.Now().UTC())
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	if m.Language != "" && isTag(m.Language) {
		msg.SetGenHeader("Content-Language", m.Language) // RFC 3282
	}
	msg.SetGenHeader("X-Auto-Response-Suppress", "All") // the header that Exchange uses for the same
	msg.SetBodyString(mail.TypeTextPlain, m.Text)
	if m.HTML != "" {
		msg.AddAlternativeString(mail.TypeTextHTML, m.HTML)
	}
	return msg, nil
}

// isTag tells whether a text has the characters of a language tag, and nothing that could end a header.
func isTag(text string) bool {
	return len(text) <= 35 && !strings.ContainsFunc(text, func(r rune) bool {
		return r != '-' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	})
}

// oneLine keeps a subject from becoming headers; the library encodes line ends too, and readers show the encoded ones.
func oneLine(text string) string {
	return strings.Join(strings.FieldsFunc(text, func(r rune) bool { return r <= ' ' || r == 0x7f || r == 0x85 || r == 0x2028 || r == 0x2029 }), " ")
}
