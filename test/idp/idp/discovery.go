package idp

import (
	"net/http"
	"slices"
)

// discovery answers the metadata (OIDC Discovery, RFC 8414).
func (p *Provider) discovery(w http.ResponseWriter, _ *http.Request) {
	p.mu.Lock()
	metadata := p.metadata()
	p.mu.Unlock()
	writeJSON(w, http.StatusOK, metadata)
}

// metadata is what the provider says of itself, and holds itself to. The caller holds the lock.
func (p *Provider) metadata() Object {
	m := Object{
		"issuer":                                         p.Issuer,
		"scopes_supported":                               []string{"openid", "profile", "email"},
		"response_types_supported":                       []string{"code"},
		"response_modes_supported":                       []string{"query"},
		"grant_types_supported":                          []string{"authorization_code"},
		"subject_types_supported":                        []string{"public"},
		"id_token_signing_alg_values_supported":          []string{p.algorithm},
		"token_endpoint_auth_methods_supported":          []string{"client_secret_basic", "client_secret_post"},
		"code_challenge_methods_supported":               []string{"S256"},
		"claims_supported":                               []string{"sub", "iss", "aud", "exp", "iat", "nonce", "email", "email_verified", "name"},
		"authorization_response_iss_parameter_supported": p.dialect.promises,
	}
	for e, member := range map[Endpoint]string{
		Authorize: "authorization_endpoint", Token: "token_endpoint", Keys: "jwks_uri", UserInfo: "userinfo_endpoint",
	} {
		if paths := p.dialect.paths[e]; len(paths) > 0 {
			m[member] = p.URL + paths[0]
		}
	}
	overlay(m, p.switches.Documents[Discovery])
	return m
}

// lists reports whether a member of metadata, ours or one that came as JSON, lists a text.
func lists(member any, text string) bool {
	switch list := member.(type) {
	case []string:
		return slices.Contains(list, text)
	case []any:
		return slices.Contains(list, any(text))
	}
	return text == "client_secret_basic" // what is meant where nothing is said
}
