// Package mailer is the port to mail: a Composer turns a kind and its data into a message, a Transport delivers it.
package mailer

import (
	"context"
	"errors"
	"time"

	"github.com/signet-auth/signet/domain"
)

// Data is what templates may use. Name is the only text from users; composers escape it for its place and keep it out of headers and links.
type Data struct {
	Name    string        // first name, may be empty
	Link    string        // absolute URL, may carry a secret
	Code    string        // may be empty
	AskedAt time.Time     // when the request was made
	LinkTTL time.Duration // how long the link works from AskedAt
	CodeTTL time.Duration
	IP      string
	Device  string
	// NewAddress is masked, because the owner may have lost the old mailbox.
	NewAddress string
	EraseAt    time.Time
	Factor     domain.FactorKind
	Left       int    // recovery codes
	Provider   string // the display name of the one that a login came through
}

// Message is a mail ready to go. It may carry secrets: it must not be logged.
type Message struct {
	ID      string // stable over retries: the Message-ID is made from it
	To      domain.Email
	Subject string
	Text    string
	HTML    string
	// Language is the tag of the language that it is written in.
	Language string
}

// Composer writes mails. It is safe for concurrent use.
type Composer interface {
	// Languages are the tags of the languages that have mails, in lower case and sorted, including "en".
	Languages() []string
	// Compose writes in the best language for the locale (RFC 4647 §3.4), else in English. It fails for an unknown kind and for templates that
	// fail; both are permanent.
	Compose(kind Kind, locale string, data Data) (Message, error)
}

// Transport delivers mails. It is safe for concurrent use and gives up when ctx does.
type Transport interface {
	// Send delivers to the server. A retry is useless after an error that wraps ErrPermanent, and may help after any other. Errors contain
	// neither the message's content nor addresses.
	Send(ctx context.Context, m Message) error
}

// ErrPermanent marks a refusal that a retry will not change (SMTP 5yz, RFC 5321 §4.2.1).
var ErrPermanent = errors.New("the mail was refused for good")
