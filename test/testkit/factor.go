package testkit

import (
	"encoding/base32"
	"net/http"
	"strings"
	"time"

	"github.com/pquerna/otp/hotp"
)

// Authenticator is an authenticator app with a secret of an account.
type Authenticator struct {
	ID       string   // of the factor
	Codes    []string // recovery codes, that came with the first factor
	Key, URI string   // the secret in base32, and as apps scan it

	s    *Server
	step int64 // of the code that was shown last
}

const otpPeriod = 30 * time.Second

// Code is one that the server has not seen: it moves the clock when it takes no newer one yet.
func (a *Authenticator) Code() string {
	a.s.tb.Helper()
	now := a.s.Clock.Now().Unix() / int64(otpPeriod/time.Second)
	for a.step = max(a.step+1, now); a.step > now+1; now++ { // the one before would not outlive the end of its 30 s
		a.s.Move(otpPeriod)
	}
	code, err := hotp.GenerateCode(a.Key, uint64(a.step))
	if err != nil {
		a.s.tb.Fatal(err)
	}
	return code
}

// BeginEnrolment makes an authenticator app that does not count yet.
func (s *Server) BeginEnrolment(access string) *Authenticator {
	s.tb.Helper()
	begun := s.Client().Do(Request{Path: "/api/auth/factors/totp", Bearer: access, Body: map[string]string{"name": "Phone"}}).Want(http.StatusCreated, "")
	a := &Authenticator{ID: begun.Text("id"), Key: begun.Text("secret"), URI: begun.Text("uri"), s: s}
	if raw, err := base32.StdEncoding.DecodeString(a.Key); err != nil || len(raw) != 20 {
		s.tb.Fatalf("the secret %q is not 20 bytes in base32", a.Key)
	}
	return a
}

// Confirm is the call that makes an authenticator app count.
func (a *Authenticator) Confirm(access string) Request {
	a.s.tb.Helper()
	return Request{Path: "/api/auth/factors/totp/" + a.ID + "/confirm", Bearer: access, Body: map[string]string{"code": a.Code()}}
}

// Enrol adds an authenticator app to the account of a session, which it returns with its new tokens.
func (s *Server) Enrol(in Tokens) (*Authenticator, Tokens) {
	s.tb.Helper()
	a := s.BeginEnrolment(in.Access)
	done := s.Client().Do(a.Confirm(in.Access)).Want(http.StatusOK, "")
	if codes, ok := done.JSON()["recovery_codes"].([]any); ok {
		for _, code := range codes {
			a.Codes = append(a.Codes, strings.TrimSpace(code.(string)))
		}
	}
	return a, Tokens{Access: done.Text("access_token"), Refresh: done.Text("refresh_token"), Session: in.Session}
}

// Challenge logs an account in whose second factor is asked for.
func (c *Client) Challenge(a Account) string {
	c.tb.Helper()
	return c.Do(Request{Path: "/api/auth/login", Body: map[string]string{"email": a.Email, "password": a.Password}}).
		Want(http.StatusUnauthorized, "mfa_required").Text("challenge")
}

// Verify completes a login by a code of an authenticator app.
func (c *Client) Verify(challenge, code string) Response {
	c.tb.Helper()
	return c.Do(Request{Path: "/api/auth/mfa/verify", Body: map[string]string{"challenge": challenge, "code": code}})
}

// TokensOf are those of an answer that begins a session.
func TokensOf(r Response) Tokens {
	return Tokens{Access: r.Text("access_token"), Refresh: r.Text("refresh_token"), Session: r.Text("session_id")}
}
