package domain

import "time"

// Topic says what the dispatcher does with a message.
type Topic string

// The topics. All except mails are requests: the dispatcher looks up the account, makes the secret (except for a change of address, whose
// request has made it) and writes the mail in one transaction, so that the HTTP request takes the same time for known and unknown
// addresses.
const (
	TopicRegistration Topic = "registration"  // send the link and code, or "already registered"
	TopicResend       Topic = "resend"        // send a fresh link and code, if anything waits for one
	TopicProveAddress Topic = "prove_address" // send the code that proves the address of a login through a provider
	TopicForgot       Topic = "forgot"        // send a link to set a new password, if there is an account
	TopicChangeEmail  Topic = "change_email"  // send the new address a link, or its owner a notice
)

// TopicAnyMail is the topic of waiting mails from an old release without topics by kind: the kind is in the payload.
const TopicAnyMail Topic = "mail"

// MailTopic is the topic of mails of a kind. Each kind is a topic of its own, because a dispatcher takes only the topics that it
// handles: a mail that an older release can't write waits for a replica that can.
func MailTopic(kind string) Topic { return Topic("mail." + kind) }

// Message is a row of the outbox: a side effect that a transaction queued, delivered after it at least once.
type Message struct {
	ID    MessageID
	Topic Topic
	// Payload is sealed when it carries a secret; it is blanked once the message is settled.
	Payload []byte
	// Subject finds the message of a person who is erased: a MAC of the address that it is about, or empty. It is never read back.
	Subject []byte
	// RequestID is the request that caused it, for the log; empty: none.
	RequestID string
	RunAt     time.Time
	Attempts  int
	CreatedAt time.Time
	ExpiresAt time.Time // with the secret in it; after that it is not worth sending
	// Lease identifies one claim, so that a dispatcher that was too slow can't settle what another has taken over.
	Lease int64
}

// Backlog is the messages that wait to be delivered.
type Backlog struct {
	Messages int       // no more than MaxBacklog
	Oldest   time.Time // when the oldest of them was promised; zero without any
}

// MaxBacklog is how far a backlog is counted: beyond it operators only need to know that it is long, and counting must stay cheap.
const MaxBacklog = 10_000
