package e2e_test

import (
	"net/http"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/signet-auth/signet/test/testkit"
	"github.com/signet-auth/signet/test/testkit/browser"
)

// TestPasskeysBesideAndAcrossSites logs in at pages of hosts that docs/passkeys.md names, in a browser that blocks third-party cookies: Chromium
// does so in incognito windows, such as those of tests.
func TestPasskeysBesideAndAcrossSites(t *testing.T) {
	t.Parallel()
	const api, beside, across = "https://auth.example.com", "https://app.example.com", "https://shop.example.net"
	f := fleetOf(t, testkit.Start(t, testkit.Options{Env: map[string]string{
		"PUBLIC_URL": api, "ISSUER": "signet", "WEBAUTHN_RP_ID": "example.com", "COOKIE_SAMESITE": "none",
		"WEBAUTHN_ORIGINS": beside + "," + across, "CORS_ORIGINS": beside + "," + across,
	}}))
	f.service("billing")
	account := f.NewAccount()
	at, err := url.Parse(f.URL)
	if err != nil {
		t.Fatal(err)
	}
	signet := httputil.NewSingleHostReverseProxy(at)
	tab := browser.OpenWeb(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Host == "auth.example.com", r.Host == "example.com" && r.URL.Path == "/.well-known/webauthn": // which the operator publishes there
			signet.ServeHTTP(w, r)
		default:
			http.NotFound(w, r)
		}
	}))
	page := openKeyPage(t, tab, beside, api, account)
	page.run(t, `const {access_token} = await signet("login", null, {email, password}); return addKey(access_token, "passkey", "Laptop")`).proved(t, "auth_service", true)

	t.Run("beside Signet the cookie works", func(t *testing.T) {
		page.run(t, `await loginByPasskey(); return signet("refresh", null, {service: "billing"})`).proved(t, "billing", true)
		page.run(t, `return signet("logout", null, {})`)
	})
	tab.Go(across)
	t.Run("on another site the browser refuses the cookie, and the refresh says that it is missing", func(t *testing.T) {
		browser.Call(tab, network.Enable, network.EnableParams{})
		refused, err := chromedp.Run(tab.Context(), chromedp.WaitEvent(network.ResponseReceivedExtraInfo,
			func(e network.EventResponseReceivedExtraInfo) bool { return len(e.BlockedCookies) > 0 },
			chromedp.Evaluate[keyAnswer](page.promise(`return loginByPasskey()`), chromedp.EvalAwaitPromise)))
		if err != nil {
			t.Fatal(err)
		}
		if got := refused.BlockedCookies[0]; !strings.HasPrefix(got.CookieLine, cookieName+"=") || !slices.Contains(got.BlockedReasons, network.SetCookieBlockedReasonUserPreferences) {
			t.Errorf("it refuses %+v", got)
		}
		if got := page.run(t, `return signet("refresh", null, {service: "billing"})`); got.Code != "invalid_request" {
			t.Errorf("%+v", got)
		}
	})
	t.Run("on another site the body works", func(t *testing.T) {
		page.run(t, `
			const {refresh_token} = await signet("passkey/login", null, {...await sign("passkey/options", null, {}), service: "billing"})
			return signet("refresh", null, {refresh_token, service: "billing"})`).proved(t, "billing", true)
	})
}
