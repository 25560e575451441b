package browser_test

import (
	"testing"

	"github.com/chromedp/chromedp/kb"

	"github.com/signet-auth/signet/test/testkit"
	"github.com/signet-auth/signet/test/testkit/browser"
)

func TestAPersonOpensTheBareAddress(t *testing.T) {
	b := browser.Open(t)
	b.WithoutScript(true) // there is none
	s := testkit.Start(t, testkit.Options{})
	b.Go(s.URL)
	b.Heading("Signet is running")
	b.CheckSpoken("Signet is running")
	b.Shoot("landing")
	for _, want := range []string{"PRE", "A Read the mail", "PRE", "PRE", "A Documentation"} {
		b.Press(kb.Tab)
		if got := browser.See[string](b, "document.activeElement.tagName + (document.activeElement.href ? ' ' + document.activeElement.textContent : '')"); got != want {
			t.Errorf("Tab leads to %s, want %s", got, want)
		}
		if outline := browser.See[string](b, "getComputedStyle(document.activeElement).outlineStyle"); outline == "none" {
			t.Errorf("%s does not show that it has the focus", want)
		}
	}
	b.WithoutScript(false)
	b.Quiet()

	quiet := testkit.Start(t, testkit.Options{Env: map[string]string{
		"SIGNET_ENV": "production", "SECRET_KEY": testkit.SecretKey, "MAIL_SERVER": "mail.invalid", "MAIL_FROM": "no-reply@example.com", "MAIL_USE_TLS": "on", "PUBLIC_URL": "https://auth.example.com", "BCRYPT_COST": "10",
		"RATE_LIMITS": "on", "PRODUCT_NAME": "Acme",
	}})
	b.Go(quiet.URL)
	b.Heading("Acme")
	b.CheckSpoken("Acme")
	b.Shoot("landing-production")
}

func TestPagesShowTheLogoAndWhereToGoOn(t *testing.T) {
	b := browser.Open(t)
	s := testkit.Start(t, testkit.Options{Env: map[string]string{
		"PRODUCT_NAME": "Acme", "PRODUCT_LOGO": "testdata/logo.svg", "AFTER_VERIFY_URL": "https://app.example.com/sign-in",
	}})
	_, mail := applicant(t, s)
	b.Go(mail.Links[0])
	b.Becomes("document.querySelector('.brand img').naturalWidth > 0")
	b.Shoot("logo")
	b.Click("button")
	b.Heading("Your address is verified")
	b.Becomes("document.querySelector('a.button').textContent === 'Continue to app.example.com'")
	b.Shoot("verified-continue")
	b.Quiet()
}

func TestAPersonLooksAtThePasswordTheyTyped(t *testing.T) {
	b := browser.Open(t)
	s := testkit.Start(t, testkit.Options{})
	account, link := forgetful(t, s)
	b.Go(link)
	b.Click("#new_password")
	b.Press(newPassword + kb.Tab + newPassword + kb.Tab + " ")
	types := "[...document.querySelectorAll('[autocomplete=new-password]')].map(f => f.type).join()"
	b.Becomes(types + " === 'text,text'")
	b.Shoot("reset-shown")
	b.Press(" ")
	b.Becomes(types + " === 'password,password'")
	b.Press(" " + kb.Tab + kb.Enter)
	b.Heading("Your password is set")
	s.Client().Do(loggingIn(account.Email, newPassword)).Want(200, "")
	b.Quiet()
}
