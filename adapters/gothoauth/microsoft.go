package gothoauth

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/provider"
)

const (
	microsoftLogin = "https://login.microsoftonline.com/"
	// personalTenant is the one that all personal accounts are in.
	personalTenant = "9188040d-6c67-4c5b-b112-36a304b66dad"
)

var (
	microsoftHosts  = []string{"login.microsoftonline.com", "login.microsoft.com", "login.windows.net", "sts.windows.net"}
	personalDomains = []string{"outlook.com", "hotmail.com", "live.com", "msn.com"}
)

// microsoft has the endpoints of the configured tenant, but the person's own tenant issues the id_tokens.
func (c *client) microsoft() dialect {
	tenant := c.options.Tenant
	if tenant == "" {
		tenant = "common"
	}
	base := microsoftLogin + tenant
	return dialect{
		displayName: "Microsoft", issuer: base + "/v2.0", scopes: []string{"openid", "profile", "email"}, openID: true,
		pinned: &metadata{
			Issuer:                base + "/v2.0",
			AuthorizationEndpoint: base + "/oauth2/v2.0/authorize",
			TokenEndpoint:         base + "/oauth2/v2.0/token",
			JWKSURI:               base + "/discovery/v2.0/keys",
			Algorithms:            []string{"RS256"},
		},
		issuers:  func(iss string) bool { return tenantOf(iss) != "" },
		identify: c.identifyMicrosoft,
	}
}

// tenantOf is the tenant that an issuer names; empty for an issuer that is not Microsoft's.
func tenantOf(issuer string) string {
	tenant, ok := strings.CutPrefix(issuer, microsoftLogin)
	tenant, cut := strings.CutSuffix(tenant, "/v2.0")
	if !ok || !cut || !guidForm.MatchString(tenant) {
		return ""
	}
	return tenant
}

// identifyMicrosoft makes the tenant part of the identity and trusts only addresses that xms_edov confirms, because anybody can create a
// tenant and write any address into its accounts (nOAuth).
func (c *client) identifyMicrosoft(_ context.Context, l *login) (provider.Profile, error) {
	claims, issuer := l.claims.Raw, l.claims.Issuer
	tenant := tenantOf(issuer)
	subject, ok := provider.SubjectOf(claims["oid"])
	if !ok {
		return provider.Profile{}, c.failed(provider.StepIDToken, "subject", "", errors.New("no oid"))
	}
	if text(claims["tid"]) != tenant {
		return provider.Profile{}, c.failed(provider.StepIDToken, "tenant", "", nil)
	}
	// A key may belong to one issuer only, or to all, which it names by a template.
	if of := strings.ReplaceAll(l.claims.Key.Issuer(), "{tenantid}", tenant); of != "" && of != issuer {
		return provider.Profile{}, c.failed(provider.StepIDToken, "key_issuer", "", nil)
	}
	if !c.allowsTenant(tenant) {
		return provider.Profile{}, domain.ErrAccountNotAllowed
	}
	p := provider.Profile{Issuer: issuer, Subject: subject}
	named(&p, claims)
	address := text(claims["email"])
	home := text(claims["idp"])
	authoritative := home == "" || home == issuer
	if tenant == personalTenant {
		authoritative = slices.Contains(personalDomains, mailDomain(address))
	}
	c.judge(&p, said{address: address, proved: isOwnDomain(claims["xms_edov"]), authoritative: authoritative})
	return p, nil
}

func (c *client) allowsTenant(tenant string) bool {
	if len(c.options.Tenants) > 0 && !slices.Contains(c.options.Tenants, tenant) {
		return false
	}
	switch c.options.Tenant {
	case "", "common":
		return true
	case "organizations":
		return tenant != personalTenant
	case "consumers":
		return tenant == personalTenant
	}
	return tenant == c.options.Tenant
}

// isOwnDomain reads xms_edov, "email domain owner verified", which comes as a boolean, a number or a text.
func isOwnDomain(member any) bool {
	number, _ := member.(json.Number)
	return isTrue(member) || number == "1" || member == "1"
}
