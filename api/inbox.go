package api

import "time"

// InboxResponse is the development inbox, newest first, as JSON by the header Accept.
type InboxResponse struct {
	// Messages are to everybody, or with ?to=ADDRESS to one address, in any case.
	Messages []InboxMessage `json:"messages"`
	// Stopped are the last mails that were not sent because a limit stopped them, newest first.
	Stopped []StoppedMail `json:"stopped"`
}

// InboxMessage is a mail that was not sent but kept for a developer to read.
type InboxMessage struct {
	ID       string       `json:"id"`
	At       time.Time    `json:"at"` // when it would have left
	From     string       `json:"from"`
	To       string       `json:"to"`
	Subject  string       `json:"subject"`
	Language string       `json:"language"`
	Text     string       `json:"text"`
	HTML     string       `json:"html"`
	Headers  []MailHeader `json:"headers"` // as a mail server would get them
	Links    []string     `json:"links"`
	Code     string       `json:"code"`
}

// MailHeader is a line of the head of a mail.
type MailHeader struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// StoppedMail is a mail that a limit stopped.
type StoppedMail struct {
	At     time.Time `json:"at"`
	Kind   string    `json:"kind"`
	To     string    `json:"to"` // masked
	Reason string    `json:"reason"`
	Limit  string    `json:"limit"` // the setting, and what it allows
}
