package run

import (
	"fmt"

	"github.com/signet-auth/signet/adapters/mailtmpl"
	"github.com/signet-auth/signet/adapters/memory"
	"github.com/signet-auth/signet/adapters/smtpmail"
	"github.com/signet-auth/signet/ports/mailer"
)

// mailSetup is how mails are written and where they go.
type mailSetup struct {
	composer  mailer.Composer
	transport mailer.Transport
	inbox     *memory.Inbox // nil with a mail server
}

func openMail(c *Config) (mailSetup, error) {
	composer, err := mailtmpl.New(mailtmpl.Options{Product: c.ProductName, Dir: c.MailTemplates})
	if err != nil {
		return mailSetup{}, fmt.Errorf("MAIL_TEMPLATES: %w", err)
	}
	if c.inbox() {
		inbox := memory.NewInbox(c.System.Now)
		return mailSetup{composer: composer, transport: inbox, inbox: inbox}, nil
	}
	transport, err := openTransport(c)
	if err != nil {
		return mailSetup{}, err
	}
	return mailSetup{composer: composer, transport: transport}, nil
}

func openTransport(c *Config) (*smtpmail.Transport, error) {
	security := smtpmail.Plain
	switch {
	case bool(c.MailTLS):
		security = smtpmail.TLS
	case bool(c.MailStartTLS):
		security = smtpmail.StartTLS
	}
	transport, err := smtpmail.New(smtpmail.Options{
		Host: c.MailServer, Port: c.MailPort, Security: security, Username: c.MailUser, Password: c.MailPassword,
		From: c.MailFrom, ReplyTo: c.MailReplyTo, Now: c.System.Now,
	})
	if err != nil {
		return nil, fmt.Errorf("MAIL_SERVER: %w", err)
	}
	return transport, nil
}
