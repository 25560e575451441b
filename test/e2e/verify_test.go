package e2e_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/signet-auth/signet/test/testkit"
)

// proving is the request that proves a mailbox by the token of the link, in the body.
func proving(token string) testkit.Request {
	return testkit.Request{Path: "/api/auth/verify-email", Body: testkit.Object{"token": token}}
}

// provingByCode is the request that proves it by address and code.
func provingByCode(email, code string) testkit.Request {
	return testkit.Request{Path: "/api/auth/verify-email", Body: testkit.Object{"email": email, "code": code}}
}

// following is the request of somebody who follows the link. accept "" sends no Accept header.
func following(method, token, accept string) testkit.Request {
	r := testkit.Request{Method: method, Path: "/api/auth/verify-email/" + token, Header: http.Header{}}
	if accept != "" {
		r.Header.Set("Accept", accept)
	}
	return r
}

// browserAccept is what browsers send when a person follows a link.
const browserAccept = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"

// The outcomes of a proof.
const (
	proved     = "200"
	notAToken  = "400 invalid_token"
	confirm    = "409 confirmation_required"
	notAnAddr  = "400 invalid_request"
	incomplete = "400 validation_failed"
)

func TestFollowingTheLink(t *testing.T) {
	t.Parallel()
	rows := map[string]struct {
		method, accept string
		outcome        string
		page           string // in the page; empty: JSON
		consumes       bool
		consumesAll    bool // under VERIFY_GET=consume
	}{
		"a browser gets a page with a button": {http.MethodGet, browserAccept, "200", `<form method="post">`, false, false},
		"html after json is a browser too":    {http.MethodGet, "application/json, text/html", "200", `<button type="submit"`, false, false},
		"json liked better than html":         {http.MethodGet, "application/json, text/html;q=0.5", proved, "", true, true},
		"html liked better than json":         {http.MethodGet, "application/json;q=0.5, text/html", "200", `<form method="post">`, false, false},
		"a program that says json":            {http.MethodGet, "application/json", proved, "", true, true},
		"json in capitals and with a weight":  {http.MethodGet, "Application/JSON;q=0.5, */*;q=0.1", proved, "", true, true},
		"a link checker that says nothing":    {http.MethodGet, "", confirm, "", false, true},
		"a mail scanner":                      {http.MethodGet, "*/*", confirm, "", false, true},
		"a scanner that wants text":           {http.MethodGet, "text/plain", confirm, "", false, true},
		"a scanner that wants any text":       {http.MethodGet, "text/*", confirm, "", false, true},
		"html that is not wanted":             {http.MethodGet, "text/html;q=0.0, */*", confirm, "", false, true},
		"HEAD by a browser":                   {http.MethodHead, browserAccept, "200", "", false, false},
		"HEAD by a program":                   {http.MethodHead, "application/json", "200", "", false, false},
		"HEAD by nobody":                      {http.MethodHead, "", "200", "", false, false},
		"HEAD by a scanner":                   {http.MethodHead, "*/*", "200", "", false, false},
		"the button":                          {http.MethodPost, browserAccept, proved, "Your address is verified", true, true},
		"POST by a program":                   {http.MethodPost, "application/json", proved, "", true, true},
		"POST by anybody":                     {http.MethodPost, "*/*", proved, "", true, true},
		"POST by who says nothing":            {http.MethodPost, "", proved, "", true, true},
	}
	for _, setting := range []string{"confirm", "consume"} {
		t.Run("VERIFY_GET="+setting, func(t *testing.T) {
			t.Parallel()
			s := testkit.Start(t, testkit.Options{Env: map[string]string{"VERIFY_GET": setting}})
			c := s.Client()
			for name, row := range rows {
				t.Run(name, func(t *testing.T) {
					c := c.In(t)
					_, mail := applicant(t, s)
					outcome, consumes := row.outcome, row.consumes
					if setting == "consume" && row.consumesAll {
						outcome, consumes = proved, true
					}
					answer := c.Do(following(row.method, mail.Token(), row.accept))
					if got := answer.Outcome(); got != outcome {
						t.Errorf("answer %s, want %s\n%s", got, outcome, answer.Body)
					}
					checkKind(t, answer, row.method, row.page)
					want := proved
					if consumes {
						want = notAToken
					}
					if got := c.Do(proving(mail.Token())).Outcome(); got != want {
						t.Errorf("the next use answers %s, want %s", got, want)
					}
				})
			}
		})
	}
}

// checkKind checks that an answer is the page or JSON, and what keeps the secret in its address to itself.
func checkKind(t *testing.T, answer testkit.Response, method, page string) {
	t.Helper()
	kind := answer.Header.Get("Content-Type")
	switch {
	case method == http.MethodHead:
		if len(answer.Body) > 0 {
			t.Errorf("HEAD has a body: %s", answer.Body)
		}
	case page != "":
		if kind != "text/html; charset=utf-8" || !strings.Contains(string(answer.Body), page) {
			t.Errorf("answer %q lacks %q:\n%s", kind, page, answer.Body)
		}
		if csp := answer.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") ||
			strings.Contains(csp, "script-src") && !strings.Contains(csp, "script-src 'sha256-") {
			t.Errorf("the policy of the page is %q", csp)
		}
	case !strings.Contains(kind, "json"):
		t.Errorf("answer is %q, want JSON", kind)
	}
	if got := answer.Header.Get("Referrer-Policy") + ", " + answer.Header.Get("Cache-Control"); got != "no-referrer, no-store" {
		t.Errorf("Referrer-Policy and Cache-Control are %q", got)
	}
}

func TestAUsedLink(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		s := testkit.Shared(t, b)
		c := s.Client()
		_, mail := applicant(t, s)
		c.Do(following(http.MethodPost, mail.Token(), "")).Want(http.StatusOK, "")
		for _, again := range []testkit.Request{
			following(http.MethodPost, mail.Token(), ""), following(http.MethodGet, mail.Token(), "application/json"), proving(mail.Token()),
		} {
			answer := c.Do(again).Want(http.StatusBadRequest, "invalid_token")
			if answer.Text("message") != "Invalid verification token" {
				t.Errorf("the message is %q", answer.Text("message"))
			}
		}
		for _, method := range []string{http.MethodPost, http.MethodGet} { // at once, not only after the button
			page := c.Do(following(method, mail.Token(), browserAccept))
			if page.Status != http.StatusBadRequest {
				t.Errorf("the page comes with %d", page.Status)
			}
			checkKind(t, page, method, "This link no longer works")
		}
	})
}

func TestSecretsThatProveNothing(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		s := testkit.Shared(t, b)
		c, record := s.Client(), s.Record()
		account := s.NewAccount()
		in := c.Login(account)
		email, mail := applicant(t, s)
		link := mail.Token()
		for name, token := range map[string]string{
			"a word":                     "abc",
			"a blank":                    " ",
			"an access token":            in.Access,
			"a refresh token":            in.Refresh,
			"the code":                   mail.Code,
			"the link in capitals":       strings.ToUpper(link),
			"the link and a character":   link + "0",
			"the link but a character":   link[:len(link)-1],
			"the link in a larger base":  strings.Repeat("z", len(link)),
			"the link with a line end":   link + "\n",
			"a path":                     "../" + link,
			"sixty thousand characters":  strings.Repeat("A", 60_000),
			"a digit of another script":  link[:len(link)-1] + "\u0663",
			"an id":                      account.ID,
			"what SQL would not like":    "' OR 1=1 --",
			"what LIKE would like":       "%",
			"what a template would like": "{{.}}",
		} {
			t.Run(name, func(t *testing.T) {
				c := c.In(t)
				answer := c.Do(proving(token)).Want(http.StatusBadRequest, "invalid_token")
				if strings.Contains(string(answer.Body), token) && len(token) > 3 {
					t.Errorf("the answer repeats the token: %s", answer.Body)
				}
			})
		}

		t.Run("a token of another purpose", func(t *testing.T) {
			c := c.In(t)
			if n := record.Exec("UPDATE flows SET purpose = 'password_reset' WHERE address = ? AND consumed_at IS NULL", email); n != 1 {
				t.Fatalf("%d flows", n)
			}
			c.Do(proving(link)).Want(http.StatusBadRequest, "invalid_token")
			c.Do(provingByCode(email, mail.Code)).Want(http.StatusBadRequest, "invalid_token")
			record.Exec("UPDATE flows SET purpose = 'verify_registration' WHERE address = ?", email)
			c.Do(proving(link)).Want(http.StatusOK, "")
		})
	})
}

func TestALinkWorksForADay(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t, testkit.Options{})
	c := s.Client()
	_, late := applicant(t, s)
	s.Move(time.Minute)
	_, intime := applicant(t, s)
	s.Move(24*time.Hour - time.Minute)
	c.Do(proving(late.Token())).Want(http.StatusBadRequest, "invalid_token")
	c.Do(proving(intime.Token())).Want(http.StatusOK, "")
}

func TestWhatAProofMakes(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		s := testkit.Start(t, testkit.Options{Backends: b})
		c, record := s.Client(), s.Record()
		email := testkit.NewAddress()
		id := c.Do(registering(email, testkit.Object{"first_name": "Ada", "last_name": "Lovelace", "locale": "en-GB"})).Want(http.StatusCreated, "").Text("user_id")
		if n := record.Count("SELECT count(*) FROM users") + record.Count("SELECT count(*) FROM principals WHERE kind = 'user'"); n != 0 {
			t.Errorf("%d users and principals before the proof", n)
		}
		c.Do(proving(s.Mail(email, 1).Token())).Want(http.StatusOK, "")

		in := c.Do(loggingIn(email, testkit.Password)).Want(http.StatusOK, "")
		user, _ := in.JSON()["user"].(testkit.Object)
		for member, want := range map[string]any{
			"id": id, "email": email, "first_name": "Ada", "last_name": "Lovelace", "locale": "en-GB", "is_active": true, "is_email_verified": true,
		} {
			if user[member] != want {
				t.Errorf("user.%s is %v, want %v", member, user[member], want)
			}
		}
		claims := s.VerifyToken(in.Text("access_token"))
		if roles, _ := claims["roles"].([]any); len(roles) != 1 || roles[0] != "user" || claims["email_verified"] != true {
			t.Errorf("the token says roles %v, email_verified %v; want the platform's default role", claims["roles"], claims["email_verified"])
		}
		for _, kind := range []string{"user.registered", "user.verified"} {
			if n := record.Count("SELECT count(*) FROM audit_events WHERE type = ? AND subject_id = ?", kind, id); n != 1 {
				t.Errorf("%d events %s", n, kind)
			}
		}
	})
}

func TestRoutesTakeATrailingSlash(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		s := testkit.Shared(t, b)
		c, email := s.Client(), testkit.NewAddress()
		slashed := func(r testkit.Request) testkit.Request { r.Path += "/"; return r }
		c.Do(slashed(registering(email))).Want(http.StatusCreated, "")
		s.Mail(email, 1)
		c.Do(slashed(resending(email))).Want(http.StatusAccepted, "")
		mail := s.Mail(email, 2)
		c.Do(slashed(following(http.MethodGet, mail.Token(), browserAccept))).Want(http.StatusOK, "")
		c.Do(slashed(provingByCode(email, "000000x"))).Want(http.StatusBadRequest, "invalid_token")
		c.Do(slashed(following(http.MethodPost, mail.Token(), ""))).Want(http.StatusOK, "")
		in := c.Do(slashed(loggingIn(email, testkit.Password))).Want(http.StatusOK, "")
		c.Do(testkit.Request{Path: "/api/auth/me/", Bearer: in.Text("access_token")}).Want(http.StatusOK, "")
	})
}
