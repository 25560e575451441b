package domain

import "time"

// Topic says what the dispatcher does with a message.
type Topic string

// The topics. All but mails are requests: the dispatcher looks the account up, makes the secret (but for a change of address,
// whose request brings it) and writes the mail in one transaction, so that the request that asked took the same time for known
// and unknown addresses.
const (
	TopicRegistration Topic = "registration"  // send the link and code, or "already registered"
	TopicResend       Topic = "resend"        // send a fresh link and code, if anything waits for one
	TopicProveAddress Topic = "prove_address" // send the code that proves the address of a login through a provider
	TopicForgot       Topic = "forgot"        // send a link to set a new password, if there is an account
	TopicChangeEmail  Topic = "change_email"  // send the new address a link, or its owner a word
)

// TopicAnyMail is the topic of mails that waited when a release before topics by kind was replaced: the kind is in the payload.
const TopicAnyMail Topic = "mail"

// MailTopic is the topic of mails of a kind. Each kind is a topic of its own, because a dispatcher takes only the topics that it
// handles: a mail that an older release can't write waits for a replica that can.
func MailTopic(kind string) Topic { return Topic("mail." + kind) }

// Message is a row of the outbox: a side effect promised by a transaction and delivered after it, at least once.
type Message struct {
	ID    MessageID
	Topic Topic
	// Payload is sealed when it carries a secret; it is blanked once the message is settled.
	Payload []byte
	// Subject finds the message of a person who is erased: a MAC of the address that it is about, or nothing. It is not read back.
	Subject []byte
	// RequestID is the request that led to it, for the log; empty: none did.
	RequestID string
	RunAt     time.Time
	Attempts  int
	CreatedAt time.Time
	ExpiresAt time.Time // with the secret in it; after that it is not worth sending
	// Lease identifies one claim, so that a dispatcher that was too slow can't settle what another has taken over.
	Lease int64
}

// Backlog is what of the outbox waits to be delivered.
type Backlog struct {
	Messages int       // no more than MaxBacklog
	Oldest   time.Time // when the oldest of them was promised; zero without any
}

// MaxBacklog is how far a backlog is counted: that it is long is all that operators need to know, and counting must stay cheap then.
const MaxBacklog = 10_000
