package idp

import (
	"net/http"
	"strings"
)

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
	case []Object:
		for _, row := range body {
			overlay(row, p.switches.Documents[e])
		}
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
