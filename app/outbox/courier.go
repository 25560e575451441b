package outbox

import (
	"context"
	"errors"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/device"
	"github.com/signet-auth/signet/ports/mailer"
)

// Courier composes letters and hands them to the mail server.
type Courier struct {
	Postbox   Postbox
	Composer  mailer.Composer
	Transport mailer.Transport
	Devices   device.Namer
}

// Deliver is the handler of domain.TopicMail. The Message-ID comes from the row's id, so a mail that was sent twice (the
// process died between the server's yes and ours) is one mail to whoever looks.
func (c Courier) Deliver(ctx context.Context, m domain.Message) error {
	var letter Letter
	if err := c.Postbox.Open(m, &letter); err != nil {
		return err
	}
	if letter.UserAgent != "" {
		letter.Data.Device = c.Devices.Name(letter.UserAgent)
	}
	mail, err := c.Composer.Compose(letter.Kind, letter.Locale, letter.Data)
	if err != nil {
		return permanent{err}
	}
	mail.ID = string(m.ID)
	mail.To = domain.RestoreEmail(letter.Mailbox, letter.Address)
	err = c.Transport.Send(ctx, mail)
	if errors.Is(err, mailer.ErrPermanent) {
		return permanent{err}
	}
	return err
}
