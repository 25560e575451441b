package memory

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/signet-auth/signet/ports/mailer"
)

// inboxSize is how many mails are kept; the oldest goes first.
const inboxSize = 100

// Inbox implements mailer.Transport by keeping the mails: the development inbox. Its mails carry live links and codes, so it
// is for listeners on loopback and for tests; production has a mail server or does not start.
type Inbox struct {
	now func() time.Time

	mu    sync.Mutex
	mails []Stored // oldest first
}

// Stored is a mail in the inbox, with the links and the code extracted from its text.
type Stored struct {
	ID      string
	At      time.Time // when it was delivered
	To      string
	Subject string
	Text    string
	HTML    string
	// Language is the tag of the language that it is written in.
	Language string
	Links    []string // of the text part, in order, each once
	Code     string   // six digits, or empty
}

// NewInbox makes an empty inbox.
func NewInbox(now func() time.Time) *Inbox { return &Inbox{now: now} }

// Send keeps the mail. A mail with the same ID (after a retry) replaces the earlier one, as mailboxes that compare the Message-ID do.
func (i *Inbox) Send(ctx context.Context, m mailer.Message) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	links, code := extract(m.Text)
	stored := Stored{
		ID: m.ID, At: i.now(), To: m.To.Mailbox(), Subject: m.Subject, Text: m.Text, HTML: m.HTML, Language: m.Language,
		Links: links, Code: code,
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if m.ID != "" {
		i.mails = slices.DeleteFunc(i.mails, func(s Stored) bool { return s.ID == m.ID })
	}
	if len(i.mails) == inboxSize {
		i.mails = slices.Delete(i.mails, 0, 1) // clears the freed place, and the secrets in it
	}
	i.mails = append(i.mails, stored)
	return nil
}

// List returns the mails, newest first.
func (i *Inbox) List() []Stored {
	i.mu.Lock()
	defer i.mu.Unlock()
	mails := slices.Clone(i.mails)
	slices.Reverse(mails)
	return mails
}

var (
	linkForm = regexp.MustCompile(`https?://[^\s<>"]+`)
	codeForm = regexp.MustCompile(`(?:^|[^\w-])(\d{6})(?:$|[^\w-])`)
)

// extract finds links, without the punctuation of the sentence around them, and then a code in what is left, because a
// token may contain six digits too.
func extract(text string) (links []string, code string) {
	links = []string{} // an empty list, not null, wherever it is encoded
	rest := linkForm.ReplaceAllStringFunc(text, func(link string) string {
		link = strings.TrimRight(link, ".,;:!?)'")
		if !slices.Contains(links, link) {
			links = append(links, link)
		}
		return " "
	})
	if match := codeForm.FindStringSubmatch(rest); match != nil {
		code = match[1]
	}
	return links, code
}
