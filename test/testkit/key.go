package testkit

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"

	"github.com/descope/virtualwebauthn"
)

// Key is a virtual authenticator with one credential: a passkey or a security key.
type Key struct {
	ID     string   // of the factor
	Codes  []string // recovery codes, that came with the first factor
	Origin string   // of the page that asks
	Domain string   // that the credential is bound to; empty: that of the page
	Count  uint32   // of the next signature; it stays 0 for an authenticator without a counter

	Options virtualwebauthn.AuthenticatorOptions

	s          *Server
	credential virtualwebauthn.Credential
}

// NewKey makes an authenticator at a page of the server.
func (s *Server) NewKey() *Key {
	s.tb.Helper()
	k := &Key{s: s, Origin: s.Env["PUBLIC_URL"], credential: virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2)}
	// The library leaves leading zeros of a coordinate out, which makes such a key invalid.
	for len(k.credential.Key.AttestationData()) != 77 {
		k.credential = virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2)
	}
	if k.Origin == "" {
		at, err := url.Parse(s.URL)
		if err != nil {
			s.tb.Fatal(err)
		}
		k.Origin = "http://localhost:" + at.Port()
	}
	return k
}

func (k *Key) relyingParty() virtualwebauthn.RelyingParty {
	k.s.tb.Helper()
	at, err := url.Parse(k.Origin)
	if err != nil {
		k.s.tb.Fatal(err)
	}
	return virtualwebauthn.RelyingParty{ID: cmp.Or(k.Domain, at.Hostname()), Origin: k.Origin}
}

// authenticator is the device as it is now.
func (k *Key) authenticator() (virtualwebauthn.Authenticator, virtualwebauthn.Credential) {
	credential := k.credential
	credential.Counter = k.Count
	if k.Count > 0 {
		k.Count++
	}
	return virtualwebauthn.NewAuthenticatorWithOptions(k.Options), credential
}

// Asked are the members of an answer that asks for a response.
type Asked struct {
	State     string          `json:"state"`
	PublicKey json.RawMessage `json:"publicKey"`
}

// Ask calls for options.
func (c *Client) Ask(r Request) (asked Asked) {
	c.tb.Helper()
	if err := json.Unmarshal(c.Do(r).Want(http.StatusOK, "").Body, &asked); err != nil {
		c.tb.Fatal(err)
	}
	return asked
}

// Create makes the credential that is asked for: the members state and credential of a body.
func (k *Key) Create(a Asked) map[string]any {
	k.s.tb.Helper()
	options, err := virtualwebauthn.ParseAttestationOptions(string(a.PublicKey))
	if err != nil {
		k.s.tb.Fatal(err)
	}
	var user struct{ User struct{ ID string } }
	if err := json.Unmarshal(a.PublicKey, &user); err != nil {
		k.s.tb.Fatal(err)
	}
	if k.Options.UserHandle, err = base64.RawURLEncoding.DecodeString(user.User.ID); err != nil {
		k.s.tb.Fatal(err)
	}
	device, credential := k.authenticator()
	response := virtualwebauthn.CreateAttestationResponse(k.relyingParty(), device, credential, *options)
	return map[string]any{"state": a.State, "credential": json.RawMessage(response)}
}

// Sign signs what is asked for.
func (k *Key) Sign(a Asked) map[string]any {
	k.s.tb.Helper()
	options, err := virtualwebauthn.ParseAssertionOptions(string(a.PublicKey))
	if err != nil {
		k.s.tb.Fatal(err)
	}
	device, credential := k.authenticator()
	response := virtualwebauthn.CreateAssertionResponse(k.relyingParty(), device, credential, *options)
	return map[string]any{"state": a.State, "credential": json.RawMessage(response)}
}

// AskForKey asks for a new credential of a kind.
func (c *Client) AskForKey(access, kind string) Asked {
	c.tb.Helper()
	return c.Ask(Request{Path: "/api/auth/factors/webauthn/options", Bearer: access, Body: map[string]string{"kind": kind}})
}

// EnrolKey adds a key of a kind to the account of a session, which it returns with its new tokens.
func (s *Server) EnrolKey(in Tokens, kind string) (*Key, Tokens) {
	s.tb.Helper()
	k, c := s.NewKey(), s.Client()
	done := c.Do(Request{Path: "/api/auth/factors/webauthn", Bearer: in.Access, Body: k.Create(c.AskForKey(in.Access, kind))}).Want(http.StatusCreated, "")
	k.ID = done.JSON()["factor"].(map[string]any)["id"].(string)
	if codes, ok := done.JSON()["recovery_codes"].([]any); ok {
		for _, code := range codes {
			k.Codes = append(k.Codes, code.(string))
		}
	}
	return k, Tokens{Access: done.Text("access_token"), Refresh: done.Text("refresh_token"), Session: in.Session}
}

// AskForPasskey asks for the signature of any passkey.
func (c *Client) AskForPasskey() Asked {
	c.tb.Helper()
	return c.Ask(Request{Path: "/api/auth/passkey/options", Body: map[string]string{}})
}

// ByPasskey logs in with what a passkey signed.
func ByPasskey(signed map[string]any) Request {
	return Request{Path: "/api/auth/passkey/login", Body: signed}
}

// AskAtChallenge asks for a signature that completes a login.
func (c *Client) AskAtChallenge(challenge string) Asked {
	c.tb.Helper()
	return c.Ask(Request{Path: "/api/auth/mfa/options", Body: map[string]string{"challenge": challenge}})
}

// AskToStepUp asks for a signature that raises a session.
func (c *Client) AskToStepUp(access string) Asked {
	c.tb.Helper()
	return c.Ask(Request{Path: "/api/auth/step-up/options", Method: http.MethodPost, Bearer: access})
}
