package e2e_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/signet-auth/signet/test/testkit"
)

// buttons are what browsers send from the pages of links, and a word of the page that has the button again.
func buttons(token string) map[string]testkit.Request {
	change := following(http.MethodPost, token, browserAccept)
	change.Path = "/api/auth/change-email/" + token
	return map[string]testkit.Request{
		"Verify address":   following(http.MethodPost, token, browserAccept),
		"Use this address": change,
		"Set new password": posting(token, "a long enough passphrase", "a long enough passphrase"),
	}
}

// wantPageAgain checks that a person who can't be served now gets the button again, and is told why.
func wantPageAgain(t *testing.T, answer testkit.Response, status int, button, why string) {
	t.Helper()
	if answer.Status != status || answer.Header.Get("Retry-After") == "" {
		t.Errorf("answer %d, Retry-After %q", answer.Status, answer.Header.Get("Retry-After"))
	}
	checkKind(t, answer, http.MethodPost, `<p class="error" role="alert">`+why+`</p>`)
	checkKind(t, answer, http.MethodPost, "<title>Error: ")
	checkKind(t, answer, http.MethodPost, button)
}

func TestPagesOverTheLimit(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t, testkit.Options{Env: limited(map[string]string{"LIMIT_FAILURES": "3/1m"})})
	c := s.Client()
	for range 3 {
		c.Do(proving("abc")).Want(http.StatusBadRequest, "invalid_token")
	}
	for button, request := range buttons("abc") {
		t.Run(button, func(t *testing.T) {
			c := c.In(t)
			wantPageAgain(t, c.Do(request), http.StatusTooManyRequests, button, "Too many requests. Try again later")
			request.Header.Set("Accept-Language", "de")
			checkKind(t, c.Do(request), http.MethodPost, "Das waren zu viele Versuche. Versuchen Sie es später noch einmal.")
			if button != "Set new password" { // whose page takes nothing but forms
				request.Header.Set("Accept", "application/json")
				c.Do(request).Want(http.StatusTooManyRequests, "rate_limited")
			}
		})
	}
	t.Run("again a minute later", func(t *testing.T) {
		s.Move(time.Minute)
		for _, request := range buttons("abc") {
			checkKind(t, c.In(t).Do(request), http.MethodPost, "This link no longer works")
		}
	})
}

// TestAProofWithoutADatabaseIsNoGuess: what nobody could judge costs no budget.
func TestAProofWithoutADatabaseIsNoGuess(t *testing.T) {
	t.Parallel()
	links := testkit.NewLinks(t)
	s := testkit.Start(t, testkit.Options{Backends: links.Backends, Env: limited(map[string]string{"LIMIT_FAILURES": "3/1m", "LIMIT_LOGIN": "3/15m"})})
	settled(s)
	c := s.Client()
	email, mail := applicant(t, s)
	links.Postgres.Cut()
	for range 5 {
		wantUnavailable(t, "the link", c.Do(proving(mail.Token())))
		wantUnavailable(t, "the code", c.Do(provingByCode(email, mail.Code)))
	}
	for button, request := range buttons(mail.Token()) {
		wantPageAgain(t, c.Do(request), http.StatusServiceUnavailable, button, "Temporarily unavailable. Try again shortly")
	}
	links.Postgres.Restore()
	s.Eventually(15*time.Second, func() bool { return c.Do(get("/readyz", "")).Status == http.StatusOK })
	c.Do(proving(mail.Token())).Want(http.StatusOK, "")
}

// TestAResetLetsItsOwnerInAtOnce (TH-4): guesses of strangers don't keep out a person who has just proved the mailbox.
func TestAResetLetsItsOwnerInAtOnce(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t, testkit.Options{Env: limited(map[string]string{"HASH_WAIT": "20s"})})
	settled(s)
	c := s.Client()
	account := s.NewAccount()
	for range 10 {
		c.Do(from("198.51.100.7", guess(account.Email))).Want(http.StatusUnauthorized, "invalid_credentials")
	}
	wantLimited(t, c.Do(from("198.51.100.8", login(credentials(account)))), 10, 90*time.Second)
	c.Do(from("198.51.100.8", resetting(resetLink(s, account.Email), newPassword))).Want(http.StatusOK, "")
	account.Password = newPassword
	for range 12 {
		c.Do(from("198.51.100.8", login(credentials(account)))).Want(http.StatusOK, "")
	}
	for range 10 {
		c.Do(from("198.51.100.7", guess(account.Email))).Want(http.StatusUnauthorized, "invalid_credentials")
	}
	wantLimited(t, c.Do(from("198.51.100.7", guess(account.Email))), 10, 90*time.Second)
}
