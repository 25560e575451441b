package idp

import (
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"slices"
	"time"
)

// codeTTL is how long a code can be exchanged.
const codeTTL = 10 * time.Minute

// grant is a person's yes: by its code once, then by its access token.
type grant struct {
	person      Person
	redirectURI string
	challenge   string // S256, or empty
	nonce       string
	scopes      []string
	at          time.Time
	used        bool
}

// may reports whether a scope was granted. All that are asked for are.
func (g *grant) may(scope string) bool { return slices.Contains(g.scopes, scope) }

// issue gives a grant a code. The caller holds the lock.
func (p *Provider) issue(g *grant) string {
	code := p.dialect.codes + random()
	p.grants[code] = g
	return code
}

// redeem takes the code of a form. A code is burnt by the first that shows it, whatever else is wrong: a client that tries again after
// a first error learns only of the second. The caller holds the lock.
func (p *Provider) redeem(form url.Values) (*grant, Refusal) {
	g := p.grants[form.Get("code")]
	switch {
	case g == nil || p.now().Sub(g.at) > codeTTL:
		return nil, WrongCode
	case g.used:
		return nil, UsedCode
	}
	g.used = true
	verifier := form.Get("code_verifier")
	sum := sha256.Sum256([]byte(verifier))
	switch {
	case form.Get("redirect_uri") != g.redirectURI:
		return nil, WrongRedirect
	case g.challenge == "" && verifier == "":
		if p.secret == "" && !p.dialect.signed {
			return nil, WrongVerifier // a public client proves itself by nothing else
		}
	case g.challenge != base64.RawURLEncoding.EncodeToString(sum[:]):
		return nil, WrongVerifier
	}
	return g, ""
}

// Twin is a callback with the same state and another code, as Discord's browsers bring at times (discord-api-docs#6073), made of the
// callback that the provider sent.
func (p *Provider) Twin(callback string) string {
	u, err := url.Parse(callback)
	if err != nil {
		return callback
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	q := u.Query()
	if g := p.grants[q.Get("code")]; g != nil {
		twin := *g
		twin.used = false
		q.Set("code", p.issue(&twin))
	}
	u.RawQuery = q.Encode()
	return u.String()
}
