package testkit

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// Password is the password of test accounts.
const Password = "a long enough passphrase 7"

var accounts atomic.Int64

// NewAddress is an address that no other test uses.
func NewAddress() string { return fmt.Sprintf("user%d@example.com", accounts.Add(1)) }

// Account is a verified account.
type Account struct{ ID, Email, Password string }

// Tokens are what a login or refresh answers.
type Tokens struct{ Access, Refresh, Session string }

// Register registers an address and verifies it by the link of its mail.
func (s *Server) Register(email string) Account {
	s.tb.Helper()
	c := s.Client()
	id := c.Do(Request{Path: "/api/auth/register", Body: map[string]string{"email": email, "password": Password}}).Want(http.StatusCreated, "").Text("user_id")
	mail := s.Mail(email, 1)
	c.Do(Request{Path: "/api/auth/verify-email", Body: map[string]string{"token": mail.Token()}}).Want(http.StatusOK, "")
	return Account{ID: id, Email: email, Password: Password}
}

// NewAccount is a fresh verified account.
func (s *Server) NewAccount() Account { s.tb.Helper(); return s.Register(NewAddress()) }

// Login logs an account in.
func (c *Client) Login(a Account) Tokens {
	c.tb.Helper()
	answer := c.Do(Request{Path: "/api/auth/login", Body: map[string]string{"email": a.Email, "password": a.Password}}).Want(http.StatusOK, "")
	return TokensOf(answer)
}

// Refresh sends a refresh token in the body.
func (c *Client) Refresh(token string) Response {
	c.tb.Helper()
	return c.Do(Request{Path: "/api/auth/refresh", Body: map[string]string{"refresh_token": token}})
}

// Me asks who the bearer of a token is.
func (c *Client) Me(access string) Response {
	c.tb.Helper()
	return c.Do(Request{Path: "/api/auth/me", Bearer: access})
}

// Mail is a message of the development inbox.
type Mail struct {
	ID      string    `json:"id"`
	At      time.Time `json:"at"`
	To      string    `json:"to"`
	Subject string    `json:"subject"`
	Text    string    `json:"text"`
	HTML    string    `json:"html"`
	Links   []string  `json:"links"`
	Code    string    `json:"code"`
}

// Token is the secret at the end of the mail's first link.
func (m Mail) Token() string {
	if len(m.Links) == 0 {
		return ""
	}
	u, err := url.Parse(m.Links[0])
	if err != nil {
		return ""
	}
	return path.Base(u.Path)
}

// Mails are the messages to an address, newest first, also those that a replica of this server delivered.
func (s *Server) Mails(address string) []Mail {
	s.tb.Helper()
	var mails []Mail
	for _, r := range append([]*Server{s}, s.replicas...) {
		if r.running == nil {
			continue
		}
		mails = append(mails, r.inbox(address)...)
	}
	slices.SortStableFunc(mails, func(a, b Mail) int { return b.At.Compare(a.At) })
	s.seen.Store(strings.ToLower(address), len(mails))
	return mails
}

// inbox is what this server delivered to an address, newest first.
func (s *Server) inbox(address string) []Mail {
	s.tb.Helper()
	request, err := http.NewRequestWithContext(s.tb.Context(), http.MethodGet, s.AdminURL+"/dev/inbox?to="+url.QueryEscape(address), nil)
	if err != nil {
		s.tb.Fatal(err)
	}
	request.Header.Set("Accept", "application/json")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		s.tb.Fatalf("inbox: %v", err)
	}
	defer func() { _ = answer.Body.Close() }()
	var listing struct {
		Messages []Mail `json:"messages"`
	}
	if err := json.NewDecoder(answer.Body).Decode(&listing); err != nil {
		s.tb.Fatalf("inbox: %v", err)
	}
	return listing.Messages
}

// Mail waits until an address has got so many messages, and returns the newest. Mail leaves through the outbox, after the
// answer, so this is the one place where tests wait for something. The outbox promises no order, so which of two mails is the newest is
// known only to a test that has seen the one before.
func (s *Server) Mail(address string, count int) Mail {
	s.tb.Helper()
	if seen, _ := s.seen.LoadOrStore(strings.ToLower(address), 0); count > seen.(int)+1 {
		s.tb.Fatalf("mail %d to %s is asked for before mail %d was seen", count, address, count-1)
	}
	var mails []Mail
	s.Eventually(15*time.Second, func() bool { mails = s.Mails(address); return len(mails) >= count })
	return mails[0]
}

// Eventually polls until a condition holds, and fails the test when it does not in time.
func (s *Server) Eventually(within time.Duration, holds func() bool) {
	s.tb.Helper()
	deadline := time.Now().Add(within)
	pause := 5 * time.Millisecond
	for !holds() {
		if time.Now().After(deadline) {
			s.tb.Fatalf("not within %s", within)
		}
		time.Sleep(pause)
		pause = min(pause*3/2, 50*time.Millisecond) // what is asked often costs more than what is waited for
	}
}
