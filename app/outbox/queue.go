package outbox

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/mailer"
	"github.com/signet-auth/signet/ports/secure"
	"github.com/signet-auth/signet/ports/store"
	"github.com/signet-auth/signet/ports/sys"
)

const (
	// noticeTTL is how long a mail without a secret is worth sending.
	noticeTTL = 24 * time.Hour
	// subjectLabel is the label of the key of subjects.
	subjectLabel = "outbox-subject"
)

// Mail is a mail before it is composed, which happens at delivery, so that rows of the outbox stay small.
type Mail struct {
	Kind   mailer.Kind
	To     domain.Email
	Locale string
	From   domain.Origin // of the request that the mail is about; the mail says so
	Data   mailer.Data
}

// MailTo is a mail to the owner of an account about a request, in their language.
func MailTo(u domain.User, kind mailer.Kind, from domain.Origin, data mailer.Data) Mail {
	data.Name = u.FirstName
	return Mail{Kind: kind, To: u.Email, Locale: u.Locale, From: from, Data: data}
}

// payload is the stored form of a mail. The user agent gets its name at delivery.
type payload struct {
	Kind             mailer.Kind
	Locale           string
	Mailbox, Address string
	Data             mailer.Data
	UserAgent        string
}

// MailQueue puts messages into the outbox, as part of the caller's transaction. Payloads are sealed: they hold addresses, and often a
// secret that opens an account.
type MailQueue struct {
	Sealer secure.Sealer
	System sys.System
}

// Notice queues a mail without a secret.
func (q *MailQueue) Notice(ctx context.Context, tx *store.Tx, m Mail, now time.Time) error {
	return q.Mail(ctx, tx, m, now, now.Add(noticeTTL))
}

// Mail queues a mail that is worth delivering until expires.
func (q *MailQueue) Mail(ctx context.Context, tx *store.Tx, m Mail, now, expires time.Time) error {
	p := payload{
		Kind: m.Kind, Locale: m.Locale, Mailbox: m.To.Mailbox(), Address: m.To.Canonical(), Data: m.Data, UserAgent: domain.Clip(m.From.UserAgent, 300),
	}
	p.Data.IP = m.From.IP
	subject := subjectOf(q.Sealer.Derive(subjectLabel)[0], p.Address)
	return q.put(ctx, tx, domain.MailTopic(string(m.Kind)), p, subject, now, expires)
}

// Put queues a message of any other topic. It has no subject, so an erasure does not find it: it is settled within seconds, and by then its
// address belongs to no account.
func (q *MailQueue) Put(ctx context.Context, tx *store.Tx, topic domain.Topic, content any, now, expires time.Time) error {
	return q.put(ctx, tx, topic, content, nil, now, expires)
}

func (q *MailQueue) put(ctx context.Context, tx *store.Tx, topic domain.Topic, content any, subject []byte, now, expires time.Time) error {
	id := domain.MessageID(q.System.NewOrderedID())
	plain, err := json.Marshal(content)
	if err != nil {
		return fmt.Errorf("encode the payload of %s: %w", topic, err)
	}
	sealed, err := q.Sealer.Seal(Place(id), plain)
	if err != nil {
		return err
	}
	return tx.Outbox.Add(ctx, domain.Message{
		ID: id, Topic: topic, Payload: sealed, Subject: subject, RequestID: sys.RequestID(ctx), RunAt: now, CreatedAt: now, ExpiresAt: expires,
	})
}

// Open reads a message's payload into out. An error is permanent, since the payload will not change, except where the secret is not
// known: another replica may know it, or this one after its next start, so the message waits until it expires.
func (q *MailQueue) Open(m domain.Message, out any) error {
	plain, err := q.Sealer.Open(Place(m.ID), m.Payload)
	if err != nil {
		err = fmt.Errorf("the payload can't be opened with this SECRET_KEY: %w", err)
		if errors.Is(err, secure.ErrUnknownSecret) {
			return err
		}
		return permanent{err}
	}
	if err := json.Unmarshal(plain, out); err != nil {
		return permanent{fmt.Errorf("the payload can't be read: %w", err)}
	}
	return nil
}

// Place is the place to which a message's sealed payload is bound.
func Place(id domain.MessageID) string { return "outbox/payload/" + string(id) }

// Subjects are the keys by which mails to an address are found, under this SECRET_KEY and each previous one: a MAC, so that the table does
// not reveal who got mail.
func (q *MailQueue) Subjects(e domain.Email) [][]byte {
	keys := q.Sealer.Derive(subjectLabel)
	subjects := make([][]byte, len(keys))
	for i, key := range keys {
		subjects[i] = subjectOf(key, e.Canonical())
	}
	return subjects
}

func subjectOf(key []byte, address string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(address))
	return mac.Sum(nil)
}
