package run

import (
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
		return mailSetup{}, err
	}
	if c.inbox() {
		inbox := memory.NewInbox(c.System.Now)
		return mailSetup{composer: composer, transport: inbox, inbox: inbox}, nil
	}
	security := smtpmail.Plain
	switch {
	case bool(c.MailTLS):
		security = smtpmail.TLS
	case bool(c.MailStartTLS):
		security = smtpmail.StartTLS
	}
	transport, err := smtpmail.New(smtpmail.Options{
		Host: c.MailServer, Port: c.MailPort, Security: security, Username: c.MailUser, Password: c.MailPassword,
		From: c.MailFrom, Now: c.System.Now,
	})
	return mailSetup{composer: composer, transport: transport}, err
}
