package core_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/signet-auth/signet/app/outbox"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/mailer"
	"github.com/signet-auth/signet/ports/secure"
	"github.com/signet-auth/signet/ports/store"
	"github.com/signet-auth/signet/test/testkit/rig"
)

// sample is a mail that carries all that must not be readable.
func sample(t *testing.T) outbox.Mail {
	t.Helper()
	return outbox.Mail{Kind: mailer.Verify, To: rig.Email(t, "Ada@Example.com"), Locale: "en", Data: mailer.Data{
		Name: "Ada", Link: rig.Issuer + "/api/auth/verify-email/s3cr3t", Code: "123456", AskedAt: rig.Noon, LinkTTL: time.Hour, CodeTTL: time.Minute,
	}}
}

func queueMail(t *testing.T, r *rig.Rig, expires time.Time) {
	t.Helper()
	r.Write(t, func(ctx context.Context, tx *store.Tx) error {
		return r.Base.Mail.Mail(ctx, tx, sample(t), r.Clock.Now(), expires)
	})
}

// claim is the one message there is.
func claim(t *testing.T, r *rig.Rig) (m domain.Message) {
	t.Helper()
	r.Write(t, func(ctx context.Context, tx *store.Tx) error {
		all, err := tx.Outbox.Claim(ctx, r.Clock.Now(), time.Minute, []domain.Topic{domain.MailTopic(string(mailer.Verify))}, 10)
		if err == nil && len(all) != 1 {
			err = errors.New("there is not exactly one message")
		}
		if err == nil {
			m = all[0]
		}
		return err
	})
	return m
}

func TestMails(t *testing.T) {
	t.Run("can be read by nobody who reads the database", func(t *testing.T) {
		r := rig.New(t)
		queueMail(t, r, r.Clock.Now().Add(time.Hour))
		row := r.Database.Bytes(t, "SELECT payload FROM outbox")
		for _, word := range []string{"ada", "example", "s3cr3t", "123456"} {
			if bytes.Contains(bytes.ToLower(row), []byte(word)) {
				t.Errorf("the row contains %q", word)
			}
		}
	})

	t.Run("don't open in another row", func(t *testing.T) {
		r := rig.New(t)
		queueMail(t, r, r.Clock.Now().Add(time.Hour))
		m := claim(t, r)
		m.ID = domain.MessageID(r.System.NewOrderedID())
		if err := r.Base.Mail.Open(m, &struct{}{}); err == nil {
			t.Error("it opened")
		}
	})

	t.Run("go to the mailbox as typed, with the row's id as the mail's", func(t *testing.T) {
		r := rig.New(t)
		queueMail(t, r, r.Clock.Now().Add(time.Hour))
		id := r.Database.Text(t, "SELECT id FROM outbox")
		r.Settle(t)
		mails := r.Inbox.List()
		if len(mails) != 1 || mails[0].To != "Ada@example.com" || mails[0].ID != id || mails[0].Code != "123456" {
			t.Errorf("got %+v", mails)
		}
	})
}

// altered is a sealer over a database that somebody changed.
type altered struct{ secure.Sealer }

func (altered) Open(string, []byte) ([]byte, error) { return nil, errors.New("altered") }

// mute is a composer without templates.
type mute struct{}

func (mute) Languages() []string { return nil }

func (mute) Compose(mailer.Kind, string, mailer.Data) (mailer.Message, error) {
	return mailer.Message{}, errors.New("no template")
}

func TestMailDelivery(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(d *outbox.MailDelivery)
		parked bool
		reason string
	}{
		{"a mail sealed under a SECRET_KEY that is not known here waits for a replica that knows it", func(d *outbox.MailDelivery) {
			d.Queue.Sealer = rig.Sealer(t, "YW5vdGhlciBzZWNyZXQsIG9mIGFub3RoZXIgZGVwbG95bWVudA")
		}, false, "SECRET_KEY"},
		{"a mail that was altered is parked", func(d *outbox.MailDelivery) {
			d.Queue.Sealer = altered{d.Queue.Sealer}
		}, true, "altered"},
		{"a mail that can't be composed is parked", func(d *outbox.MailDelivery) {
			d.Composer = mute{}
		}, true, "no template"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := rig.New(t)
			queue := *r.Base.Mail
			delivery := outbox.MailDelivery{Queue: &queue, Composer: r.Ports.Composer, Transport: r.Inbox, Devices: r.Ports.Devices}
			test.change(&delivery)
			r.Outbox.Deliver = delivery.Handlers()
			queueMail(t, r, r.Clock.Now().Add(time.Hour))
			stop := run(t, r.Outbox)
			rig.Wait(t, "the failure", func() bool { return r.Database.Text(t, "SELECT last_error FROM outbox") != "" })
			stop()
			parked := count(t, r, "parked_at IS NOT NULL AND payload IS NULL") == 1
			if reason := r.Database.Text(t, "SELECT last_error FROM outbox"); parked != test.parked || !strings.Contains(reason, test.reason) {
				t.Errorf("parked %v because of %q", parked, reason)
			}
			if log := strings.ToLower(r.Log.String()); strings.Contains(log, "example.com") || strings.Contains(log, "s3cr3t") {
				t.Errorf("the log says too much: %s", log)
			}
		})
	}
}

func TestAUserAgentOfAnyLengthIsTaken(t *testing.T) {
	r := rig.New(t)
	m := sample(t)
	m.From = domain.Origin{IP: "192.0.2.7", UserAgent: "a\r\n\x00b" + strings.Repeat("é", 10_000)}
	r.Write(t, func(ctx context.Context, tx *store.Tx) error {
		return r.Base.Mail.Mail(ctx, tx, m, r.Clock.Now(), r.Clock.Now().Add(time.Hour))
	})
	if n := len(r.Database.Bytes(t, "SELECT payload FROM outbox")); n > 2000 {
		t.Errorf("the payload has %d bytes", n)
	}
	r.Settle(t)
	if got := r.Inbox.List()[0].Text; !strings.Contains(got, "from 192.0.2.7.") {
		t.Errorf("it does not say from where:\n%s", got)
	}
}

func TestAMailThatWaitedWhenTheReleaseBeforeWasReplacedIsDelivered(t *testing.T) {
	r := rig.New(t)
	queueMail(t, r, r.Clock.Now().Add(time.Hour))
	r.Database.Exec(t, "UPDATE outbox SET topic = 'mail'")
	r.Settle(t)
	if n := len(r.Inbox.List()); n != 1 {
		t.Errorf("%d mails", n)
	}
}
