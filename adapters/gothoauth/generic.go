package gothoauth

import (
	"bytes"
	"context"
	"encoding/json"

	"github.com/signet-auth/signet/ports/provider"
)

// generic is any OpenID provider with discovery. id_tokens carry the issuer of its document, letter for letter.
func (c *client) generic() dialect {
	return dialect{
		displayName: c.options.Name, issuer: c.options.URL, scopes: []string{"openid", "profile", "email"}, openID: true,
		identify: c.identifyGeneric,
	}
}

// identifyGeneric takes address and flag from the same document, the id_token or, if it lacks one of them, userinfo.
func (c *client) identifyGeneric(_ context.Context, l *login) (provider.Profile, error) {
	claims := l.claims.Raw
	if info := c.userinfo(l); info != nil {
		for _, name := range []string{"given_name", "family_name", "name", "locale"} {
			if text(claims[name]) == "" {
				claims[name] = info[name]
			}
		}
		if text(info["email"]) != "" {
			claims["email"], claims["email_verified"] = info["email"], info["email_verified"]
		}
	}
	p := provider.Profile{Issuer: l.claims.Issuer, Subject: l.claims.Subject}
	named(&p, claims)
	c.judge(&p, said{address: text(claims["email"]), proved: isTrue(claims["email_verified"])})
	return p, nil
}

// userinfo is called if the id_token lacks the address or the flag (OIDC Core §5.3). If it fails, the person has no address but can still
// log in. An answer about another subject is ignored (§5.3.2).
func (c *client) userinfo(l *login) map[string]any {
	_, flagged := l.claims.Raw["email_verified"]
	enough := text(l.claims.Raw["email"]) != "" && (flagged || c.options.IgnoreVerified)
	if enough || l.metadata.UserinfoEndpoint == "" {
		return nil
	}
	body, _, err := l.calls.get(l.metadata.UserinfoEndpoint, l.token.AccessToken)
	if err != nil {
		return nil
	}
	var info map[string]any
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	if d.Decode(&info) != nil {
		return nil
	}
	if subject, ok := provider.SubjectOf(info["sub"]); !ok || subject != l.claims.Subject {
		return nil
	}
	return info
}
