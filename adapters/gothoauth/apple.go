package gothoauth

import (
	"context"
	"encoding/json"
	"net/url"
	"slices"
	"strings"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/provider"
)

const (
	appleIssuer    = "https://appleid.apple.com"
	appleNewIssuer = "https://account.apple.com"
	// maxAppleUser is how much of the form field with the name is read.
	maxAppleUser = 2 << 10
)

var appleDomains = []string{"icloud.com", "me.com", "mac.com", "privaterelay.appleid.com"}

// apple posts its answer as a form from its own site, and needs a secret that is made for each exchange.
func (c *client) apple() dialect {
	return dialect{
		displayName: "Apple", issuer: appleIssuer, scopes: []string{"name", "email"}, openID: true, formPost: true,
		pinned: &metadata{
			Issuer:                appleIssuer,
			AuthorizationEndpoint: appleIssuer + "/auth/authorize",
			TokenEndpoint:         appleIssuer + "/auth/token",
			JWKSURI:               appleIssuer + "/auth/keys",
		},
		parameters: func(q url.Values, _ provider.Attempt, _ *metadata) { q.Set("response_mode", "form_post") },
		issuers:    func(iss string) bool { return iss == appleIssuer || iss == appleNewIssuer },
		identify:   c.identifyApple,
	}
}

func (c *client) identifyApple(_ context.Context, l *login) (provider.Profile, error) {
	p := provider.Profile{Issuer: appleIssuer, Subject: l.claims.Subject}
	p.GivenName, p.FamilyName = appleName(l.answer.User)
	address := text(l.claims.Raw["email"])
	c.judge(&p, said{
		address: address, proved: isTrue(l.claims.Raw["email_verified"]), authoritative: slices.Contains(appleDomains, mailDomain(address)),
	})
	return p, nil
}

// appleName reads the name, which comes through the browser the first time only. It is unsigned, so only the display name is used.
func appleName(field string) (given, family string) {
	var user struct {
		Name struct {
			First string `json:"firstName"`
			Last  string `json:"lastName"`
		} `json:"name"`
	}
	if len(field) > maxAppleUser || json.Unmarshal([]byte(field), &user) != nil {
		return "", ""
	}
	return user.Name.First, user.Name.Last
}

// appleKey is the key with its line ends, which environments write as \n.
func (o Options) appleKey() provider.AppleKey {
	key := o.Apple
	key.PEM = domain.NewSecret(strings.ReplaceAll(key.PEM.Reveal(), `\n`, "\n"))
	return key
}
