package idp

import (
	"mime"
	"net/http"
	"net/url"
	"strings"
)

// token exchanges a code: for the client that is registered, at the redirect_uri of the request, with the verifier of its challenge.
func (p *Provider) token(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, "POST, please", http.StatusMethodNotAllowed)
		return
	}
	if p.blocked(w, r) {
		return
	}
	status, body := p.exchange(r)
	w.Header().Set("Cache-Control", "no-store")
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Accept")); p.dialect.formEncoded && kind != "application/json" {
		form := url.Values{}
		for name, value := range body {
			if text, ok := value.(string); ok {
				form.Set(name, text)
			}
		}
		w.Header().Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
		w.WriteHeader(status)
		_, _ = w.Write([]byte(form.Encode()))
		return
	}
	writeJSON(w, status, body)
}

func (p *Provider) exchange(r *http.Request) (int, Object) {
	p.mu.Lock()
	defer p.mu.Unlock()
	g, why := p.redeem(r.PostForm)
	switch {
	case p.switches.Refuse != "":
		why = p.switches.Refuse
	case !p.authenticates(r):
		why = WrongClient
	case r.PostForm.Get("grant_type") != "authorization_code":
		why = WrongGrant
	}
	if why != "" {
		return p.dialect.refusal(why)
	}
	token := random()
	p.tokens[token] = g
	answer := Object{"access_token": token, "token_type": "Bearer", "scope": strings.Join(g.scopes, " ")}
	if p.dialect.granted != nil {
		overlay(answer, p.dialect.granted(p, g))
	}
	// Apple's openid is understood, others want to be asked.
	if p.dialect.claims != nil && (g.may("openid") || p.dialect.signed) {
		signed, err := p.idToken(g)
		if err != nil {
			return http.StatusInternalServerError, Object{"error": "server_error", "error_description": err.Error()}
		}
		answer["id_token"] = signed
	}
	overlay(answer, p.switches.Documents[Token])
	return http.StatusOK, answer
}

// authenticates reports whether a request comes from the client: by one method, which the metadata lists. The caller holds the lock.
func (p *Provider) authenticates(r *http.Request) bool {
	id, secret := r.PostForm.Get("client_id"), r.PostForm.Get("client_secret")
	method := "client_secret_post"
	if user, password, basic := r.BasicAuth(); basic {
		if secret != "" {
			return false // RFC 6749 §2.3: not more than one
		}
		method = "client_secret_basic"
		id, secret = unescape(user), unescape(password)
	}
	switch {
	case id != p.ClientID:
		return false
	case p.dialect.signed:
		return method == "client_secret_post" && p.isAppleSecret(secret)
	case p.secret == "":
		return secret == ""
	}
	return secret == p.secret && lists(p.metadata()["token_endpoint_auth_methods_supported"], method)
}

// unescape undoes the form encoding that RFC 6749 §2.3.1 asks for; what has none is wrong unless it needs none.
func unescape(text string) string {
	plain, err := url.QueryUnescape(text)
	if err != nil {
		return ""
	}
	return plain
}
