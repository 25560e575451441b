package idp

import (
	"crypto/ecdsa"
	"crypto/rand"
	"encoding/base64"
	"net/http"
	"sync"
	"time"
)

// Endpoint is a thing that providers are asked for.
type Endpoint string

// The endpoints. UserInfo is also what is called profile elsewhere: /user, /users/@me, /me.
const (
	Authorize Endpoint = "authorize"
	Token     Endpoint = "token"
	Keys      Endpoint = "keys"
	UserInfo  Endpoint = "userinfo"
	Emails    Endpoint = "emails" // GitHub's
	Discovery Endpoint = "discovery"
)

// Provider is one provider, with the one client that is registered there. Safe for concurrent use.
type Provider struct {
	Name string
	// URL is where it is reached: GITLAB_URL, GITHUB_URL, the issuer of one's own. Empty for those that stand at several hosts.
	URL string
	// Issuer is the iss of its id_tokens, which Microsoft's people have by tenant. Empty where there are none.
	Issuer   string
	ClientID string

	server  *Server
	speaks  Dialect
	dialect dialect

	mu        sync.Mutex
	secret    string // empty: a public client
	redirects []string
	person    Person
	consented map[string]bool // subjects, for what Apple says only once
	switches  Switches
	held      map[Endpoint]chan struct{}
	requests  []Request
	grants    map[string]*grant // by code
	tokens    map[string]*grant // by access token
	algorithm string
	rotation  int
	appleKey  *ecdsa.PrivateKey // with which its client signs
}

func newProvider(s *Server, name string, d Dialect) *Provider {
	p := &Provider{
		Name: name, server: s, speaks: d, dialect: d.table(name), ClientID: name + "-client", secret: name + "-secret", algorithm: "RS256",
		consented: map[string]bool{}, held: map[Endpoint]chan struct{}{}, grants: map[string]*grant{}, tokens: map[string]*grant{},
	}
	p.Issuer = p.dialect.issuer
	prefix := ""
	if !p.dialect.pinned {
		prefix = "/issuers/" + name
		p.URL = s.URL + prefix
		if p.dialect.claims != nil {
			p.Issuer = p.URL
		}
	}
	if d == Generic {
		// RFC 6749 §2.3.1: id and secret are form-encoded before they go into Basic. A client that forgets it is refused.
		p.secret += ":+/%="
	}
	if d == Apple {
		p.appleKey = material("ES256", appleMaterial).(*ecdsa.PrivateKey)
	}
	p.person = p.People()[0]
	serve := map[Endpoint]http.HandlerFunc{
		Authorize: p.authorize, Token: p.token, Keys: p.keys, UserInfo: p.document(UserInfo), Emails: p.document(Emails),
		Discovery: p.discovery,
	}
	for e, paths := range p.dialect.paths {
		for _, path := range paths {
			s.mux.HandleFunc(prefix+path, p.observed(e, serve[e]))
		}
	}
	return p
}

// Register registers redirect URIs, each of which counts letter for letter.
func (p *Provider) Register(redirectURIs ...string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.redirects = append(p.redirects, redirectURIs...)
}

// Secret is the client's; empty for a public client, and for Apple's, which signs.
func (p *Provider) Secret() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.appleKey != nil {
		return ""
	}
	return p.secret
}

// SetSecret gives the client another secret; an empty one makes it a public client, of which a verifier is asked.
func (p *Provider) SetSecret(secret string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.secret = secret
}

// Login makes a person the one who is logged in there, for the logins that begin from now on.
func (p *Provider) Login(person Person) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.person = person
}

// Rotate replaces the signing key, with one for another algorithm unless that is empty: RS256, PS256, ES256, EdDSA and their like.
// The former key is no longer published.
func (p *Provider) Rotate(algorithm string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rotation++
	if algorithm != "" {
		p.algorithm = algorithm
	}
}

// Reset undoes what tests did: misbehaviour, holds, consent, records, and who is logged in.
func (p *Provider) Reset() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for e := range p.held {
		p.release(e)
	}
	p.switches, p.requests, p.person = Switches{}, nil, p.People()[0]
	clear(p.consented)
}

// now is the time by the server's clock.
func (p *Provider) now() time.Time { return p.server.options.Now() }

// random is a fresh secret.
func random() string {
	b := make([]byte, 24)
	_, _ = rand.Read(b)
	return base64.RawURLEncoding.EncodeToString(b)
}
