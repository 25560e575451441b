package e2e_test

import (
	"net/http"
	"testing"

	"github.com/signet-auth/signet/test/testkit"
)

func TestFollowingTheLinkOfAChangeOfAddress(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		s := testkit.Shared(t, b)
		for name, row := range map[string]struct {
			method, accept, outcome, page string
			changes                       bool
		}{
			"a browser gets a page with a button": {http.MethodGet, browserAccept, "200", `<strong class="address">u***@example.com</strong>`, false},
			"a program that says json":            {http.MethodGet, "application/json", confirm, "", false},
			"a program that says nothing":         {http.MethodGet, "", confirm, "", false},
			"a mail scanner":                      {http.MethodGet, "*/*", confirm, "", false},
			"HEAD by a browser":                   {http.MethodHead, browserAccept, "200", "", false},
			"HEAD by a scanner":                   {http.MethodHead, "*/*", "200", "", false},
			"the button":                          {http.MethodPost, browserAccept, "200", "Your address is changed", true},
			"POST by a program":                   {http.MethodPost, "application/json", "200", "", true},
			"POST by who says nothing":            {http.MethodPost, "", "200", "", true},
		} {
			t.Run(name, func(t *testing.T) {
				c := s.Client().In(t)
				account, to := s.NewAccount(), testkit.NewAddress()
				token := asked(t, s, c.Login(account).Access, to, account.Password)
				request := func(method, accept string) testkit.Request {
					r := following(method, token, accept)
					r.Path = "/api/auth/change-email/" + token
					return r
				}
				answer := c.Do(request(row.method, row.accept))
				if got := answer.Outcome(); got != row.outcome {
					t.Errorf("answer %s, want %s\n%s", got, row.outcome, answer.Body)
				}
				checkKind(t, answer, row.method, row.page)
				want := "200"
				if row.changes {
					want = notAToken
				}
				if got := c.Do(movingIn(token)).Outcome(); got != want {
					t.Errorf("the next use answers %s, want %s", got, want)
				}
				for _, method := range []string{http.MethodGet, http.MethodPost} {
					late := c.Do(request(method, browserAccept))
					if late.Status != http.StatusBadRequest {
						t.Errorf("the page comes with %d", late.Status)
					}
					checkKind(t, late, method, "This link no longer works")
				}
			})
		}
	})
}

func TestLinksOfAChangeOfAddressFollowTheConfiguration(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t, testkit.Options{Env: map[string]string{"LINK_EMAIL_CHANGE": "https://app.example.com/move?t={token}"}})
	account, to := s.NewAccount(), testkit.NewAddress()
	r := moving(s.Client().Login(account).Access, to, account.Password)
	r.Header = http.Header{"Host": {"evil.example"}, "X-Forwarded-Host": {"evil.example"}} // Zitadel CVE-2025-64101
	s.Client().Do(r).Want(http.StatusAccepted, "")
	if links := s.Mail(to, 1).Links; len(links) != 1 || links[0][:len("https://app.example.com/move?t=")] != "https://app.example.com/move?t=" {
		t.Errorf("the links are %v", links)
	}
}
