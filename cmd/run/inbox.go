package run

import (
	"bytes"
	"cmp"
	"fmt"
	"net/mail"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/signet-auth/signet/adapters/memory"
	"github.com/signet-auth/signet/adapters/smtpmail"
	"github.com/signet-auth/signet/api"
	"github.com/signet-auth/signet/app/guard"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/mailer"
)

// showInbox shows the development inbox on the admin listener: what was delivered, to one address where one is given, and what was not,
// with the reason.
func (c *Config) showInbox(inbox *memory.Inbox, stopped func() []guard.Stopped) func(to string) api.InboxResponse {
	if inbox == nil {
		return nil
	}
	var mu sync.Mutex
	written := map[mailKey][]api.MailHeader{} // what a mail server would get is written once, however often a page asks
	return func(to string) api.InboxResponse {
		mu.Lock()
		defer mu.Unlock()
		listed := map[mailKey][]api.MailHeader{}
		shown := api.InboxResponse{Messages: []api.InboxMessage{}, Stopped: []api.StoppedMail{}}
		for _, m := range inbox.List() {
			key := mailKey{m.ID, m.At}
			headers, known := written[key]
			if !known {
				headers = c.headers(m)
			}
			listed[key] = headers
			if to != "" && !strings.EqualFold(m.To, to) {
				continue
			}
			shown.Messages = append(shown.Messages, api.InboxMessage{
				ID: m.ID, At: m.At, From: c.MailFrom, To: m.To, Subject: m.Subject, Language: m.Language, Text: m.Text, HTML: m.HTML,
				Headers: headers, Links: slices.Clone(m.Links), Code: m.Code,
			})
		}
		written = listed
		for _, s := range stopped() {
			shown.Stopped = append(shown.Stopped, api.StoppedMail{
				At: s.At, Kind: string(s.Kind), To: s.To, Reason: string(s.Reason), Limit: c.limitOf(s.Reason),
			})
		}
		return shown
	}
}

// mailKey is a mail of the inbox: one that is sent again has the same id.
type mailKey struct {
	id string
	at time.Time
}

// headers are the head of the mail that a mail server would get, in the order in which people look for them.
func (c *Config) headers(m memory.Stored) []api.MailHeader {
	to, err := domain.ParseEmail(m.To)
	if err != nil {
		return nil
	}
	whole := mailer.Message{ID: m.ID, To: to, Subject: m.Subject, Text: m.Text, HTML: m.HTML, Language: m.Language}
	raw, err := written(whole, smtpmail.Options{From: c.MailFrom, ReplyTo: c.MailReplyTo, Now: func() time.Time { return m.At }})
	if err != nil {
		return nil
	}
	parsed, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return nil
	}
	order := []string{"From", "To", "Subject", "Date", "Message-Id"}
	place := func(name string) int {
		if i := slices.Index(order, name); i >= 0 {
			return i
		}
		return len(order)
	}
	var headers []api.MailHeader
	for name, values := range parsed.Header {
		for _, value := range values {
			headers = append(headers, api.MailHeader{Name: name, Value: value})
		}
	}
	slices.SortFunc(headers, func(a, b api.MailHeader) int {
		return cmp.Or(cmp.Compare(place(a.Name), place(b.Name)), strings.Compare(a.Name, b.Name))
	})
	return headers
}

// limitOf is the setting that stopped a mail.
func (c *Config) limitOf(why guard.Reason) string {
	allows := func(setting string, q quota, of string) string {
		return fmt.Sprintf("%s allows %d in %s %s", setting, q.burst, span(q.window), of)
	}
	switch why {
	case guard.ForAddress:
		return allows("LIMIT_MAIL", c.LimitMail, "to one address")
	case guard.ForBlock:
		return allows("LIMIT_MAIL_BLOCK", c.LimitMailBlock, "asked for from one network address")
	case guard.ForLogin:
		return "one login may ask for 3"
	}
	return ""
}

// span is a time as settings say it.
func span(d time.Duration) string {
	switch {
	case d%time.Hour == 0:
		return fmt.Sprintf("%dh", d/time.Hour)
	case d%time.Minute == 0:
		return fmt.Sprintf("%dm", d/time.Minute)
	}
	return d.String()
}
