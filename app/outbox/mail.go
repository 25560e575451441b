package outbox

import (
	"context"
	"errors"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/device"
	"github.com/signet-auth/signet/ports/mailer"
)

// MailDelivery composes mails and hands them to the mail server.
type MailDelivery struct {
	Queue     *MailQueue
	Composer  mailer.Composer
	Transport mailer.Transport
	Devices   device.Namer
}

// Handlers are the topics of all kinds of mail.
func (d MailDelivery) Handlers() map[domain.Topic]Deliver {
	all := map[domain.Topic]Deliver{domain.TopicAnyMail: d.deliver}
	for _, kind := range mailer.Kinds() {
		all[domain.MailTopic(string(kind))] = d.deliver
	}
	return all
}

// deliver derives the Message-ID from the row's id, so that a mail that was sent twice (the process died before it settled the message) is
// one mail to its reader.
func (d MailDelivery) deliver(ctx context.Context, m domain.Message) error {
	var p payload
	if err := d.Queue.Open(m, &p); err != nil {
		return err
	}
	if p.UserAgent != "" {
		p.Data.Device = d.Devices.Name(p.UserAgent)
	}
	mail, err := d.Composer.Compose(p.Kind, p.Locale, p.Data)
	if err != nil {
		return permanent{err}
	}
	mail.ID = string(m.ID)
	mail.To = domain.RestoreEmail(p.Mailbox, p.Address)
	err = d.Transport.Send(ctx, mail)
	if errors.Is(err, mailer.ErrPermanent) {
		return permanent{err}
	}
	return err
}
