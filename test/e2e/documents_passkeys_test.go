package e2e_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
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
	script := ""
	for _, b := range blocks(t, "../../docs/passkeys.md", "In a front end") {
		if b.language == "js" {
			script += strings.ReplaceAll(b.text, "https://auth.example.com", named(f.Server))
		}
	}
	tab := browser.Open(t)
	tab.Go(page)
	browser.Call(tab, webauthn.Enable, webauthn.EnableParams{})
	device := browser.Call(tab, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &webauthn.VirtualAuthenticatorOptions{
		Protocol: webauthn.AuthenticatorProtocolCtap2, Transport: webauthn.AuthenticatorTransportInternal, HasResidentKey: true,
		HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true,
	}}).AuthenticatorID
	verify := func(yes bool) {
		browser.Call(tab, webauthn.SetUserVerified, webauthn.SetUserVerifiedParams{AuthenticatorID: device, IsUserVerified: yes})
	}
	run := func(steps string) (answer struct {
		Success                   bool
		Code, Token, Refresh, Why string
		Codes                     []string
	},
	) {
		t.Helper()
		return browser.Await[struct {
			Success                   bool
			Code, Token, Refresh, Why string
			Codes                     []string
		}](tab, fmt.Sprintf(`(async (email, password) => { %s
			let answer
			try { answer = await (async () => { %s })() } catch (e) { return {Success: false, Code: String(e.code ?? ""), Why: e.name ?? "", Token: "", Refresh: "", Codes: []} }
			return {Success: !!answer.success, Code: answer.code ?? "", Token: answer.access_token ?? "", Refresh: answer.refresh_token ?? "", Why: "", Codes: answer.recovery_codes ?? []}
		})(%q, %q)`, script, steps, account.Email, account.Password))
	}
	proved := func(token, audience string) {
		t.Helper()
		if _, claims := testkit.ReadToken(t, token); claims["acr"] != "phr" || claims["aud"] != audience {
			t.Errorf("claims %v", claims)
		}
	}

	added := run(`const {access_token} = await signet("login", null, {email, password, transport: "cookie"}); return addKey(access_token, "passkey", "Laptop")`)
	if len(added.Codes) != 10 || added.Refresh != "" {
		t.Fatalf("added: %+v", added)
	}
	proved(added.Token, "auth_service")
	again := run(`const {access_token} = await signet("refresh", null, {}); return addKey(access_token, "passkey", "Again")`)
	if again.Why != "InvalidStateError" { // the browser sees that the device has one
		t.Errorf("a second time: %+v", again)
	}
	proved(run(`return loginByPasskey()`).Token, "billing")
	proved(run(`return stepUpByKey()`).Token, "billing")
	proved(run(`const {challenge} = await signet("login", null, {email, password, service: "billing", transport: "cookie"}); return verifyByKey(challenge)`).Token, "billing")

	verify(false)
	if got := run(`return loginByPasskey()`); got.Why != "NotAllowedError" {
		t.Errorf("without verification: %+v", got)
	}
	verify(true)
	f.Move(time.Second)
	for _, key := range browser.Call(tab, webauthn.GetCredentials, webauthn.GetCredentialsParams{AuthenticatorID: device}).Credentials {
		browser.Call(tab, webauthn.RemoveCredential, webauthn.RemoveCredentialParams{AuthenticatorID: device, CredentialID: key.CredentialID})
		// Without the members that only the newest browsers know.
		browser.Call(tab, cdp.Command[map[string]any, cdp.Empty]{Method: webauthn.CommandAddCredential}, map[string]any{
			"authenticatorId": device, "credential": map[string]any{
				"credentialId": key.CredentialID, "isResidentCredential": true, "rpId": "localhost", "privateKey": key.PrivateKey,
				"userHandle": key.UserHandle, "signCount": 1, // a copy from before
			},
		})
	}
	if got := run(`return loginByPasskey()`); got.Code != "invalid_credentials" {
		t.Errorf("a copy: %+v", got)
	}
	mailAbout(f.Server, account.Email, "suspended", 1)
}
