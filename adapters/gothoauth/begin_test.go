package gothoauth_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/adapters/gothoauth"
	"github.com/signet-auth/signet/ports/porttest"
	"github.com/signet-auth/signet/ports/provider"
	"github.com/signet-auth/signet/test/idp/idp"
)

// address is the URL that a browser is sent to, in two parts.
func address(t *testing.T, p provider.Provider, a provider.Attempt) (string, url.Values) {
	t.Helper()
	text, err := p.Begin(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	u.RawQuery = ""
	return u.String(), q
}

func TestWhereBrowsersAreSent(t *testing.T) {
	w := newWorld(t)
	for _, row := range []struct {
		of   *idp.Provider
		path string
		own  map[string]string // beside what every provider gets
	}{
		{w.Google, "/accounts.google.com/o/oauth2/auth", map[string]string{"scope": "openid email profile", "access_type": "online"}},
		{w.Microsoft, "/login.microsoftonline.com/common/oauth2/v2.0/authorize", map[string]string{"scope": "openid profile email"}},
		{w.Apple, "/appleid.apple.com/auth/authorize", map[string]string{"scope": "name email", "response_mode": "form_post"}},
		{w.Discord, "/discord.com/api/oauth2/authorize", map[string]string{"scope": "identify email", "prompt": "none", "access_type": "online"}},
		{w.GitHub, "/github.com/login/oauth/authorize", map[string]string{"scope": "read:user user:email"}},
		{w.GitLab, "/issuers/gitlab/oauth/authorize", map[string]string{"scope": "openid profile email"}},
		{w.Facebook, "/www.facebook.com/dialog/oauth", map[string]string{"scope": "email public_profile"}},
		{w.acme(), "/issuers/acme/authorize", map[string]string{"scope": "openid profile email"}},
	} {
		where, q := address(t, w.open(t, row.of), porttest.NewAttempt(1))
		if where != w.URL+row.path {
			t.Errorf("%s: %s", row.of.Name, where)
		}
		own := map[string]string{}
		for name := range q {
			own[name] = q.Get(name)
		}
		for _, name := range []string{"response_type", "client_id", "redirect_uri", "state", "code_challenge", "code_challenge_method", "nonce"} {
			delete(own, name)
		}
		if diff := cmp.Diff(row.own, own); diff != "" {
			t.Errorf("%s: -want +got\n%s", row.of.Name, diff)
		}
		if q.Has("nonce") != openID(row.of) {
			t.Errorf("%s: nonce %q", row.of.Name, q.Get("nonce"))
		}
	}
}

func TestPromptsAndHintsGoWhereTheyAreKnown(t *testing.T) {
	w := newWorld(t)
	w.acme().Set(idp.Switches{Documents: map[idp.Endpoint]idp.Object{idp.Discovery: {"prompt_values_supported": []string{"login"}}}})
	for of, want := range map[*idp.Provider]map[string]string{
		w.Google:    {"select_account": "select_account", "login": "", "consent": "consent"},
		w.Microsoft: {"select_account": "select_account", "login": "login", "consent": "consent"},
		w.Apple:     {"select_account": "", "login": ""},
		w.Discord:   {"select_account": "consent", "": "none"},
		w.GitHub:    {"select_account": "select_account", "login": ""},
		w.GitLab:    {"login": ""},
		w.Facebook:  {"login": ""},
		w.acme():    {"login": "login", "select_account": ""},
	} {
		p := w.open(t, of)
		for prompt, want := range want {
			a := porttest.NewAttempt(1)
			a.Prompt, a.Hint = prompt, "ada@example.com"
			_, q := address(t, p, a)
			if q.Get("prompt") != want {
				t.Errorf("%s: prompt %q becomes %q", of.Name, prompt, q.Get("prompt"))
			}
			hint := q.Get("login_hint") + q.Get("login")
			if knows := of != w.Apple && of != w.Discord && of != w.Facebook; (hint == a.Hint) != knows {
				t.Errorf("%s: the hint becomes %q", of.Name, hint)
			}
		}
	}
}

func TestSettingsShowInTheAddress(t *testing.T) {
	w := newWorld(t)
	p := w.open(t, w.Google, func(o *gothoauth.Options) {
		o.HostedDomains, o.Scopes = []string{"example.com"}, []string{"openid", "email", "https://www.googleapis.com/auth/x"}
	})
	if _, q := address(t, p, porttest.NewAttempt(1)); q.Get("hd") != "example.com" || q.Get("scope") != "openid email https://www.googleapis.com/auth/x" {
		t.Error(q)
	}
	p = w.open(t, w.Microsoft, func(o *gothoauth.Options) { o.Tenant = idp.WorkTenant })
	if where, _ := address(t, p, porttest.NewAttempt(1)); !strings.Contains(where, "/"+idp.WorkTenant+"/") {
		t.Error(where)
	}
	w.acme().Misbehave("no_s256")
	for pkce, want := range map[string]bool{"auto": false, "on": true, "off": false, "": false} {
		_, q := address(t, w.open(t, w.acme(), func(o *gothoauth.Options) { o.PKCE = pkce }), porttest.NewAttempt(1))
		if q.Has("code_challenge") != want || q.Has("code_challenge_method") != want {
			t.Errorf("%s: %v", pkce, q)
		}
	}
}

func TestRealAddressesAreThoseOfTheProviders(t *testing.T) {
	w := newWorld(t)
	w.settings.TestProvider, w.settings.Insecure = "", false
	for of, want := range map[*idp.Provider]string{
		w.Google: "https://accounts.google.com/o/oauth2/auth", w.Microsoft: "https://login.microsoftonline.com/common/oauth2/v2.0/authorize",
		w.Apple: "https://appleid.apple.com/auth/authorize", w.Discord: "https://discord.com/api/oauth2/authorize",
		w.GitHub: "https://github.com/login/oauth/authorize", w.Facebook: "https://www.facebook.com/dialog/oauth",
	} {
		if where, _ := address(t, w.open(t, of), porttest.NewAttempt(1)); where != want {
			t.Errorf("%s: %s", of.Name, where)
		}
	}
}
