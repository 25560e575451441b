package idp_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/oauth2"

	"github.com/signet-auth/signet/test/idp/idp"
)

// errorCode is the status and the OAuth error of an exchange that failed.
func errorCode(err error) string {
	refused, ok := errors.AsType[*oauth2.RetrieveError](err)
	if !ok {
		return fmt.Sprint(err)
	}
	return fmt.Sprintf("%d %s", refused.Response.StatusCode, refused.ErrorCode)
}

func TestTheTokenEndpointRefusesWhatARealOneDoes(t *testing.T) {
	s := start(t)
	acme := s.Issuer("acme")
	c := client(s, acme, "/issuers/acme/authorize", "/issuers/acme/token", "openid")
	for name, row := range map[string]struct {
		spoil func(c *oauth2.Config, code, verifier *string)
		want  string
	}{
		"another secret":       {func(c *oauth2.Config, _, _ *string) { c.ClientSecret = "x" }, "401 invalid_client"},
		"another client":       {func(c *oauth2.Config, _, _ *string) { c.ClientID = "x" }, "401 invalid_client"},
		"another code":         {func(_ *oauth2.Config, code, _ *string) { *code = "x" }, "400 invalid_grant"},
		"another redirect_uri": {func(c *oauth2.Config, _, _ *string) { c.RedirectURL += "/" }, "400 invalid_grant"},
		"another verifier":     {func(_ *oauth2.Config, _, verifier *string) { *verifier = oauth2.GenerateVerifier() }, "400 invalid_grant"},
		"no verifier":          {func(_ *oauth2.Config, _, verifier *string) { *verifier = "" }, "400 invalid_grant"},
	} {
		t.Run(name, func(t *testing.T) {
			answer, verifier := visit(t, c)
			code, verifierSent, spoilt := answer.Params().Get("code"), verifier, *c
			row.spoil(&spoilt, &code, &verifierSent)
			if _, err := spoilt.Exchange(agent(t), code, oauth2.VerifierOption(verifierSent)); errorCode(err) != row.want {
				t.Errorf("got %v", err)
			}
			// The code is used up, unless the server never saw it.
			if _, err := c.Exchange(agent(t), answer.Params().Get("code"), oauth2.VerifierOption(verifier)); (err == nil) != (code == "x") {
				t.Errorf("after that: %v", err)
			}
		})
	}
	t.Run("a code that was used", func(t *testing.T) {
		answer, verifier := visit(t, c)
		for _, want := range []string{"<nil>", "400 invalid_grant"} {
			if _, err := c.Exchange(agent(t), answer.Params().Get("code"), oauth2.VerifierOption(verifier)); errorCode(err) != want {
				t.Errorf("got %v, not %s", err, want)
			}
		}
	})
	t.Run("but a twin of it works", func(t *testing.T) {
		answer, verifier := visit(t, c)
		for _, callback := range []string{answer.URL, acme.Twin(answer.URL)} {
			u, _ := url.Parse(callback)
			if _, err := c.Exchange(agent(t), u.Query().Get("code"), oauth2.VerifierOption(verifier)); err != nil {
				t.Error(err)
			}
		}
	})
}

func TestNobodyIsSentToAnAddressThatIsNotRegistered(t *testing.T) {
	s := start(t)
	for _, address := range []string{redirectURI + "/", redirectURI + "?a=b", "http://LOCALHOST:5000/api/oauth/callback", ""} {
		c := client(s, s.Google, "/accounts.google.com/o/oauth2/auth", "/oauth2.googleapis.com/token", "openid")
		c.RedirectURL = address
		if answer := idp.Visit(t, c.AuthCodeURL("s")); !strings.HasPrefix(answer.Problem, "redirect_uri_mismatch") {
			t.Errorf("%s: %+v", address, answer)
		}
	}
}

func TestCodesEndByTheClockThatIsGiven(t *testing.T) {
	now := time.Now()
	s := idp.Start(t, idp.Options{Now: func() time.Time { return now }, PublicURL: "http://localhost:5000"})
	c := client(s, s.Google, "/accounts.google.com/o/oauth2/auth", "/oauth2.googleapis.com/token", "openid")
	c.RedirectURL = "http://localhost:5000/api/oauth/google/callback"
	answer, verifier := visit(t, c)
	now = now.Add(11 * time.Minute)
	if _, err := c.Exchange(agent(t), answer.Params().Get("code"), oauth2.VerifierOption(verifier)); errorCode(err) != "400 invalid_grant" {
		t.Errorf("got %v", err)
	}
}

// Each provider says no in words of its own.
func TestEveryDialectHasItsOwnErrors(t *testing.T) {
	s := start(t)
	const microsoft = "/login.microsoftonline.com/common/oauth2/v2.0"
	for _, row := range []struct {
		p                *idp.Provider
		authorize, token string
		denied           url.Values // of a callback
		status           int        // of a wrong code
		body             string     // a part of it
		secret           string     // a part of the answer to a wrong secret
	}{
		{
			s.GitHub, "/github.com/login/oauth/authorize", "/github.com/login/oauth/access_token",
			url.Values{"error": {"access_denied"}, "error_description": {"The user has denied your application access."}},
			http.StatusOK, `"error":"bad_verification_code"`, `"error":"incorrect_client_credentials"`,
		},
		{
			s.Discord, "/discord.com/oauth2/authorize", "/discord.com/api/oauth2/token",
			url.Values{"error": {"access_denied"}},
			http.StatusBadRequest, `"error_description":"Invalid \"code\" in request."`, `"error":"invalid_client"`,
		},
		{
			s.Facebook, "/www.facebook.com/v22.0/dialog/oauth", "/graph.facebook.com/v22.0/oauth/access_token",
			url.Values{"error": {"access_denied"}, "error_reason": {"user_denied"}, "error_code": {"200"}},
			http.StatusBadRequest, `"type":"OAuthException"`, `"message":"Error validating client secret."`,
		},
		{
			s.Microsoft, microsoft + "/authorize", microsoft + "/token",
			url.Values{"error": {"access_denied"}, "error_subcode": {"cancel"}},
			http.StatusBadRequest, `"error_codes":[70008]`, `"error_description":"AADSTS7000215: `,
		},
		{
			s.Google, "/accounts.google.com/o/oauth2/v2/auth", "/oauth2.googleapis.com/token",
			url.Values{"error": {"access_denied"}},
			http.StatusBadRequest, `"error":"invalid_grant"`, `"error":"invalid_client"`,
		},
	} {
		t.Run(row.p.Name, func(t *testing.T) {
			c := client(s, row.p, row.authorize, row.token, "openid", "email")
			row.p.Misbehave("denied")
			answer, _ := visit(t, c)
			for name, want := range row.denied {
				if got := answer.Params()[name]; !cmp.Equal(got, want) {
					t.Errorf("%s is %q", name, got)
				}
			}
			row.p.Misbehave()
			for secret, want := range map[string]string{row.p.Secret(): row.body, "x": row.secret} {
				status, body := post(t, s.URL+row.token, url.Values{
					"client_id": {c.ClientID}, "client_secret": {secret}, "code": {"x"}, "grant_type": {"authorization_code"},
				})
				if !strings.Contains(body, want) || (secret != "x" && status != row.status) {
					t.Errorf("%d %s", status, body)
				}
			}
		})
	}
}

func post(t *testing.T, address string, form url.Values) (int, string) {
	t.Helper()
	header := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "Accept": {"application/json"}}
	return do(t, http.MethodPost, address, form.Encode(), header)
}

func bearer(token string) http.Header { return http.Header{"Authorization": {"Bearer " + token}} }

func do(t *testing.T, method, address, body string, header http.Header) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	maps.Copy(request.Header, header)
	answer, err := named{}.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(text)
}

func TestProfilesAreWhatTheSitesAnswer(t *testing.T) {
	s := start(t)
	person := idp.Person{
		Subject: "4242", Email: "ada@example.com", Verified: true, GivenName: "Ada", FamilyName: "Lovelace", PublicEmail: "a@b.example",
	}
	for _, row := range []struct {
		p                         *idp.Provider
		authorize, token, profile string
		scopes                    []string
		want                      string // members, as JSON
	}{
		{
			s.Discord, "/discord.com/api/oauth2/authorize", "/discord.com/api/oauth2/token", "/discord.com/api/users/@me",
			[]string{"identify", "email"},
			`{"id":"4242","username":"ada","global_name":"Ada Lovelace","email":"ada@example.com","verified":true}`,
		},
		{
			s.GitHub, "/github.com/login/oauth/authorize", "/github.com/login/oauth/access_token", "/api.github.com/user",
			[]string{"read:user", "user:email"},
			`{"id":4242,"login":"ada","name":"Ada Lovelace","email":"a@b.example","type":"User"}`,
		},
		{
			s.GitHub, "/github.com/login/oauth/authorize", "/github.com/login/oauth/access_token", "/api.github.com/user/emails",
			[]string{"user:email"},
			`{"email":"ada@example.com","primary":true,"verified":true,"visibility":"private"}`,
		},
		{
			s.Add("ghe", idp.GitHub), "/issuers/ghe/login/oauth/authorize", "/issuers/ghe/login/oauth/access_token", "/issuers/ghe/api/v3/user",
			[]string{"read:user"},
			`{"id":4242,"login":"ada"}`,
		},
		{
			s.Facebook, "/www.facebook.com/dialog/oauth", "/graph.facebook.com/oauth/access_token",
			"/graph.facebook.com/me?fields=id,first_name,last_name,email",
			[]string{"email", "public_profile"},
			`{"id":"4242","first_name":"Ada","last_name":"Lovelace","email":"ada@example.com"}`,
		},
	} {
		t.Run(row.profile, func(t *testing.T) {
			row.p.Register(redirectURI)
			row.p.Login(person)
			c := client(s, row.p, row.authorize, row.token, row.scopes...)
			_, token := idToken(t, c)
			_, body := do(t, http.MethodGet, s.URL+row.profile, "", bearer(token.AccessToken))
			var got any
			want := map[string]any{}
			if err := errors.Join(json.Unmarshal([]byte(body), &got), json.Unmarshal([]byte(row.want), &want)); err != nil {
				t.Fatal(err, body)
			}
			if rows, ok := got.([]any); ok { // the last address is the primary one
				got = rows[len(rows)-1]
			}
			for name, value := range want {
				if members, _ := got.(map[string]any); members[name] != value {
					t.Errorf("%s is %v in %s", name, members[name], body)
				}
			}
			if status, body := do(t, http.MethodGet, s.URL+row.profile, "", bearer("x")); status < 400 {
				t.Errorf("an unknown token: %d %s", status, body)
			}
		})
	}
}

func TestSomeAreStricterThanOthers(t *testing.T) {
	s := start(t)
	const userinfo = "/openidconnect.googleapis.com/v1/userinfo"
	tokens := map[string]string{}
	for p, paths := range map[*idp.Provider][2]string{
		s.Discord:  {"/discord.com/oauth2/authorize", "/discord.com/api/oauth2/token"},
		s.Google:   {"/accounts.google.com/o/oauth2/auth", "/oauth2.googleapis.com/token"},
		s.Facebook: {"/www.facebook.com/dialog/oauth", "/graph.facebook.com/oauth/access_token"},
	} {
		_, token := idToken(t, client(s, p, paths[0], paths[1], "openid", "email"))
		tokens[p.Name] = token.AccessToken
	}
	for name, row := range map[string]struct {
		path, token, agent string
		want               int
	}{
		"Discord lets Signet in":           {"/discord.com/api/users/@me", tokens["discord"], "Signet/1", http.StatusOK},
		"but not a library":                {"/discord.com/api/users/@me", tokens["discord"], "Go-http-client/1.1", http.StatusForbidden},
		"a token in a query is none":       {userinfo + "?access_token=" + tokens["google"], "", "Signet/1", http.StatusUnauthorized},
		"but is one at Facebook":           {"/graph.facebook.com/me?access_token=" + tokens["facebook"], "", "Signet/1", http.StatusOK},
		"where a wrong proof is none":      {"/graph.facebook.com/me?appsecret_proof=x", tokens["facebook"], "Signet/1", http.StatusBadRequest},
		"and another's token is of no use": {"/graph.facebook.com/me", tokens["google"], "Signet/1", http.StatusBadRequest},
	} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+row.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header = bearer(row.token)
		request.Header.Set("User-Agent", row.agent)
		answer, err := http.DefaultTransport.RoundTrip(request)
		if err != nil {
			t.Fatal(err)
		}
		if answer.StatusCode != row.want {
			t.Errorf("%s: %s", name, answer.Status)
		}
		_ = answer.Body.Close()
	}
}

func TestAPublicClientProvesItselfByItsVerifier(t *testing.T) {
	s := start(t)
	acme := s.Issuer("acme")
	acme.SetSecret("")
	c := client(s, acme, "/issuers/acme/authorize", "/issuers/acme/token", "openid")
	if signed, _ := idToken(t, c); signed == "" {
		t.Error("no id_token")
	}
	code := idp.Visit(t, c.AuthCodeURL("s")).Params().Get("code")
	if _, err := c.Exchange(agent(t), code); errorCode(err) != "400 invalid_grant" {
		t.Errorf("without one: %v", err)
	}
}
