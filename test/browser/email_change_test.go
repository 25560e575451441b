package browser_test

import (
	"net/http"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"github.com/signet-auth/signet/test/testkit"
	"github.com/signet-auth/signet/test/testkit/browser"
)

// mover is an account that asked for another address, and the link that proves it.
func mover(t *testing.T, s *testkit.Server) (account testkit.Account, to, link string) {
	t.Helper()
	account, to = s.NewAccount(), testkit.NewAddress()
	c := s.Client()
	c.Do(testkit.Request{Path: "/api/auth/change-email", Bearer: c.Login(account).Access, Body: testkit.Object{
		"new_email": to, "password": account.Password,
	}}).Want(http.StatusAccepted, "")
	return account, to, s.Mail(to, 1).Links[0]
}

func TestAPersonFollowsTheLinkThatChangesTheirAddress(t *testing.T) {
	b := browser.Open(t)
	s := testkit.Start(t, testkit.Options{})
	account, to, link := mover(t, s)

	b.WithoutScript(true) // there is none
	b.Go(link)
	b.Heading("Change your email address")
	s.Client().Do(loggingIn(to, account.Password)).Want(http.StatusUnauthorized, "invalid_credentials") // looking changes nothing
	b.WithoutScript(false)
	b.Shoot("email-change")

	b.Press(kb.Tab)
	if focused := browser.See[string](b, "document.activeElement.tagName + ' ' + document.activeElement.textContent"); focused != "BUTTON Use this address" {
		t.Errorf("Tab leads to %q", focused)
	}
	b.Press(kb.Enter)
	b.Heading("Your address is changed")
	b.Shoot("email-changed")
	s.Client().Do(loggingIn(to, account.Password)).Want(http.StatusOK, "")

	b.Go(link)
	b.Heading("This link no longer works")
	b.Shoot("email-change-invalid")
	b.Quiet()
}

func TestThePagesThatChangeAnAddressSpeakToEverybody(t *testing.T) {
	b := browser.Open(t)
	s := testkit.Start(t, testkit.Options{})
	_, _, link := mover(t, s)
	for _, visit := range []struct {
		title, address string
		press          bool
	}{
		{"Change your email address", link, false},
		{"This link no longer works", s.URL + "/api/auth/change-email/abc", false},
		{"Your address is changed", link, true},
	} {
		b.Go(visit.address)
		if visit.press {
			b.Click("button")
		}
		b.Heading(visit.title)
		b.CheckSpoken(visit.title)
	}
}
