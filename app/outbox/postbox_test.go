package outbox_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/app/outbox"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/mailer"
	"github.com/signet-auth/signet/ports/secure"
	"github.com/signet-auth/signet/ports/store"
	"github.com/signet-auth/signet/test/testkit/rig"
)

// letter is one that carries all that must not be readable.
func letter(t *testing.T) outbox.Letter {
	t.Helper()
	return outbox.Letter{Kind: mailer.Verify, Locale: "en", Data: mailer.Data{
		Name: "Ada", Link: rig.Issuer + "/api/auth/verify-email/s3cr3t", Code: "123456", AskedAt: rig.Noon, LinkTTL: time.Hour, CodeTTL: time.Minute,
	}}.To(rig.Email(t, "Ada@Example.com"))
}

func mail(t *testing.T, r *rig.Rig, expires time.Time) {
	t.Helper()
	r.Write(t, func(ctx context.Context, tx *store.Tx) error { return r.Postbox.Mail(ctx, tx, letter(t), expires) })
}

// claim is the one message there is.
func claim(t *testing.T, r *rig.Rig) (m domain.Message) {
	t.Helper()
	r.Write(t, func(ctx context.Context, tx *store.Tx) error {
		all, err := tx.Outbox.Claim(ctx, r.Clock.Now(), time.Minute, []domain.Topic{domain.TopicMail}, 10)
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

func TestLetters(t *testing.T) {
	t.Run("can be read by nobody who reads the database", func(t *testing.T) {
		r := rig.New(t)
		mail(t, r, r.Clock.Now().Add(time.Hour))
		row := r.Database.Bytes(t, "SELECT payload FROM outbox")
		for _, word := range []string{"ada", "example", "s3cr3t", "123456"} {
			if bytes.Contains(bytes.ToLower(row), []byte(word)) {
				t.Errorf("the row contains %q", word)
			}
		}
	})

	t.Run("are opened as they were", func(t *testing.T) {
		r := rig.New(t)
		mail(t, r, r.Clock.Now().Add(time.Hour))
		var got outbox.Letter
		if err := r.Postbox.Open(claim(t, r), &got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(letter(t), got); diff != "" {
			t.Error(diff)
		}
	})

	t.Run("don't open in another row", func(t *testing.T) {
		r := rig.New(t)
		mail(t, r, r.Clock.Now().Add(time.Hour))
		m := claim(t, r)
		m.ID = domain.MessageID(r.System.NewOrderedID())
		if err := r.Postbox.Open(m, &outbox.Letter{}); err == nil {
			t.Error("it opened")
		}
	})

	t.Run("go to the mailbox as typed, with the row's id as the mail's", func(t *testing.T) {
		r := rig.New(t)
		mail(t, r, r.Clock.Now().Add(time.Hour))
		id := r.Database.Text(t, "SELECT id FROM outbox")
		r.Settle(t)
		mails := r.Inbox.List()
		if len(mails) != 1 || mails[0].To != "Ada@example.com" || mails[0].ID != id || mails[0].Code != "123456" {
			t.Errorf("got %+v", mails)
		}
	})
}

// refusing is a mail server that answers with an error.
type refusing struct{ err error }

func (s refusing) Send(context.Context, mailer.Message) error { return s.err }

// altered is a sealer over a database that somebody changed.
type altered struct{ secure.Sealer }

func (altered) Open(string, []byte) ([]byte, error) { return nil, errors.New("altered") }

// mute is a composer without templates.
type mute struct{}

func (mute) Languages() []string { return nil }

func (mute) Compose(mailer.Kind, string, mailer.Data) (mailer.Message, error) {
	return mailer.Message{}, errors.New("no template")
}

func TestCourier(t *testing.T) {
	for _, test := range []struct {
		name    string
		courier func(r *rig.Rig, c outbox.Courier) outbox.Courier
		parked  bool
		reason  string
	}{
		{"a letter sealed under a SECRET_KEY that is not known here waits for who knows it", func(_ *rig.Rig, c outbox.Courier) outbox.Courier {
			c.Postbox.Sealer = rig.Sealer(t, "YW5vdGhlciBzZWNyZXQsIG9mIGFub3RoZXIgZGVwbG95bWVudA")
			return c
		}, false, "SECRET_KEY"},
		{"a letter that was altered is parked", func(_ *rig.Rig, c outbox.Courier) outbox.Courier {
			c.Postbox.Sealer = altered{c.Postbox.Sealer}
			return c
		}, true, "altered"},
		{"a letter that can't be composed is parked", func(_ *rig.Rig, c outbox.Courier) outbox.Courier {
			c.Composer = mute{}
			return c
		}, true, "no template"},
		{"a mail that was refused for good is parked", func(_ *rig.Rig, c outbox.Courier) outbox.Courier {
			c.Transport = refusing{errors.Join(errors.New("550"), mailer.ErrPermanent)}
			return c
		}, true, "550"},
		{"a mail that was not accepted now is tried again", func(_ *rig.Rig, c outbox.Courier) outbox.Courier {
			c.Transport = refusing{errors.New("451")}
			return c
		}, false, "451"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := rig.New(t)
			courier := test.courier(r, outbox.Courier{Postbox: r.Postbox, Composer: r.Composer, Transport: r.Inbox})
			r.Dispatcher.Deliver[domain.TopicMail] = courier.Deliver
			mail(t, r, r.Clock.Now().Add(time.Hour))
			stop := run(t, r.Dispatcher)
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
