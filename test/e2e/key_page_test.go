package e2e_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/webauthn"

	"github.com/signet-auth/signet/test/testkit"
	"github.com/signet-auth/signet/test/testkit/browser"
)

// keyPage is a page that runs the script of docs/passkeys.md for one account, with an authenticator that only this tab has.
type keyPage struct {
	tab     *browser.Tab
	script  string
	account testkit.Account
	device  webauthn.AuthenticatorID
}

// keyAnswer is what a function of the script resolves to, or why the browser refused.
type keyAnswer struct {
	Success                   bool
	Code, Token, Refresh, Why string
	Codes                     []string
}

// openKeyPage opens the page of a front end of the API at an address.
func openKeyPage(t *testing.T, tab *browser.Tab, page, api string, account testkit.Account, more ...func(*webauthn.VirtualAuthenticatorOptions)) *keyPage {
	t.Helper()
	p := &keyPage{tab: tab, account: account}
	for _, b := range blocks(t, "../../docs/passkeys.md", "In a front end") {
		if b.language == "js" {
			p.script += strings.ReplaceAll(b.text, "https://auth.example.com", api)
		}
	}
	tab.Go(page)
	browser.Call(tab, webauthn.Enable, webauthn.EnableParams{})
	device := webauthn.VirtualAuthenticatorOptions{
		Protocol: webauthn.AuthenticatorProtocolCtap2, Transport: webauthn.AuthenticatorTransportInternal, HasResidentKey: true,
		HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true,
	}
	for _, change := range more {
		change(&device)
	}
	p.device = browser.Call(tab, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &device}).AuthenticatorID
	return p
}

// promise is what steps of a front end come to, as a keyAnswer.
func (p *keyPage) promise(steps string) string {
	return fmt.Sprintf(`(async (email, password) => { %s
		let answer
		try { answer = await (async () => { %s })() } catch (e) { return {Success: false, Code: String(e.code ?? ""), Why: e.name ?? "", Token: "", Refresh: "", Codes: []} }
		return {Success: !!answer.success, Code: answer.code ?? "", Token: answer.access_token ?? "", Refresh: answer.refresh_token ?? "", Why: "", Codes: answer.recovery_codes ?? []}
	})(%q, %q)`, p.script, steps, p.account.Email, p.account.Password)
}

func (p *keyPage) run(t *testing.T, steps string) keyAnswer {
	t.Helper()
	return browser.Await[keyAnswer](p.tab, p.promise(steps))
}

// begin takes the steps without waiting for their end, which begun does.
func (p *keyPage) begin(t *testing.T, steps string) {
	t.Helper()
	browser.See[any](p.tab, "void (globalThis.begun = "+p.promise(steps)+")")
}

func (p *keyPage) begun(t *testing.T) keyAnswer {
	t.Helper()
	return browser.Await[keyAnswer](p.tab, "begun")
}

// verify says whether the device verifies its user.
func (p *keyPage) verify(yes bool) {
	browser.Call(p.tab, webauthn.SetUserVerified, webauthn.SetUserVerifiedParams{AuthenticatorID: p.device, IsUserVerified: yes})
}

// touch says whether the device is touched when it asks for it.
func (p *keyPage) touch(yes bool) {
	browser.Call(p.tab, webauthn.SetAutomaticPresenceSimulation, webauthn.SetAutomaticPresenceSimulationParams{AuthenticatorID: p.device, Enabled: yes})
}

func (p *keyPage) keys() []*webauthn.Credential {
	return browser.Call(p.tab, webauthn.GetCredentials, webauthn.GetCredentialsParams{AuthenticatorID: p.device}).Credentials
}

// hold puts keys on the device in place of its own, as they were when they had signed so often.
func (p *keyPage) hold(keys []*webauthn.Credential, count float64) {
	browser.Call(p.tab, webauthn.ClearCredentials, webauthn.ClearCredentialsParams{AuthenticatorID: p.device})
	for _, key := range keys {
		// Without the members that only the newest browsers know.
		browser.Call(p.tab, cdp.Command[map[string]any, cdp.Empty]{Method: webauthn.CommandAddCredential}, map[string]any{
			"authenticatorId": p.device, "credential": map[string]any{
				"credentialId": key.CredentialID, "isResidentCredential": true, "rpId": key.RpID, "privateKey": key.PrivateKey,
				"userHandle": key.UserHandle, "signCount": count,
			},
		})
	}
}

// proved wants an answer to be a session for an audience that a key has proved, with its user verified or not.
func (a keyAnswer) proved(t *testing.T, audience string, verified bool) {
	t.Helper()
	if !a.Success {
		t.Fatalf("%+v", a)
	}
	_, claims := testkit.ReadToken(t, a.Token)
	amr, _ := claims["amr"].([]any)
	if claims["acr"] != "phr" || claims["aud"] != audience || slices.Contains(amr, "user") != verified {
		t.Errorf("claims %v", claims)
	}
}
