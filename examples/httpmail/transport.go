// Package httpmail delivers mails by an HTTP API instead of SMTP: POST of a JSON object with a bearer key and an Idempotency-Key, the shape
// that Resend and others take. It is the worked example of docs/adapters.md: copied to adapters/ it is an adapter like the others.
//
// The flow: [New] checks the settings, so that a bad sender stops the start and not a mail; [Transport.Send] makes one call a mail, bounded
// in time, and sorts what went wrong into "for good" and "try again". Services repeat addresses and content in their answers, so of an
// answer only its status is told.
package httpmail

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/mail"
	"net/url"
	"time"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/mailer"
)

const (
	// defaultTimeout bounds a delivery.
	defaultTimeout = 15 * time.Second
	// longestAnswer is how much of an answer is read, so that the connection can be used again. Nothing in it is of use.
	longestAnswer = 64 << 10
)

// Options say where mails are handed over, and as whom.
type Options struct {
	// URL takes the mails. It is https, or on this machine.
	URL string
	Key domain.Secret
	// From is "name@example.com" or "Name <name@example.com>", ReplyTo likewise; empty: answers go to From.
	From, ReplyTo string
	// Timeout bounds one delivery; 0 = 15 s.
	Timeout time.Duration
}

// Transport implements mailer.Transport.
type Transport struct {
	Options

	client http.Client
}

// New checks the settings. It does not connect: the service may be down when we start.
func New(o Options) (*Transport, error) {
	u, err := url.Parse(o.URL)
	if err != nil || u.Host == "" || u.Scheme != "https" && (u.Scheme != "http" || !isLoopback(u.Hostname())) {
		return nil, errors.New("mails carry secrets: the service's address must be https")
	}
	if o.Key.IsZero() {
		return nil, errors.New("the service's key is missing")
	}
	for _, address := range []string{o.From, cmp.Or(o.ReplyTo, o.From)} {
		if _, err := mail.ParseAddress(address); err != nil {
			return nil, fmt.Errorf("%q is no address", address)
		}
	}
	o.Timeout = cmp.Or(o.Timeout, defaultTimeout)
	// A redirect would take the key and the mail, with a link that opens an account, to somebody else.
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &Transport{Options: o, client: http.Client{CheckRedirect: stay}}, nil
}

// body is the mail as the service wants it.
type body struct {
	From    string            `json:"from"`
	To      []string          `json:"to"`
	ReplyTo string            `json:"reply_to,omitempty"`
	Subject string            `json:"subject"`
	Text    string            `json:"text"`
	HTML    string            `json:"html,omitempty"`
	Headers map[string]string `json:"headers"`
}

// Send hands one mail over. A retry has the same Idempotency-Key, by which the service knows a mail that it has taken already.
func (t *Transport) Send(ctx context.Context, m mailer.Message) error {
	if m.To.IsZero() || m.ID == "" {
		return fmt.Errorf("httpmail: the message has no recipient or no ID: %w", mailer.ErrPermanent)
	}
	headers := map[string]string{"Auto-Submitted": "auto-generated"} // so that machines don't answer (RFC 3834 §5)
	if m.Language != "" {
		headers["Content-Language"] = m.Language
	}
	content, err := json.Marshal(body{
		From: t.From, To: []string{m.To.Mailbox()}, ReplyTo: t.ReplyTo, Subject: m.Subject, Text: m.Text, HTML: m.HTML, Headers: headers,
	})
	if err != nil {
		return fmt.Errorf("httpmail: the message is no text: %w", mailer.ErrPermanent)
	}
	ctx, cancel := context.WithTimeout(ctx, t.Timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, t.URL, bytes.NewReader(content))
	if err != nil {
		return errors.New("httpmail: no request can be made of the settings")
	}
	request.Header.Set("Authorization", "Bearer "+t.Key.Reveal())
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Idempotency-Key", m.ID)
	response, err := t.client.Do(request)
	if err != nil {
		return unreachable(ctx, err)
	}
	defer func() { _ = response.Body.Close() }()
	_, _ = io.CopyN(io.Discard, response.Body, longestAnswer) // what follows is not waited for
	return judge(response.StatusCode)
}

// judge tells what a status means. Refused for good is what is about this mail; a key that is not accepted, or an address of the service
// that is not right, is an operator's to mend, and the mail waits for that.
func judge(status int) error {
	switch {
	case status >= 200 && status < 300:
		return nil
	case status == http.StatusBadRequest, status == http.StatusRequestEntityTooLarge, status == http.StatusUnprocessableEntity:
		return fmt.Errorf("httpmail: the service answered %d: %w", status, mailer.ErrPermanent)
	}
	return fmt.Errorf("httpmail: the service answered %d", status)
}

// unreachable says why there was no answer, without the address: keys are put into those, too.
func unreachable(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("httpmail: the delivery was given up: %w", ctx.Err())
	}
	if of, ok := errors.AsType[*url.Error](err); ok {
		err = of.Err
	}
	return fmt.Errorf("httpmail: no answer from the service: %w", err)
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
