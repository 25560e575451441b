package idp_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/golang-jwt/jwt/v5"
	"golang.org/x/oauth2"

	"github.com/signet-auth/signet/test/idp/idp"
)

const redirectURI = "http://localhost:5000/api/oauth/callback"

// start starts a server that knows redirectURI.
func start(t *testing.T) *idp.Server {
	t.Helper()
	s := idp.Start(t, idp.Options{})
	for _, p := range append(s.Providers(), s.Issuer("acme")) {
		p.Register(redirectURI)
	}
	return s
}

// client is one of x/oauth2 at endpoints that the caller knows.
func client(s *idp.Server, p *idp.Provider, authorize, token string, scopes ...string) *oauth2.Config {
	return &oauth2.Config{
		ClientID: p.ClientID, ClientSecret: p.Secret(), RedirectURL: redirectURI, Scopes: scopes,
		Endpoint: oauth2.Endpoint{AuthURL: s.URL + authorize, TokenURL: s.URL + token, AuthStyle: oauth2.AuthStyleInParams},
	}
}

// named gives requests the name of a program, which Discord and GitHub want.
type named struct{}

func (named) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("User-Agent", "Signet/test")
	return http.DefaultTransport.RoundTrip(r)
}

func agent(t *testing.T) context.Context {
	t.Helper()
	return oidc.ClientContext(t.Context(), &http.Client{Transport: named{}})
}

// visit begins a login and returns the answer with the verifier.
func visit(t *testing.T, c *oauth2.Config, options ...oauth2.AuthCodeOption) (idp.Answer, string) {
	t.Helper()
	verifier := oauth2.GenerateVerifier()
	answer := idp.Visit(t, c.AuthCodeURL("the-state", append(options, oauth2.S256ChallengeOption(verifier), oidc.Nonce("the-nonce"))...))
	if state := answer.Params().Get("state"); answer.Problem == "" && state != "the-state" {
		t.Errorf("the state came back as %q: %+v", state, answer)
	}
	return answer, verifier
}

// idToken logs in and returns the id_token.
func idToken(t *testing.T, c *oauth2.Config, options ...oauth2.AuthCodeOption) (string, *oauth2.Token) {
	t.Helper()
	answer, verifier := visit(t, c, options...)
	token, err := c.Exchange(agent(t), answer.Params().Get("code"), oauth2.VerifierOption(verifier))
	if err != nil {
		t.Fatalf("%+v: %v", answer, err)
	}
	signed, _ := token.Extra("id_token").(string)
	return signed, token
}

func TestAnIndependentClientFindsAnIssuerAndLogsIn(t *testing.T) {
	s := start(t)
	for _, p := range []*idp.Provider{s.Issuer("acme"), s.GitLab} {
		t.Run(p.Name, func(t *testing.T) {
			p.Login(idp.Person{Subject: "42", Email: "ada@example.com", Verified: true, GivenName: "Ada", FamilyName: "Lovelace"})
			found, err := oidc.NewProvider(agent(t), p.URL)
			if err != nil {
				t.Fatal(err)
			}
			c := &oauth2.Config{
				ClientID: p.ClientID, ClientSecret: p.Secret(), RedirectURL: redirectURI, Endpoint: found.Endpoint(),
				Scopes: []string{"openid", "profile", "email"},
			}
			for _, algorithm := range []string{"", "ES256", "EdDSA", "PS256"} {
				p.Rotate(algorithm)
				for _, style := range []oauth2.AuthStyle{oauth2.AuthStyleInHeader, oauth2.AuthStyleInParams} {
					c.Endpoint.AuthStyle = style
					signed, token := idToken(t, c)
					verifier := found.VerifierContext(agent(t), &oidc.Config{
						ClientID: c.ClientID, SupportedSigningAlgs: []string{"RS256", "ES256", "EdDSA", "PS256"},
					})
					checked, err := verifier.Verify(t.Context(), signed)
					if err != nil {
						t.Fatal(algorithm, err)
					}
					if checked.Subject != "42" || checked.Nonce != "the-nonce" {
						t.Errorf("the id_token is of %q for %q", checked.Subject, checked.Nonce)
					}
					info, err := found.UserInfo(agent(t), oauth2.StaticTokenSource(token))
					if err != nil || info.Subject != "42" || info.Email != "ada@example.com" || !info.EmailVerified {
						t.Errorf("userinfo: %+v, %v", info, err)
					}
				}
			}
		})
	}
}

func TestThePinnedProvidersSignAsTheirIssuers(t *testing.T) {
	s := start(t)
	s.Apple.Login(idp.Person{Email: "ada@icloud.com", Verified: true, GivenName: "Ada"})
	s.Google.Login(idp.Person{Email: "ada@company.example", Verified: true, HostedDomain: "company.example"})
	s.Microsoft.Login(idp.Person{Email: "ada@outlook.com", Tenant: idp.PersonalTenant, Guest: "live.com"})
	const microsoft = "/login.microsoftonline.com/common"
	for _, row := range []struct {
		p                      *idp.Provider
		authorize, token, keys string
		issuer                 string
		scopes                 []string
		options                []oauth2.AuthCodeOption
		want                   map[string]any
	}{
		{
			s.Google, "/accounts.google.com/o/oauth2/auth", "/oauth2.googleapis.com/token", "/www.googleapis.com/oauth2/v3/certs",
			"https://accounts.google.com",
			[]string{"openid", "email", "profile"},
			nil,
			map[string]any{"email": "ada@company.example", "email_verified": true, "hd": "company.example", "azp": "google-client"},
		},
		{
			s.Microsoft, microsoft + "/oauth2/v2.0/authorize", microsoft + "/oauth2/v2.0/token", microsoft + "/discovery/v2.0/keys",
			"https://login.microsoftonline.com/" + idp.PersonalTenant + "/v2.0",
			[]string{"openid", "email", "profile"},
			nil,
			map[string]any{"email": "ada@outlook.com", "xms_edov": false, "tid": idp.PersonalTenant, "idp": "live.com", "ver": "2.0"},
		},
		{
			s.Apple, "/appleid.apple.com/auth/authorize", "/appleid.apple.com/auth/token", "/appleid.apple.com/auth/keys",
			"https://appleid.apple.com",
			[]string{"name", "email"},
			[]oauth2.AuthCodeOption{oauth2.SetAuthURLParam("response_mode", "form_post")},
			map[string]any{"email": "ada@icloud.com", "email_verified": true, "nonce_supported": true},
		},
	} {
		t.Run(row.p.Name, func(t *testing.T) {
			c := client(s, row.p, row.authorize, row.token, row.scopes...)
			if row.p == s.Apple {
				c.ClientSecret = appleSecret(t, s.Apple, idp.AppleKeyID)
			}
			signed, _ := idToken(t, c, row.options...)
			verifier := oidc.NewVerifier(row.issuer, oidc.NewRemoteKeySet(agent(t), s.URL+row.keys), &oidc.Config{ClientID: row.p.ClientID})
			checked, err := verifier.Verify(t.Context(), signed)
			if err != nil {
				t.Fatal(err)
			}
			var claims map[string]any
			if err := checked.Claims(&claims); err != nil {
				t.Fatal(err)
			}
			for name, want := range row.want {
				if claims[name] != want {
					t.Errorf("%s is %v, not %v", name, claims[name], want)
				}
			}
		})
	}
}

// appleSecret signs the secret that Apple asks for.
func appleSecret(t *testing.T, p *idp.Provider, kid string) string {
	t.Helper()
	key, err := jwt.ParseECPrivateKeyFromPEM([]byte(p.ApplePEM()))
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	token := jwt.NewWithClaims(jwt.SigningMethodES256, jwt.MapClaims{
		"iss": idp.AppleTeamID, "sub": p.ClientID, "aud": "https://appleid.apple.com", "iat": now.Unix(), "exp": now.Add(time.Minute).Unix(),
	})
	token.Header["kid"] = kid
	signed, err := token.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

func TestAppleTellsTheNameOnce(t *testing.T) {
	s := start(t)
	s.Apple.Login(idp.Person{Email: "ada@icloud.com", GivenName: "Ada", FamilyName: "Lovelace"})
	c := client(s, s.Apple, "/appleid.apple.com/auth/authorize", "/appleid.apple.com/auth/token", "name", "email")
	if answer := idp.Visit(t, c.AuthCodeURL("s")); !strings.Contains(answer.Problem, "form_post") {
		t.Errorf("scopes without form_post: %+v", answer)
	}
	post := oauth2.SetAuthURLParam("response_mode", "form_post")
	first, _ := visit(t, c, post)
	const want = `{"email":"ada@icloud.com","name":{"firstName":"Ada","lastName":"Lovelace"}}`
	if got := first.Form.Get("user"); first.URL != redirectURI || got != want {
		t.Errorf("the first consent posts to %s: %s", first.URL, got)
	}
	second, _ := visit(t, c, post)
	if second.Form.Get("user") != "" {
		t.Error("the second tells the name too")
	}
	s.Apple.Misbehave("denied")
	if denied, _ := visit(t, c, post); denied.Form.Get("error") != "user_cancelled_authorize" {
		t.Errorf("who cancels: %+v", denied)
	}
	s.Apple.Misbehave()
	third, verifier := visit(t, c, post)
	c.ClientSecret = appleSecret(t, s.Apple, "another")
	if _, err := c.Exchange(agent(t), third.Form.Get("code"), oauth2.VerifierOption(verifier)); errorCode(err) != "400 invalid_client" {
		t.Errorf("a secret of another kid: %v", err)
	}
}

// A verifier that others wrote refuses every token that is spoilt, and takes the one that is not: so the faults do what they say.
func TestSpoiltTokensAreRefusedByAnIndependentVerifier(t *testing.T) {
	s := start(t)
	p := s.Issuer("acme")
	found, err := oidc.NewProvider(agent(t), p.URL)
	if err != nil {
		t.Fatal(err)
	}
	c := client(s, p, "/issuers/acme/authorize", "/issuers/acme/token", "openid")
	for name, works := range map[string]bool{
		"no_kid": true, "alg_none": false, "hs256": false, "unknown_kid": false, "wrong_key": false, "wrong_iss": false,
		"iss_slash": false, "wrong_aud": false, "expired": false, "no_exp": false,
	} {
		t.Run(name, func(t *testing.T) {
			p.Misbehave(name)
			signed, _ := idToken(t, c)
			if _, err := found.Verifier(&oidc.Config{ClientID: p.ClientID}).Verify(agent(t), signed); (err == nil) != works {
				t.Errorf("the verifier says %v", err)
			}
		})
	}
}
