package browser_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/signet-auth/signet/test/testkit"
	tab "github.com/signet-auth/signet/test/testkit/browser"
)

// register asks for the mail that verifies an address.
func register(s *testkit.Server, email string) {
	s.Client().Do(testkit.Request{Path: "/api/auth/register", Body: testkit.Object{"email": email, "password": testkit.Password}}).Want(http.StatusCreated, "")
}

// frame is the mail as people see it.
const frame = "document.querySelector('iframe')"

func TestADeveloperReadsTheInbox(t *testing.T) {
	b := tab.Open(t)
	s := testkit.Start(t, testkit.Options{Env: map[string]string{"RATE_LIMITS": "on", "LIMIT_MAIL": "2/1h", "PRODUCT_NAME": "Acme"}})
	inbox := s.AdminURL + "/dev/inbox"
	b.Go(inbox)
	b.Heading("Development inbox")
	b.Shoot("inbox-empty")

	// It fills by itself.
	_, mail := applicant(t, s)
	b.Becomes("document.querySelector('h2')?.textContent === 'Verify your email address for Acme'")
	b.Becomes("document.querySelectorAll('#list ol a').length === 1")
	b.Becomes(frame + " !== null")
	b.Shoot("inbox")
	if sandbox := tab.See[string](b, frame+".getAttribute('sandbox')"); sandbox != "allow-popups allow-popups-to-escape-sandbox" {
		t.Errorf("the sandbox is %q", sandbox)
	}
	if reached := tab.See[bool](b, frame+".contentDocument === null"); !reached {
		t.Error("the page and the mail are of one origin")
	}

	// Code and link are copied at a click.
	allow(t, b, s.AdminURL)
	for _, row := range []struct{ button, want string }{{"Copy code", mail.Code}, {"Copy link", mail.Links[0]}} {
		tab.See[any](b, fmt.Sprintf("[...document.querySelectorAll('button')].find(b => b.textContent === %q).focus()", row.button))
		b.Press(kb.Enter)
		b.Becomes("document.getElementById('said').textContent === 'Copied'")
		if got := tab.Await[string](b, "navigator.clipboard.readText()"); got != row.want {
			t.Errorf("%s copies %q, want %q", row.button, got, row.want)
		}
	}

	// A mail that was chosen stays while others come; those that a limit stopped are told of.
	b.Go(inbox + "/" + mail.ID + "?part=text")
	b.Becomes("document.querySelector('pre').textContent.includes('" + mail.Code + "')")
	b.Shoot("inbox-text")
	second := testkit.NewAddress()
	for range 3 {
		register(s, second)
	}
	b.Becomes("document.querySelectorAll('#list ol a').length === 3")
	b.Becomes("document.querySelector('#stopped summary')?.textContent === '1 not sent: a limit stopped it'")
	if chosen := tab.See[string](b, "document.querySelector('[aria-current=true]').getAttribute('href')"); chosen != "/dev/inbox/"+mail.ID {
		t.Errorf("it shows %s now", chosen)
	}
	b.Go(inbox + "/" + mail.ID + "?part=headers")
	b.Becomes(`/^From: "Acme" <no-reply@localhost.localdomain>\nTo: .*\nSubject: /.test(document.querySelector('pre').textContent)`)
	b.Click("#stopped summary")
	b.Becomes("document.querySelector('#stopped li').textContent.includes('verify to u***@example.com: LIMIT_MAIL allows 2 in 1h to one address')")
	b.Shoot("inbox-headers")
	b.Quiet()
	b.Go(inbox + "/none")
	b.Becomes("document.querySelector('h2').textContent === 'This mail is gone'")

	// A link of the mail opens a tab of its own, where it is no longer in the sandbox: the page of the link has a form.
	b.Go(inbox + "/" + mail.ID)
	b.Becomes("document.readyState === 'complete' && " + frame + " !== null")
	page := b.Popup(func() {
		tab.See[any](b, "document.querySelector('.parts a:last-child').focus()")
		b.Press(kb.Tab) // into the frame
		b.Becomes("document.activeElement === " + frame)
	}, func() { b.Press(kb.Enter) })
	page.Heading("Verify your email address")
	page.Click("button")
	page.Heading("Your address is verified")
}

// allow lets the page use the clipboard, which a person is asked for.
func allow(t *testing.T, b *tab.Tab, origin string) {
	t.Helper()
	for _, name := range []string{"clipboard-read", "clipboard-write"} {
		params := browser.SetPermissionParams{
			Permission: &browser.PermissionDescriptor{Name: name}, Setting: browser.PermissionSettingGranted, Origin: origin,
			BrowserContextID: chromedp.FromContext(b.Context()).BrowserContextID,
		}
		if _, err := chromedp.Call(b.Context(), browser.SetPermission, params); err != nil {
			t.Fatal(err)
		}
	}
}

func TestTheInboxWorksByKeyboardAndWithoutScript(t *testing.T) {
	b := tab.Open(t)
	b.WithoutScript(true)
	s := testkit.Start(t, testkit.Options{})
	_, first := applicant(t, s)
	_, second := applicant(t, s)
	b.Go(s.AdminURL + "/dev/inbox/" + second.ID + "?part=text")
	b.Heading("Development inbox")
	b.CheckSpoken("Verify your email address for Signet – Development inbox")
	for _, want := range []string{"Development inbox", "/dev/inbox/" + second.ID, "/dev/inbox/" + first.ID} {
		b.Press(kb.Tab)
		if got := tab.See[string](b, "document.activeElement.getAttribute('href') === '/dev/inbox' ? document.activeElement.textContent : document.activeElement.getAttribute('href')"); got != want {
			t.Errorf("Tab leads to %q, want %q", got, want)
		}
		if outline := tab.See[string](b, "getComputedStyle(document.activeElement).outlineStyle"); outline == "none" {
			t.Errorf("%s does not show that it has the focus", want)
		}
	}
	b.Press(kb.Enter)
	b.Becomes("location.pathname === '/dev/inbox/" + first.ID + "' && document.querySelector('.code').textContent === '" + first.Code + "'")
	b.Shoot("inbox-without-script")
}
