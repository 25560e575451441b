package browser_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/chromedp/kb"
	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/test/testkit"
	"github.com/signet-auth/signet/test/testkit/browser"
)

const newPassword = "quite another passphrase 8"

// forgetful is an account with the address of the page that its mail leads to.
func forgetful(t *testing.T, s *testkit.Server) (account testkit.Account, link string) {
	t.Helper()
	account = s.NewAccount()
	s.Client().Do(testkit.Request{Path: "/api/password/forgot", Body: testkit.Object{"email": account.Email}}).Want(http.StatusOK, "")
	return account, s.Mail(account.Email, 2).Links[0]
}

// focused is what has the focus: the id of a field, or the text of a button.
func focused(b *browser.Tab) string {
	return browser.See[string](b, "document.activeElement.id || document.activeElement.textContent.trim()")
}

func TestAPersonSetsANewPassword(t *testing.T) {
	for _, scripts := range []string{"on", "off"} {
		t.Run("scripts "+scripts, func(t *testing.T) {
			b := browser.Open(t)
			b.WithoutScript(scripts == "off")
			s := testkit.Start(t, testkit.Options{})
			account, link := forgetful(t, s)

			b.Go(link)
			b.Heading("Choose a new password")
			b.Shoot("reset")
			if focused := browser.See[string](b, "document.activeElement.tagName"); focused != "BODY" {
				t.Errorf("%s has the focus at once: a screen reader would begin in the middle", focused)
			}

			// By keyboard, in the order in which they are read, each showing that it has the focus; Enter sends the form.
			stops := []string{"username", "new_password", "repeated", "show-password", "Set new password"}
			if scripts == "off" {
				stops = slices.Delete(stops, 3, 4)
			}
			for _, want := range stops {
				b.Press(kb.Tab)
				if got := focused(b); got != want {
					t.Errorf("Tab leads to %q, want %q", got, want)
				}
				if outline := browser.See[string](b, "getComputedStyle(document.activeElement).outlineStyle"); outline == "none" {
					t.Errorf("%s does not show that it has the focus", want)
				}
			}
			b.Shoot("reset-focus")
			b.Press(kb.Enter)
			b.Heading("Choose a new password")
			wrong(t, b, "new_password", "The password is required")
			b.Shoot("reset-empty")

			b.Press("football" + kb.Tab + "football" + kb.Enter) // the focus is where the mistake is
			wrong(t, b, "new_password", "The password is too common")
			b.Shoot("reset-common")

			b.Press(newPassword + kb.Tab + "not the same" + kb.Enter)
			wrong(t, b, "repeated", "The two passwords are not the same")
			b.Shoot("reset-unequal")
			if typed := browser.See[string](b, "[...document.querySelectorAll('input[name]')].map(i => i.value).join('')"); typed != "" {
				t.Errorf("the page has what was typed: %q", typed)
			}
			s.Client().Login(account) // none of it did anything

			b.Click("#new_password")
			b.Press(newPassword + kb.Tab + newPassword + kb.Enter)
			b.Heading("Your password is set")
			b.Shoot("reset-done")
			s.Client().Do(loggingIn(account.Email, newPassword)).Want(http.StatusOK, "")

			b.Go(link) // a second visit
			b.Heading("This link no longer works")
			b.Shoot("reset-invalid")
			s.Client().Do(loggingIn(account.Email, newPassword)).Want(http.StatusOK, "")
			b.Quiet()
		})
	}
}

// wrong checks that a mistake is said beside its field, to the eye and to a screen reader, and that the focus is there.
func wrong(t *testing.T, b *browser.Tab, field, text string) {
	t.Helper()
	b.Becomes("document.getElementById('" + field + "-error')?.textContent.startsWith('" + text + "') ?? false")
	b.Becomes("document.activeElement.id === '" + field + "'")
	for expression, want := range map[string]any{
		"getComputedStyle(document.activeElement).outlineStyle": "solid",
		"document.title": "Error: Choose a new password",
		"document.querySelectorAll('[aria-invalid=true]').length":                                                              1.0,
		"document.getElementById('" + field + "').getAttribute('aria-describedby').split(' ').includes('" + field + "-error')": true,
		"document.querySelectorAll('.error').length":                                                                           1.0,
	} {
		if got := browser.See[any](b, expression); got != want {
			t.Errorf("%s is %v, want %v", expression, got, want)
		}
	}
}

// Password managers fill the form by what its fields say they are, and people may paste (ASVS 6.2.7).
func TestPasswordsMayBePasted(t *testing.T) {
	b := browser.Open(t)
	s := testkit.Start(t, testkit.Options{})
	account, link := forgetful(t, s)
	b.Go(link)
	b.Heading("Choose a new password")
	const long = "pasted & generated: <ümläut> 'quoted' +%20 ;=8"
	for _, field := range []string{"#new_password", "#repeated"} {
		b.Click(field)
		b.Insert(long)
	}
	b.Press(kb.Enter)
	b.Heading("Your password is set")
	s.Client().Do(loggingIn(account.Email, long)).Want(http.StatusOK, "")
}

func TestThePagesThatResetSpeakToEverybody(t *testing.T) {
	b := browser.Open(t)
	s := testkit.Start(t, testkit.Options{})
	_, link := forgetful(t, s)
	send := func(password, repeated string) {
		b.Click("#new_password")
		b.Press(password + kb.Tab + repeated + kb.Enter)
	}
	for _, visit := range []struct {
		address, heading, title string
		send                    []string
		wait                    string
	}{
		{link, "Choose a new password", "Choose a new password", nil, "form"},
		{link, "Choose a new password", "Error: Choose a new password", []string{"football", "football"}, "#new_password-error"},
		{link, "Choose a new password", "Error: Choose a new password", []string{newPassword, "x"}, "#repeated-error"},
		{s.URL + "/api/password/reset/abc", "This link no longer works", "This link no longer works", nil, "main"},
		{link, "Your password is set", "Your password is set", []string{newPassword, newPassword}, "main"},
	} {
		b.Go(visit.address)
		if visit.send != nil {
			send(visit.send[0], visit.send[1])
		}
		b.Heading(visit.heading)
		b.Visible(visit.wait)
		b.CheckSpoken(visit.title)
	}
}

// TestTheLinkIsInNoReferrer: the token is in the address, which neither another site may learn when the page is left, nor a log
// from the form (ASVS 14.2.1).
func TestTheLinkIsInNoReferrer(t *testing.T) {
	b := browser.Open(t)
	s := testkit.Start(t, testkit.Options{})
	_, link := forgetful(t, s)
	target, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	asked := map[string]string{} // method and path → referrer
	front := httputil.NewSingleHostReverseProxy(target)
	recorder := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		asked[r.Method+" "+r.URL.Path] = r.Header.Get("Referer")
		mu.Unlock()
		if r.URL.Path != "/elsewhere" {
			front.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, "<h1>Elsewhere</h1>")
	}))
	defer recorder.Close()
	path := link[strings.Index(link, "/api/"):]

	b.Go(recorder.URL + path)
	b.Heading("Choose a new password")
	b.Click("#new_password")
	b.Press("x" + kb.Enter)
	b.Visible("#repeated-error")
	elsewhere := strings.Replace(recorder.URL, "127.0.0.1", "localhost", 1) + "/elsewhere" // another site
	browser.See[any](b, `document.querySelector("main").insertAdjacentHTML("beforeend", "<a id=out href='`+elsewhere+`'>out</a>")`)
	b.Click("#out")
	b.Heading("Elsewhere")
	mu.Lock()
	defer mu.Unlock()
	want := map[string]string{"GET " + path: "", "POST " + path: "", "GET /elsewhere": ""}
	delete(asked, "GET /favicon.ico")
	if diff := cmp.Diff(want, asked); diff != "" {
		t.Errorf("requests and their referrers (-want +got):\n%s", diff)
	}
}
