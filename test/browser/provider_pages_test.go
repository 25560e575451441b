package browser_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/signet-auth/signet/test/testkit"
	"github.com/signet-auth/signet/test/testkit/browser"
)

// showsPages looks at the pages that lead on by themselves, where they can't.
func (f *frontEnd) showsPages(t *testing.T, b *browser.Tab) {
	t.Helper()
	toApp := f.public + "/api/oauth/google?" + url.Values{
		"redirect_to": {nativeApp}, "state": {"the app's & own"}, "code_challenge": {strings.Repeat("A", 43)},
	}.Encode()

	for language, heading := range map[string]string{"en": "Back to the app", "de": "Zurück zur App"} {
		t.Run("back to a native app, "+language, func(t *testing.T) {
			b.Speak(language)
			b.Go(toApp)
			b.Visible("[name=email]")
			if language == "en" {
				b.Shoot("idp-people")
			}
			choose(b, somebody(true))
			b.Heading(heading)
			link := browser.See[string](b, "document.querySelector('a.button').href")
			if home, err := url.Parse(link); err != nil || !strings.HasPrefix(link, nativeApp+"?code=") || home.Query().Get("state") != "the app's & own" {
				t.Errorf("the button leads to %s", link)
			}
			b.Shoot("provider-return-" + language)
			b.Go(browser.See[string](b, "location.href")) // and is the same again, without the referrer that is the provider's
			b.Heading(heading)
			b.CheckSpoken(heading)
		})
	}
	for _, page := range []struct{ name, address, en, de string }{
		{"login-not-known", f.public + "/api/oauth/google/callback?code=c&state=s", "This sign-in can’t go on", "Diese Anmeldung geht nicht weiter"},
		{"provider-next", f.origin + "/next", "One moment", "Einen Moment"},
	} {
		t.Run(page.name, func(t *testing.T) {
			for language, heading := range map[string]string{"en": page.en, "de": page.de} {
				b.Speak(language)
				b.Go(page.address)
				b.Heading(heading)
				b.Shoot(page.name + "-" + language)
				b.CheckSpoken(heading)
			}
		})
	}
	b.Quiet()
}

// next is the page between Apple's POST and the end of the login, without what leads on.
func (f *frontEnd) next(w http.ResponseWriter, r *http.Request) {
	answer := f.Client().Do(testkit.Request{Path: "/api/oauth/apple/callback", Body: "code=c&state=s", Header: http.Header{
		"Content-Type": {"application/x-www-form-urlencoded"}, "Accept-Language": r.Header["Accept-Language"],
	}})
	w.Header().Set("Content-Type", "text/html")
	w.Header()["Content-Security-Policy"] = answer.Header["Content-Security-Policy"]
	_, _ = w.Write(regexp.MustCompile(`<meta http-equiv="refresh"[^>]*>`).ReplaceAll(answer.Body, nil))
}
