package main

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
)

// operation is one thing that clients do again and again. Both functions are called by one goroutine per client.
type operation struct {
	name    string
	clients int
	want    int                     // the status of success
	request func(client int) []byte // the next request
	learn   func(int, []byte) error // what the answer means for the next one; may be nil
	// ceremony stands for request where an operation is several of them: it sends all but the last, which it returns.
	ceremony func(client int, c *client) ([]byte, error)
}

func (op operation) next(i int, c *client) ([]byte, error) {
	if op.ceremony != nil {
		return op.ceremony(i, c)
	}
	return op.request(i), nil
}

const (
	livez     = "livez"
	ordinary  = 8  // clients of most operations
	refreshes = 32 // clients of refresh, each with a chain of its own
)

// operations are the ones with a budget, for the people of one server.
func operations(p *population) ([]operation, error) {
	badSignature, unknownKid, err := forge(p.sessions[0].Access)
	if err != nil {
		return nil, err
	}
	fixed := func(request []byte) func(int) []byte { return func(int) []byte { return request } }
	bearers := func(path string, sessions []session) func(int) []byte {
		var all [][]byte
		for _, s := range sessions {
			all = append(all, get(path, s.Access))
		}
		return func(client int) []byte { return all[client%len(all)] }
	}
	all := []operation{
		{name: livez, clients: ordinary, want: http.StatusOK, request: fixed(get("/livez", ""))},
		{name: "me", clients: ordinary, want: http.StatusOK, request: bearers("/api/auth/me", p.sessions)},
		{name: "validate-jwt", clients: ordinary, want: http.StatusOK, request: bearers("/api/auth/validate-jwt", p.sessions)},
		{name: "sessions", clients: ordinary, want: http.StatusOK, request: bearers("/api/auth/sessions", p.many)},
		{name: "jwks", clients: ordinary, want: http.StatusOK, request: fixed(get("/.well-known/jwks.json", ""))},
		{name: "bad signature", clients: ordinary, want: http.StatusUnauthorized, request: fixed(get("/api/auth/me", badSignature))},
		{name: "unknown kid", clients: ordinary, want: http.StatusUnauthorized, request: fixed(get("/api/auth/me", unknownKid))},
		p.refresh(),
		p.login(ordinary),
		p.register(ordinary),
	}
	all = append(all, p.ceremonies()...)
	if p.fleet != nil {
		all = append(all, p.fleet.operations()...)
	}
	return all, nil
}

// refresh follows the chain of every session: a client that lost one answer could not go on.
func (p *population) refresh() operation {
	return operation{
		name: "refresh", clients: refreshes, want: http.StatusOK,
		request: func(client int) []byte {
			return post("/api/auth/refresh", map[string]string{"refresh_token": p.sessions[client].Refresh})
		},
		learn: func(client int, body []byte) error {
			var s session
			if err := json.Unmarshal(body, &s); err != nil {
				return err
			}
			if s.Refresh == "" || s.Refresh == p.sessions[client].Refresh {
				return errors.New("a refresh that did not rotate")
			}
			p.sessions[client].Refresh = s.Refresh // Access stays: me and validate-jwt go on with the first
			return nil
		},
	}
}

func (p *population) login(clients int) operation {
	return operation{
		name: "login", clients: clients, want: http.StatusOK,
		request: func(client int) []byte { return loginOf(p.logins[client%len(p.logins)]) },
	}
}

func (p *population) register(clients int) operation {
	return operation{
		name: "register", clients: clients, want: http.StatusCreated,
		request: func(int) []byte { return registrationOf(p.address()) },
	}
}

// forge makes two tokens of a good one: with a signature that was drawn, and with a kid that nobody has.
func forge(token string) (badSignature, unknownKid string, err error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return "", "", errors.New("the access token is no JWT")
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil {
		return "", "", err
	}
	_, _ = rand.Read(signature)
	badSignature = parts[0] + "." + parts[1] + "." + base64.RawURLEncoding.EncodeToString(signature)

	header, err := base64.RawURLEncoding.DecodeString(parts[0])
	if err != nil {
		return "", "", err
	}
	var named struct {
		KID string `json:"kid"`
	}
	if err := json.Unmarshal(header, &named); err != nil {
		return "", "", err
	}
	other := bytes.Replace(header, []byte(named.KID), []byte(strings.Repeat("A", len(named.KID))), 1)
	return badSignature, base64.RawURLEncoding.EncodeToString(other) + "." + parts[1] + "." + parts[2], nil
}
