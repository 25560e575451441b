package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/descope/virtualwebauthn"
)

// holder is a person with a passkey, and the authenticator that has it.
type holder struct {
	address    string
	device     virtualwebauthn.Authenticator
	credential virtualwebauthn.Credential
}

// asked is what a server wants to be signed.
type asked struct {
	State     string          `json:"state"`
	PublicKey json.RawMessage `json:"publicKey"`
}

// newHolder gives an account a passkey: nil where the server knows no factors, as builds before them.
func newHolder(api *client, address string) (*holder, error) {
	in, err := begin(api, nil, address, 1)
	if err != nil {
		return nil, err
	}
	known, err := api.do(get("/api/auth/factors", in[0].Access))
	if err != nil || known.status == http.StatusNotFound {
		return nil, err
	}
	h := &holder{
		address: address, device: virtualwebauthn.NewAuthenticator(), credential: virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2),
	}
	for len(h.credential.Key.AttestationData()) != 77 { // the library leaves out leading zeros of a coordinate
		h.credential = virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2)
	}
	if err := h.enrol(api, in[0].Access); err != nil {
		return nil, fmt.Errorf("enrol a passkey: %w", err)
	}
	return h, nil
}

func (h *holder) enrol(api *client, access string) error {
	var a asked
	if err := api.call(postAs(access, "/api/auth/factors/webauthn/options", map[string]string{"kind": "passkey"}), http.StatusOK, &a); err != nil {
		return err
	}
	var options struct {
		User struct {
			ID string `json:"id"`
		} `json:"user"`
	}
	if err := json.Unmarshal(a.PublicKey, &options); err != nil {
		return err
	}
	var err error
	if h.device.Options.UserHandle, err = base64.RawURLEncoding.DecodeString(options.User.ID); err != nil {
		return err
	}
	wanted, err := virtualwebauthn.ParseAttestationOptions(string(a.PublicKey))
	if err != nil {
		return err
	}
	made := virtualwebauthn.CreateAttestationResponse(pageOf(api), h.device, h.credential, *wanted)
	return api.call(postAs(access, "/api/auth/factors/webauthn", map[string]any{"state": a.State, "credential": json.RawMessage(made)}), http.StatusCreated, nil)
}

func (h *holder) sign(c *client, a asked) (map[string]any, error) {
	wanted, err := virtualwebauthn.ParseAssertionOptions(string(a.PublicKey))
	if err != nil {
		return nil, err
	}
	signed := virtualwebauthn.CreateAssertionResponse(pageOf(c), h.device, h.credential, *wanted)
	return map[string]any{"state": a.State, "credential": json.RawMessage(signed)}, nil
}

// pageOf is a page of a server, which gets another port with each start.
func pageOf(c *client) virtualwebauthn.RelyingParty {
	_, port, _ := strings.Cut(c.addr, ":")
	return virtualwebauthn.RelyingParty{ID: "localhost", Origin: "http://localhost:" + port}
}

// ceremonies are logins with a signature. Each is several requests, of which time and cost are the sum.
func (p *population) ceremonies() []operation {
	if len(p.holders) == 0 {
		return nil
	}
	of := func(client int) *holder { return p.holders[client%len(p.holders)] }
	return []operation{
		{name: "passkey options", clients: ordinary, want: http.StatusOK, request: func(int) []byte { return post("/api/auth/passkey/options", map[string]string{}) }},
		{
			name: "options + passkey login", clients: ordinary, want: http.StatusOK,
			ceremony: func(client int, c *client) ([]byte, error) {
				var a asked
				if err := c.call(post("/api/auth/passkey/options", map[string]string{}), http.StatusOK, &a); err != nil {
					return nil, err
				}
				body, err := of(client).sign(c, a)
				return post("/api/auth/passkey/login", body), err
			},
		},
		{
			name: "password + options + mfa/verify", clients: ordinary, want: http.StatusOK,
			ceremony: func(client int, c *client) ([]byte, error) {
				var begun struct {
					Challenge string `json:"challenge"`
				}
				if err := c.call(loginOf(of(client).address), http.StatusUnauthorized, &begun); err != nil {
					return nil, err
				}
				var a asked
				if err := c.call(post("/api/auth/mfa/options", begun), http.StatusOK, &a); err != nil {
					return nil, err
				}
				body, err := of(client).sign(c, a)
				if err != nil {
					return nil, err
				}
				body["challenge"] = begun.Challenge
				return post("/api/auth/mfa/verify", body), nil
			},
		},
	}
}
