package idp_test

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"github.com/signet-auth/signet/test/idp/idp"
)

func TestEveryFaultChangesSomething(t *testing.T) {
	s := start(t)
	p := s.Issuer("acme")
	for name, says := range idp.Faults() {
		p.Misbehave(name)
		_, state := do(t, http.MethodGet, s.URL+"/control/acme", "", nil)
		if says == "" || strings.Contains(state, `"switches":{}`) {
			t.Errorf("%s (%s): %s", name, says, state)
		}
	}
}

func TestTheCallbackCanBeSpoilt(t *testing.T) {
	s := start(t)
	acme := s.Issuer("acme")
	c := client(s, acme, "/issuers/acme/authorize", "/issuers/acme/token", "openid")
	for fault, want := range map[string]string{
		"":                "code iss=" + acme.Issuer + " state=s",
		"wrong_iss_param": "code iss=https://attacker.example state=s",
		"no_iss_param":    "code state=s",
		"wrong_state":     "code iss=" + acme.Issuer + " state=another",
		"no_code":         "iss=" + acme.Issuer + " state=s",
		"unavailable":     "error=temporarily_unavailable iss=" + acme.Issuer + " state=s",
	} {
		acme.Misbehave(strings.Fields(fault)...)
		params := idp.Visit(t, c.AuthCodeURL("s")).Params()
		var got []string
		for _, name := range []string{"code", "error", "iss", "state"} {
			switch value := params.Get(name); {
			case name == "code" && value != "":
				got = append(got, name)
			case value != "":
				got = append(got, name+"="+value)
			}
		}
		if text := strings.Join(got, " "); text != want {
			t.Errorf("%s: %s", fault, text)
		}
	}
}

func TestTheTransportCanBeSpoilt(t *testing.T) {
	s := start(t)
	acme := s.Issuer("acme")
	keys := func(ctx context.Context) (*http.Response, error) {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, acme.URL+"/keys", nil)
		if err != nil {
			t.Fatal(err)
		}
		return http.DefaultTransport.RoundTrip(request)
	}
	for fault, want := range map[string]int{"keys_down": 500, "keys_html": 200, "keys_redirect": 302, "keys_huge": 200} {
		acme.Misbehave(fault)
		answer, err := keys(t.Context())
		if err != nil || answer.StatusCode != want {
			t.Fatalf("%s: %v, %v", fault, answer, err)
		}
		length, err := answer.Body.Read(make([]byte, 1))
		if location := answer.Header.Get("Location"); length != 1 && err != nil || (want == 302) != (location != "") {
			t.Errorf("%s: %v, to %q", fault, err, location)
		}
		_ = answer.Body.Close()
	}
	acme.Misbehave("keys_drop")
	if _, err := keys(t.Context()); err == nil {
		t.Error("a dropped connection answers")
	}
	acme.Misbehave("keys_slow")
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := keys(ctx); err == nil {
		t.Error("what is slow answers at once")
	}
	acme.Reset()
	release := acme.Hold(idp.Keys)
	before := len(acme.Requests(idp.Keys))
	done := make(chan error, 1)
	go func() {
		answer, err := keys(t.Context())
		if err == nil {
			err = answer.Body.Close()
		}
		done <- err
	}()
	for len(acme.Requests(idp.Keys)) == before {
		time.Sleep(time.Millisecond) // it is another goroutine's request
	}
	select {
	case err := <-done:
		t.Fatal("what is held answers", err)
	default:
	}
	release()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestRequestsAreWrittenDown(t *testing.T) {
	s := start(t)
	c := client(s, s.Google, "/accounts.google.com/o/oauth2/auth", "/oauth2.googleapis.com/token", "openid")
	answer, verifier := visit(t, c, oauth2.SetAuthURLParam("prompt", "select_account"))
	if _, err := c.Exchange(agent(t), answer.Params().Get("code"), oauth2.VerifierOption(verifier)); err != nil {
		t.Fatal(err)
	}
	asked, exchanged := s.Google.Requests(idp.Authorize), s.Google.Requests(idp.Token)
	if len(asked) != 1 || asked[0].Query.Get("prompt") != "select_account" || asked[0].Query.Get("nonce") != "the-nonce" {
		t.Errorf("authorize: %+v", asked)
	}
	if len(exchanged) != 1 || exchanged[0].Form.Get("code_verifier") != verifier || exchanged[0].Header.Get("User-Agent") != "Signet/test" {
		t.Errorf("token: %+v", exchanged)
	}
}

func TestAnotherProgramScriptsByControl(t *testing.T) {
	s := start(t)
	order := `{"person":{"subject":"7","email":"x@example.com"},"faults":["no_flag"],"redirect_uris":["http://localhost:1/cb"],
		"rotate":"ES256"}`
	if status, body := do(t, http.MethodPut, s.URL+"/control/google", order, nil); status != http.StatusOK {
		t.Fatal(body)
	}
	c := client(s, s.Google, "/accounts.google.com/o/oauth2/auth", "/oauth2.googleapis.com/token", "openid", "email")
	c.RedirectURL = "http://localhost:1/cb"
	_, token := idToken(t, c)
	_, body := do(t, http.MethodGet, s.URL+"/openidconnect.googleapis.com/v1/userinfo", "", bearer(token.AccessToken))
	if body != `{"email":"x@example.com","sub":"7"}` {
		t.Errorf("userinfo: %s", body)
	}
	for path, order := range map[string]string{"google": `{"faults":["x"]}`, "apple": `{"x":1}`, "x": `{}`} {
		if status, body := do(t, http.MethodPut, s.URL+"/control/"+path, order, nil); status < 400 {
			t.Errorf("%s at %s: %d %s", order, path, status, body)
		}
	}
	if _, body := do(t, http.MethodDelete, s.URL+"/control/google", "", nil); strings.Contains(body, "x@example.com") {
		t.Errorf("after a reset: %s", body)
	}
}

func TestAPersonChoosesOnThePage(t *testing.T) {
	s := idp.Start(t, idp.Options{Interactive: true, PublicURL: "http://localhost:5000"})
	c := client(s, s.Microsoft, "/login.microsoftonline.com/organizations/oauth2/v2.0/authorize", "", "openid")
	c.RedirectURL = "http://localhost:5000/api/oauth/microsoft/callback"
	address := c.AuthCodeURL("s", oauth2.SetAuthURLParam("login_hint", "eve@example.com"))
	_, page := do(t, http.MethodGet, address, "", nil)
	for _, want := range []string{`value="eve@example.com"`, "ada@example.com", "Tenant", "alg_none"} {
		if !strings.Contains(page, want) {
			t.Errorf("%s is missing in %s", want, page)
		}
	}
	for _, row := range []struct {
		form string
		want string // in the callback, or on a page
	}{
		{"decision=0", "code="},
		{"decision=typed&email=eve@example.com&verified=on", "code="},
		{"decision=typed&email=eve@outlook.com&tenant=" + idp.PersonalTenant, "AADSTS50020"},
		{"decision=cancel", "error=access_denied"},
		{"decision=0&misbehave=unavailable", "error=temporarily_unavailable"},
	} {
		form, err := url.ParseQuery(row.form)
		if err != nil {
			t.Fatal(err)
		}
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, strings.NewReader(form.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		answer, err := http.DefaultTransport.RoundTrip(request)
		if err != nil {
			t.Fatal(err)
		}
		page, err := io.ReadAll(answer.Body)
		if got := answer.Header.Get("Location") + string(page); err != nil || !strings.Contains(got, row.want) {
			t.Errorf("%s: %s, %v", row.form, got, err)
		}
		_ = answer.Body.Close()
	}
}

func TestTheSettingsNameEveryProvider(t *testing.T) {
	s := idp.Start(t, idp.Options{})
	s.Issuer("ac-me")
	env := s.Env()
	for name, want := range map[string]string{
		"OAUTH_TEST_PROVIDER": s.URL, "GOOGLE_CLIENT_ID": "google-client", "GITLAB_URL": s.URL + "/issuers/gitlab",
		"OIDC_AC_ME_ISSUER": s.URL + "/issuers/ac-me", "APPLE_TEAM_ID": idp.AppleTeamID, "APPLE_CLIENT_SECRET": "",
	} {
		if env[name] != want {
			t.Errorf("%s is %q", name, env[name])
		}
	}
	if some := s.Env("discord"); len(some) != 3 {
		t.Errorf("of one: %v", some)
	}
}
