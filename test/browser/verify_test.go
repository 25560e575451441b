package browser_test

import (
	"net/http"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"github.com/signet-auth/signet/test/testkit"
	"github.com/signet-auth/signet/test/testkit/browser"
)

func TestAPersonFollowsTheLinkThatVerifies(t *testing.T) {
	b := browser.Open(t)
	s := testkit.Start(t, testkit.Options{})
	email, mail := applicant(t, s)

	b.Go(mail.Links[0])
	b.Heading("Verify your email address")
	b.Shoot("verify")
	s.Client().Do(loggingIn(email, testkit.Password)).Want(http.StatusForbidden, "email_not_verified") // looking proves nothing

	// By keyboard: the button is the first stop, but not before it was gone to; it shows that it is, and Enter presses it.
	if focused := browser.See[string](b, "document.activeElement.tagName"); focused != "BODY" {
		t.Errorf("%s has the focus at once: a key pressed too early would press it", focused)
	}
	b.Press(kb.Tab)
	if focused := browser.See[string](b, "document.activeElement.tagName + ' ' + document.activeElement.textContent"); focused != "BUTTON Verify address" {
		t.Errorf("Tab leads to %q", focused)
	}
	if outline := browser.See[string](b, "getComputedStyle(document.activeElement).outlineStyle"); outline == "none" {
		t.Error("the button does not show that it has the focus")
	}
	b.Shoot("verify-focus")
	b.Press(kb.Enter)
	b.Heading("Your address is verified")
	b.Shoot("verified")
	s.Client().Do(loggingIn(email, testkit.Password)).Want(http.StatusOK, "")

	b.Go(mail.Links[0]) // a second visit
	b.Heading("This link no longer works")
	b.Shoot("verify-invalid")
	b.Quiet()
}

func TestThePagesThatVerifySpeakToEverybody(t *testing.T) {
	b := browser.Open(t)
	s := testkit.Start(t, testkit.Options{})
	_, mail := applicant(t, s)
	for _, visit := range []struct {
		title, address string
		press          bool
	}{
		{"Verify your email address", mail.Links[0], false},
		{"This link no longer works", s.URL + "/api/auth/verify-email/abc", false},
		{"Your address is verified", mail.Links[0], true},
	} {
		b.Go(visit.address)
		if visit.press {
			b.Click("button")
		}
		b.Heading(visit.title)
		b.CheckSpoken(visit.title)
	}
}
