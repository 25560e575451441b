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

// accessToken is that of a request for a document: in the header, and at Facebook also in the query.
func accessToken(r *http.Request) string {
	if token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		return token
	}
	if strings.Contains(r.URL.Path, "graph.facebook.com") {
		return r.Form.Get("access_token")
	}
	return ""
}

// document answers what an access token opens.
func (p *Provider) document(e Endpoint) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if p.blocked(w, r) {
			return
		}
		status, body := p.read(e, r)
		writeJSON(w, status, body)
	}
}

func (p *Provider) read(e Endpoint, r *http.Request) (int, any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	g := p.tokens[accessToken(r)]
	if g == nil {
		return p.dialect.unauthorized()
	}
	switch body := p.dialect.documents[e](p, g, r).(type) {
	case nil:
		return http.StatusNotFound, Object{"message": "Not Found", "status": "404"}
	case Object:
		if body["error"] != nil {
			return http.StatusBadRequest, body
		}
		overlay(body, g.person.Claims)
		overlay(body, p.switches.Documents[e])
		return http.StatusOK, body
	default:
		return http.StatusOK, body
	}
}

// blocked answers requests that the real one stops at its edge, in words of its edge.
func (p *Provider) blocked(w http.ResponseWriter, r *http.Request) bool {
	if p.dialect.admits == nil || p.dialect.admits(r) {
		return false
	}
	http.Error(w, "error code: 1010", http.StatusForbidden)
	return true
}
