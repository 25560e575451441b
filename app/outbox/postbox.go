package outbox

import (
	"context"
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

// Letter is a mail before it is composed: composing waits until delivery, so that the outbox holds a line and not a page.
type Letter struct {
	Kind    mailer.Kind
	Locale  string
	Mailbox string
	Address string // canonical
	Data    mailer.Data
	// UserAgent is the asker's, in their own words: Courier puts Data.Device in its place.
	UserAgent string
}

// To addresses a letter.
func (l Letter) To(e domain.Email) Letter {
	l.Mailbox, l.Address = e.Mailbox(), e.Canonical()
	return l
}

// Postbox puts messages into the outbox, as part of the transaction that promises them. Payloads are sealed: they hold
// addresses, and often a secret that opens an account.
type Postbox struct {
	Sealer secure.Sealer
	System sys.System
}

// Mail promises a letter, worth delivering until expires.
func (p Postbox) Mail(ctx context.Context, tx *store.Tx, letter Letter, expires time.Time) error {
	return p.put(ctx, tx, domain.TopicMail, letter, p.subject(letter.Address), expires)
}

// Put promises a message of any topic.
func (p Postbox) Put(ctx context.Context, tx *store.Tx, topic domain.Topic, payload any, expires time.Time) error {
	return p.put(ctx, tx, topic, payload, nil, expires)
}

func (p Postbox) put(ctx context.Context, tx *store.Tx, topic domain.Topic, payload any, subject []byte, expires time.Time) error {
	id := domain.MessageID(p.System.NewOrderedID())
	plain, err := json.Marshal(payload)
	if err != nil {
		return fmt.Errorf("encode the payload of %s: %w", topic, err)
	}
	sealed, err := p.Sealer.Seal(Place(id), plain)
	if err != nil {
		return err
	}
	now := p.System.Now()
	return tx.Outbox.Add(ctx, domain.Message{ID: id, Topic: topic, Payload: sealed, Subject: subject, RunAt: now, CreatedAt: now, ExpiresAt: expires})
}

// Open reads a message's payload into out. An error is permanent, since the payload will not change – but where the secret is not
// known: another replica may know it, or this one after its next start, so the message waits until it expires.
func (p Postbox) Open(m domain.Message, out any) error {
	plain, err := p.Sealer.Open(Place(m.ID), m.Payload)
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

// Place is what a message's payload is sealed for.
func Place(id domain.MessageID) string { return "outbox/payload/" + string(id) }
