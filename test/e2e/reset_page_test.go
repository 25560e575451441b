package e2e_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/test/testkit"
)

// posting is what the form of the page sends.
func posting(token, password, repeated string) testkit.Request {
	return testkit.Request{
		Path: "/api/password/reset/" + token, Body: url.Values{"new_password": {password}, "repeated": {repeated}}.Encode(),
		Header: http.Header{"Accept": {browserAccept}, "Content-Type": {"application/x-www-form-urlencoded"}, "Origin": {"null"}},
	}
}

// visiting is the request of somebody who follows the link.
func visiting(method, token, accept string) testkit.Request {
	r := testkit.Request{Method: method, Path: "/api/password/reset/" + token, Header: http.Header{}}
	if accept != "" {
		r.Header.Set("Accept", accept)
	}
	return r
}

func TestThePageOfTheResetLink(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t, testkit.Options{})
	c, record := s.Client(), s.Record()
	account := s.Register("ada@example.com")
	token := resetLink(s, account.Email)
	used := resetLink(s, s.NewAccount().Email)
	c.Do(resetting(used, newPassword)).Want(http.StatusOK, "")
	before := record.Rows()

	t.Run("is the same for every visitor, and uses nothing up", func(t *testing.T) {
		c := c.In(t)
		page := c.Do(visiting(http.MethodGet, token, browserAccept)).Want(http.StatusOK, "")
		checkKind(t, page, http.MethodGet, `<form method="post"`)
		for name, request := range map[string]testkit.Request{
			"a scanner": visiting(http.MethodGet, token, "*/*"), "a program": visiting(http.MethodGet, token, "application/json"),
			"nobody": visiting(http.MethodGet, token, ""),
		} {
			if diff := cmp.Diff(normalised(page), normalised(c.Do(request))); diff != "" {
				t.Errorf("%s:\n%s", name, diff)
			}
		}
		checkKind(t, c.Do(visiting(http.MethodHead, token, browserAccept)).Want(http.StatusOK, ""), http.MethodHead, "")
		golden(t, "reset-page.http", page)
	})
	t.Run("carries nothing of the token, loads nothing, and tells password managers whose password it is", func(t *testing.T) {
		page := string(c.In(t).Do(visiting(http.MethodGet, token, browserAccept)).Body)
		if !strings.Contains(page, `value="`+account.Email+`" readonly autocomplete="username"`) {
			t.Errorf("the account is not named:\n%s", page)
		}
		for _, word := range []string{token, "src=", "<link", "<img", "http:", "https:", "maxlength", "onpaste"} {
			if strings.Contains(page, word) {
				t.Errorf("it has %q", word)
			}
		}
		if n := strings.Count(page, `autocomplete="new-password"`); n != 2 {
			t.Errorf("%d fields say what they are", n)
		}
	})
	t.Run("names what is wrong beside the field, and repeats nothing of it", func(t *testing.T) {
		c := c.In(t)
		for name, row := range map[string]struct {
			password, repeated, id, want string
		}{
			"an empty form":   {"", "", "new_password", "The password is required"},
			"only the second": {"", "a long enough passphrase", "new_password", "The password is required"},
			"too short":       {"7 chars", "7 chars", "new_password", "The password must have at least 8 characters"},
			"too long":        {strings.Repeat("x", 73), strings.Repeat("x", 73), "new_password", "The password must have at most 72 bytes"},
			"a common one":    {"football", "football", "new_password", "The password is too common: it is among the first that attackers try"},
			"the own address": {account.Email, account.Email, "new_password", "The password must not be your own address or name"},
			"not the same":    {"a long enough passphrase", "a long enough passphrasE", "repeated", "The two passwords are not the same"},
			"only once":       {"a long enough passphrase", "", "repeated", "The two passwords are not the same"},
			"markup":          {"<b>x</b>", "<i>", "repeated", "The two passwords are not the same"},
		} {
			answer := c.Do(posting(token, row.password, row.repeated))
			page := string(answer.Body)
			if answer.Status != http.StatusBadRequest || !strings.Contains(page, `<p class="error" id="`+row.id+`-error">`+row.want+`</p>`) ||
				!strings.Contains(page, "<title>Error: Choose a new password</title>") || strings.Count(page, `aria-invalid="true" autofocus`) != 1 {
				t.Errorf("%s: %d\n%s", name, answer.Status, page)
			}
			page = strings.ReplaceAll(page, `value="`+account.Email+`"`, "") // whose password it is
			for _, typed := range []string{row.password, row.repeated} {
				if len(typed) > 6 && strings.Contains(page, typed) || strings.Contains(page, "<i>") {
					t.Errorf("%s: the page repeats what was typed\n%s", name, page)
				}
			}
			checkKind(t, answer, http.MethodPost, "<form")
		}
		golden(t, "reset-refused.http", c.Do(posting(token, "football", "football")))
	})
	t.Run("takes a form and nothing else", func(t *testing.T) {
		c := c.In(t)
		path := "/api/password/reset/" + token
		with := func(kind, body string) testkit.Request {
			return testkit.Request{Path: path, Body: body, Header: http.Header{"Content-Type": {kind}}}
		}
		const form, right = "application/x-www-form-urlencoded", "new_password=a+long+enough+passphrase&repeated=a+long+enough+passphrase"
		for name, row := range map[string]struct {
			request testkit.Request
			status  int
			code    string
		}{
			"JSON":                   {with("application/json", `{"new_password":"a long enough passphrase","repeated":"a long enough passphrase"}`), 415, "unsupported_media_type"},
			"plain text":             {with("text/plain", right), 415, "unsupported_media_type"},
			"a multipart form":       {with("multipart/form-data; boundary=x", "--x--"), 415, "unsupported_media_type"},
			"another charset":        {with(form+"; charset=utf-16", right), 415, "unsupported_media_type"},
			"an unknown field":       {with(form, right+"&token=x"), 400, "invalid_request"},
			"a field twice":          {with(form, right+"&repeated=x"), 400, "invalid_request"},
			"a broken escape":        {with(form, "new_password=%zz&repeated=%zz"), 400, "invalid_request"},
			"bytes that are no text": {with(form, "new_password=%ff%fe&repeated=%ff%fe"), 400, "invalid_request"},
			"a NUL":                  {with(form, "new_password=long+enough%00&repeated=long+enough%00"), 400, "invalid_request"},
			"a semicolon":            {with(form, "new_password=a;repeated=b"), 400, "invalid_request"},
			"a large one":            {with(form, "new_password="+strings.Repeat("a", 64<<10)), 413, "body_too_large"},
		} {
			t.Run(name, func(t *testing.T) {
				c := c.In(t)
				c.Do(row.request).Want(row.status, row.code)
				row.request.Header.Set("Accept", browserAccept)
				page := c.Do(row.request)
				if page.Status != row.status {
					t.Errorf("a browser gets %d", page.Status)
				}
				checkKind(t, page, http.MethodPost, "The form did not arrive")
			})
		}
		if n := record.Count("SELECT count(*) FROM audit_events WHERE type = 'password.reset'"); n != 1 {
			t.Errorf("%d resets", n)
		}
	})
	t.Run("says at once that a link does not work any more", func(t *testing.T) {
		c := c.In(t)
		for _, dead := range []string{used, "abc"} {
			for _, request := range []testkit.Request{
				visiting(http.MethodGet, dead, browserAccept), posting(dead, "a long enough passphrase", "a long enough passphrase"),
				posting(dead, "a long enough passphrase", "another"), posting(dead, "", ""),
			} {
				answer := c.Do(request)
				if answer.Status != http.StatusBadRequest {
					t.Errorf("answer %d", answer.Status)
				}
				checkKind(t, answer, http.MethodPost, "This link no longer works")
				golden(t, "reset-dead.http", answer)
			}
		}
	})
	if diff := cmp.Diff(before, record.Rows()); diff != "" {
		t.Errorf("rows (-before +after):\n%s", diff)
	}
	t.Run("sets the password, once", func(t *testing.T) {
		c := c.In(t)
		// A plus, a blank and what is not ASCII are what they were typed as.
		const typed = " plus+blank & ümläut=50% "
		answer := c.Do(posting(token, typed, typed))
		if answer.Status != http.StatusOK || len(answer.Header["Set-Cookie"]) > 0 {
			t.Errorf("answer %d %v", answer.Status, answer.Header)
		}
		checkKind(t, answer, http.MethodPost, "Your password is set")
		golden(t, "reset-done.http", answer)
		c.Do(loggingIn(account.Email, typed)).Want(http.StatusOK, "")
		if again := c.Do(posting(token, typed, typed)); again.Status != http.StatusBadRequest {
			t.Errorf("a second time: %d", again.Status)
		}
	})
}
