package gothoauth

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/provider"
)

const googleIssuer = "https://accounts.google.com"

// google does not use goth: its FetchUser puts the token into a query and proves nothing, and the rest, its URL, would pull in a module of
// Google's cloud.
func (c *client) google() dialect {
	return dialect{
		displayName: "Google", issuer: googleIssuer, scopes: []string{"openid", "email", "profile"}, openID: true,
		pinned: &metadata{ //nolint:gosec // addresses, no credentials
			Issuer:                googleIssuer,
			AuthorizationEndpoint: "https://accounts.google.com/o/oauth2/auth",
			TokenEndpoint:         "https://oauth2.googleapis.com/token",
			JWKSURI:               "https://www.googleapis.com/oauth2/v3/certs",
			Prompts:               []string{"consent", "select_account"},
		},
		parameters: func(q url.Values, a provider.Attempt, m *metadata) {
			openIDParameters(q, a, m)
			q.Set("access_type", "online") // no refresh token
			if len(c.options.HostedDomains) == 1 {
				q.Set("hd", c.options.HostedDomains[0]) // only a hint, which the person can change
			}
		},
		issuers:  func(iss string) bool { return iss == googleIssuer || "https://"+iss == googleIssuer },
		identify: c.identifyGoogle,
	}
}

func (c *client) identifyGoogle(_ context.Context, l *login) (provider.Profile, error) {
	claims := l.claims.Raw
	hosted := strings.ToLower(text(claims["hd"]))
	if allowed := c.options.HostedDomains; len(allowed) > 0 && !slices.ContainsFunc(allowed, func(name string) bool { return strings.EqualFold(name, hosted) }) {
		return provider.Profile{}, domain.ErrAccountNotAllowed
	}
	p := provider.Profile{Issuer: googleIssuer, Subject: l.claims.Subject}
	named(&p, claims)
	address := text(claims["email"])
	c.judge(&p, said{
		address: address, proved: isTrue(claims["email_verified"]),
		authoritative: hosted != "" || slices.Contains([]string{"gmail.com", "googlemail.com"}, mailDomain(address)),
	})
	return p, nil
}
