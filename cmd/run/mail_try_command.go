package run

import (
	"errors"
	"fmt"
	"strings"

	"github.com/signet-auth/signet/adapters/smtpmail"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/mailer"
)

type mailTest struct {
	Address string `arg:"" help:"Where to, such as you@example.com."`
}

// onMail are the settings that sending a mail uses.
func onMail(setting string) bool {
	return strings.HasPrefix(setting, "MAIL_") || setting == "SIGNET_ENV" || setting == "PRODUCT_NAME"
}

// Run sends without the outbox, so that the answer is known now.
func (m mailTest) Run(p *program) error {
	c, err := parseConfig(p.environ, onMail)
	if err != nil {
		return err
	}
	to, err := domain.ParseEmail(m.Address)
	if err != nil {
		return clientText(err)
	}
	if c.inbox() {
		return errors.New("MAIL_SERVER is not set: mails stay in the development inbox (signet dev mail), and none was sent")
	}
	setup, err := openMail(c)
	if err != nil {
		return err
	}
	server := fmt.Sprintf("%s, port %d", c.MailServer, c.MailPort)
	if err := setup.transport.Send(p.ctx, mailer.Message{
		ID: c.System.NewID(), To: to, Language: "en", Subject: c.ProductName + ": a test of the mail server",
		Text: "Somebody who looks after " + c.ProductName + " asked whether its mails arrive here. They do; there is nothing else to do.\n",
	}); err != nil {
		return fmt.Errorf("%s did not take the mail: %w%s", server, plainMail(err), behind(smtpmail.Advice(err)))
	}
	p.done("%s took the mail to %s, from %s. If it does not arrive, look for it among the spam, and into that server's log", server, to.Mailbox(), c.MailFrom)
	return nil
}

// plainMail is an error of the adapter without the adapter's name, which means nothing at a terminal.
func plainMail(err error) error {
	return errors.New(strings.TrimSuffix(strings.TrimPrefix(err.Error(), "smtpmail: "), ": "+mailer.ErrPermanent.Error()))
}

// behind puts advice behind what it is about.
func behind(advice string) string {
	if advice == "" {
		return ""
	}
	return "; " + advice
}
