package e2e_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/webauthn"

	"github.com/signet-auth/signet/test/testkit"
	"github.com/signet-auth/signet/test/testkit/browser"
)

// beginsPasskeys runs the call with which docs/passkeys.md begins.
func beginsPasskeys(t *testing.T, all []block) {
	t.Helper()
	requireProgram(t, "curl")
	s := testkit.Start(t, testkit.Options{})
	sh := terminal(t, t.TempDir(), reached(t, s))
	for _, command := range commands(all) {
		succeeded(t, command, sh.want(here(s, command)))
	}
}

// TestTheFrontEndOfThePasskeysPage runs the script of docs/passkeys.md in a browser with a virtual authenticator, on a page of another origin.
func TestTheFrontEndOfThePasskeysPage(t *testing.T) {
	t.Parallel()
	front := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(front.Close)
	page := strings.Replace(front.URL, "127.0.0.1", "localhost", 1)
	f := fleetOf(t, testkit.Start(t, testkit.Options{Env: map[string]string{"WEBAUTHN_ORIGINS": page}}))
	f.service("billing")
	account := f.NewAccount()
	laptop := openKeyPage(t, browser.Open(t), page, named(f.Server), account)

	t.Run("adds a key, once", func(t *testing.T) {
		added := laptop.run(t, `const {access_token} = await signet("login", null, {email, password, transport: "cookie"}); return addKey(access_token, "passkey", "Laptop")`)
		if len(added.Codes) != 10 || added.Refresh != "" {
			t.Fatalf("added: %+v", added)
		}
		added.proved(t, "auth_service", true)
		again := laptop.run(t, `const {access_token} = await signet("refresh", null, {}); return addKey(access_token, "passkey", "Again")`)
		if again.Why != "InvalidStateError" { // the browser sees that the device has one
			t.Errorf("a second time: %+v", again)
		}
	})
	t.Run("logs in, by cookie and by body", func(t *testing.T) {
		in := laptop.run(t, `return loginByPasskey()`)
		in.proved(t, "billing", true)
		if in.Refresh != "" {
			t.Error("the refresh token is in the body")
		}
		laptop.run(t, `return signet("refresh", null, {service: "billing"})`).proved(t, "billing", true)
		laptop.run(t, `
			const {refresh_token} = await signet("passkey/login", null, {...await sign("passkey/options", null, {}), service: "billing"})
			await signet("logout", null, {}) // of the cookie's session
			return signet("refresh", null, {refresh_token, service: "billing"})`).proved(t, "billing", true)
	})
	t.Run("proves it again", func(t *testing.T) {
		laptop.run(t, `await loginByPasskey(); return stepUpByKey()`).proved(t, "billing", true)
	})
	const verifyByKey = `const {challenge} = await signet("login", null, {email, password, service: "billing", transport: "cookie"}); return verifyByKey(challenge)`
	t.Run("completes a login", func(t *testing.T) {
		laptop.run(t, verifyByKey).proved(t, "billing", true)
	})
	t.Run("logs in by autofill, which waits without a word", func(t *testing.T) {
		if !browser.Await[bool](laptop.tab, `PublicKeyCredential.isConditionalMediationAvailable()`) {
			t.Fatal("the browser has no autofill of passkeys")
		}
		const autofill = `
			document.body.innerHTML = '<input autocomplete="username webauthn">'
			globalThis.stop = new AbortController()
			return loginByPasskey({mediation: "conditional", signal: stop.signal})`
		laptop.touch(false)
		laptop.begin(t, autofill)
		browser.See[any](laptop.tab, `stop.abort()`) // before the state is too old
		if got := laptop.begun(t); got.Why != "AbortError" {
			t.Fatalf("%+v", got)
		}
		laptop.touch(true)
		laptop.run(t, autofill).proved(t, "billing", true)
	})
	t.Run("logs in by two tabs at once, in whatever order", func(t *testing.T) {
		other := openKeyPage(t, laptop.tab.Beside(), page, named(f.Server), account)
		keys := laptop.keys()
		other.hold(keys, keys[0].SignCount)
		laptop.begin(t, `
			const get = navigator.credentials.get
			navigator.credentials.get = async how => { await new Promise(go => globalThis.go = go); return get.call(navigator.credentials, how) }
			try { return await loginByPasskey() } finally { navigator.credentials.get = get }`)
		laptop.tab.Becomes(`typeof go === "function"`) // it has asked for its options first
		other.run(t, `return loginByPasskey()`).proved(t, "billing", true)
		laptop.hold(keys, other.keys()[0].SignCount) // it is one device
		browser.See[any](laptop.tab, `go()`)
		laptop.begun(t).proved(t, "billing", true)
		laptop.run(t, `return loginByPasskey()`).proved(t, "billing", true) // nothing is suspended
	})
	t.Run("completes a login by a key that does not verify its user", func(t *testing.T) {
		stick := openKeyPage(t, laptop.tab.Beside(), page, named(f.Server), account, func(o *webauthn.VirtualAuthenticatorOptions) {
			o.Transport, o.HasResidentKey, o.HasUserVerification, o.IsUserVerified = webauthn.AuthenticatorTransportUsb, false, false, false
		})
		stick.run(t, `const {access_token} = await signet("refresh", null, {}); return addKey(access_token, "security_key", "Stick")`).proved(t, "auth_service", true)
		stick.run(t, verifyByKey).proved(t, "billing", false)
	})
	t.Run("logs nobody in without verification", func(t *testing.T) {
		laptop.verify(false)
		if got := laptop.run(t, `return loginByPasskey()`); got.Why != "NotAllowedError" {
			t.Errorf("%+v", got)
		}
		laptop.verify(true)
	})
	t.Run("logs nobody in by a copy", func(t *testing.T) {
		f.Move(time.Second)
		laptop.hold(laptop.keys(), 1)
		if got := laptop.run(t, `return loginByPasskey()`); got.Code != "invalid_credentials" {
			t.Errorf("%+v", got)
		}
		mailAbout(f.Server, account.Email, "suspended", 1)
	})
}
