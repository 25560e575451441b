package session

import (
	"context"
	"time"

	"github.com/signet-auth/signet/app/outbox"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/device"
	"github.com/signet-auth/signet/ports/mailer"
	"github.com/signet-auth/signet/ports/store"
)

// Lookout tells people of logins from a class of device that they had not used before (ASVS 6.3.5). Every door that begins a
// session goes by it. It raises an alarm and keeps nobody out: whoever has the password can claim to be any device.
type Lookout struct {
	Devices device.Namer
	Postbox outbox.Postbox
	MailTTL time.Duration
}

// LoggedIn notes the login inside the caller's transaction, which has locked the principal, and promises the mail.
func (l *Lookout) LoggedIn(ctx context.Context, tx *store.Tx, user domain.User, from domain.Origin, now time.Time) error {
	news, err := tx.Devices.RecordLogin(ctx, user.ID, l.Devices.Name(from.UserAgent), now)
	if err != nil || !news.ShouldNotify() {
		return err
	}
	letter := outbox.Letter{Kind: mailer.NewLogin, Locale: user.Locale, Data: mailer.Data{Name: user.FirstName, AskedAt: now}}
	return l.Postbox.Mail(ctx, tx, letter.AskedBy(outbox.By(from)).To(user.Email), now.Add(l.MailTTL))
}
