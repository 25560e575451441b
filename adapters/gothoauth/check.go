package gothoauth

import (
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/provider"
)

// pathSegments stand beside the names of providers in paths.
var pathSegments = []string{"providers", "exchange", "complete", "identities", "link", "callback"}

// reserved are names that a generic provider can't have: those of the built-in providers, and path segments beside them.
func reserved() []string {
	names := make([]string, 0, len(BuiltIn)+len(pathSegments))
	for _, kind := range BuiltIn {
		names = append(names, string(kind))
	}
	return append(names, pathSegments...)
}

var (
	nameForm = regexp.MustCompile(`^[a-z][a-z0-9-]{0,31}$`)
	guidForm = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)
)

// Check finds settings that are invalid or don't fit together: its error has one line for each mistake, with the setting's name. insecure
// allows http.
func Check(providers []Options, ids provider.IDTokens, insecure bool) []error {
	var errs []error
	issuers := map[string]string{} // issuer → the prefix that has it
	for _, o := range providers {
		c := checker{options: o, insecure: insecure}
		c.all(ids)
		errs = append(errs, c.errs...)
		for _, issuer := range o.issuers() {
			if other, taken := issuers[issuer]; taken {
				errs = append(errs, fmt.Errorf("%s and %s are providers of one issuer: identities are known by it, so only one of them can be", other, o.Prefix))
				break
			}
			issuers[issuer] = o.Prefix
		}
	}
	return append(errs, checkMicrosoftTwin(providers)...)
}

// issuers are the issuers that its identities may have, in a comparable form.
func (o Options) issuers() []string {
	switch o.Kind {
	case Google:
		return []string{googleIssuer}
	case Apple:
		return []string{appleIssuer, appleNewIssuer}
	case Discord:
		return []string{discordIssuer}
	case Facebook:
		return []string{facebookIssuer}
	case Microsoft:
		return nil
	}
	if issuer := sameIssuer(o.address()); issuer != "" {
		return []string{issuer}
	}
	return nil
}

// sameIssuer is an issuer without insignificant differences: the case of its host, a trailing slash.
func sameIssuer(issuer string) string {
	u, err := url.Parse(strings.TrimSuffix(issuer, "/"))
	if err != nil || u.Host == "" {
		return ""
	}
	u.Scheme, u.Host = strings.ToLower(u.Scheme), strings.TrimSuffix(strings.ToLower(u.Host), ":443")
	return u.String()
}

// checkMicrosoftTwin refuses a generic provider for Microsoft beside the built-in one: people of one tenant would have two identities, by
// their sub and by their oid.
func checkMicrosoftTwin(providers []Options) []error {
	if !slices.ContainsFunc(providers, func(o Options) bool { return o.Kind == Microsoft }) {
		return nil
	}
	var errs []error
	for _, o := range providers {
		u, err := url.Parse(o.URL)
		if o.Kind == OIDC && err == nil && slices.Contains(microsoftHosts, strings.ToLower(u.Hostname())) {
			errs = append(errs, fmt.Errorf("%s_ISSUER is Microsoft's: use MICROSOFT_TENANT and MICROSOFT_TENANTS, or leave MICROSOFT_CLIENT_ID out", o.Prefix))
		}
	}
	return errs
}

// checker collects the mistakes of one provider.
type checker struct {
	options  Options
	insecure bool
	errs     []error
}

// bad notes a mistake of the setting with that suffix.
func (c *checker) bad(suffix, format string, args ...any) {
	c.errs = append(c.errs, fmt.Errorf("%s_%s "+format, append([]any{c.options.Prefix, suffix}, args...)...))
}

func (c *checker) all(ids provider.IDTokens) {
	o := c.options
	if o.Kind == OIDC && (!nameForm.MatchString(o.Name) || slices.Contains(reserved(), o.Name)) {
		c.errs = append(c.errs, fmt.Errorf("%s gives a provider the name %q, which must be a letter and up to 31 letters, digits and dashes, and none of %s",
			o.Prefix, o.Name, strings.Join(reserved(), ", ")))
	}
	if o.ClientID == "" || len(o.ClientID) > 500 || strings.ContainsFunc(o.ClientID, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
		c.bad("CLIENT_ID", "is required: what the provider calls Signet, without blanks")
	}
	if o.Kind != Apple && o.Kind != OIDC && o.ClientSecret.IsZero() {
		c.bad("CLIENT_SECRET", "is required with %s_CLIENT_ID", o.Prefix)
	}
	if err := domain.CheckLine("name", o.DisplayName, 50); err != nil {
		c.bad("DISPLAY_NAME", "must be at most 50 characters on one line")
	}
	c.scopes()
	c.domains()
	switch o.Kind {
	case Google:
		c.hostedDomains()
	case Microsoft:
		c.tenants()
	case Apple:
		c.appleKey(ids)
	case GitHub, GitLab:
		c.address("URL", o.URL)
	case OIDC:
		c.generic()
	case Discord, Facebook:
	}
}

func (c *checker) scopes() {
	for _, scope := range c.options.Scopes { // RFC 6749 §3.3
		if strings.ContainsFunc(scope, func(r rune) bool { return r <= ' ' || r > '~' || r == '"' || r == '\\' }) {
			c.bad("SCOPES", "must be scopes separated by blanks")
			return
		}
	}
	openID := c.options.Kind == OIDC || c.options.Kind == GitLab || c.options.Kind == Google || c.options.Kind == Microsoft
	if len(c.options.Scopes) > 0 && openID && !slices.Contains(c.options.Scopes, "openid") {
		c.bad("SCOPES", "must hold openid: without it there is no id_token")
	} else if len(c.options.Scopes) > 0 && c.options.Kind == Microsoft && !slices.Contains(c.options.Scopes, "profile") {
		c.bad("SCOPES", "must hold profile: without it nothing says who it is")
	}
}

func (c *checker) domains() {
	o := c.options
	for _, name := range o.TrustedDomains {
		if mailDomain("x@"+name) == "" {
			c.bad("TRUSTED_DOMAINS", "must be mail domains such as example.com, separated by commas; * is not accepted")
			return
		}
	}
	if len(o.TrustedDomains) > 0 && o.Kind == Facebook {
		c.bad("TRUSTED_DOMAINS", "is not accepted: Facebook does not say that an address is verified")
	}
}

func (c *checker) hostedDomains() {
	for _, name := range c.options.HostedDomains {
		if mailDomain("x@"+name) == "" {
			c.bad("HD", "must be domains of Google Workspace such as example.com, separated by commas")
			return
		}
	}
}

func (c *checker) tenants() {
	o := c.options
	if !slices.Contains([]string{"", "common", "organizations", "consumers"}, o.Tenant) && !guidForm.MatchString(o.Tenant) {
		c.bad("TENANT", "must be the tenant's id (a GUID in lower case), common, organizations or consumers")
	}
	for _, tenant := range o.Tenants {
		if !guidForm.MatchString(tenant) {
			c.bad("TENANTS", "must be ids of tenants (GUIDs in lower case), separated by commas")
			break
		}
	}
	if len(o.TrustedDomains) > 0 && len(o.Tenants) == 0 && !guidForm.MatchString(o.Tenant) {
		c.bad("TRUSTED_DOMAINS", "needs MICROSOFT_TENANT or MICROSOFT_TENANTS to say whose tenants: anybody can make one with any address")
	}
}

func (c *checker) appleKey(ids provider.IDTokens) {
	o := c.options
	if o.Apple.TeamID == "" || o.Apple.KeyID == "" || o.Apple.PEM.IsZero() {
		c.errs = append(c.errs, fmt.Errorf("%s_TEAM_ID, %s_KEY_ID and %s_PRIVATE_KEY are required with %s_CLIENT_ID", o.Prefix, o.Prefix, o.Prefix, o.Prefix))
		return
	}
	if _, err := ids.ClientSecret(o.appleKey(), o.ClientID, time.Unix(1, 0)); err != nil {
		c.bad("PRIVATE_KEY", "must be the PEM text of the .p8 file (line ends may be written as \\n): %w", err)
	}
	if !o.ClientSecret.IsZero() {
		c.bad("CLIENT_SECRET", "is not accepted: Apple's is made of %s_PRIVATE_KEY", o.Prefix)
	}
}

func (c *checker) generic() {
	o := c.options
	if strings.Contains(o.URL, "{tenantid}") {
		c.bad("ISSUER", "is a template of Microsoft's: use MICROSOFT_CLIENT_ID and MICROSOFT_TENANT")
		return
	}
	c.address("ISSUER", o.URL)
	if o.DiscoveryURL != "" {
		c.address("DISCOVERY_URL", o.DiscoveryURL)
	}
	if !slices.Contains([]string{"", "auto", "post", "basic"}, o.TokenAuth) {
		c.bad("TOKEN_AUTH", "must be one of auto, post, basic")
	}
	if !slices.Contains([]string{"", "auto", "on", "off"}, o.PKCE) {
		c.bad("PKCE", "must be one of auto, on, off")
	}
	if o.PKCE == "off" && o.ClientSecret.IsZero() {
		c.bad("PKCE", "must not be off without %s_CLIENT_SECRET: nothing would say that a code is ours", o.Prefix)
	}
}

// address takes an https address, in development also an http one.
func (c *checker) address(suffix, text string) {
	if text == "" && suffix != "ISSUER" {
		return
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || !acceptedScheme(u, c.insecure) {
		c.bad(suffix, "must be an address such as https://id.example.com, without query")
	}
}

func acceptedScheme(u *url.URL, insecure bool) bool {
	return u.Scheme == "https" || u.Scheme == "http" && insecure
}

// CheckTestProvider takes a loopback address without a path.
func CheckTestProvider(text string) error {
	bad := fmt.Errorf("OAUTH_TEST_PROVIDER must be a loopback address such as http://127.0.0.1:9090")
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" || u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		return bad
	}
	if ip, err := netip.ParseAddr(u.Hostname()); u.Hostname() != "localhost" && (err != nil || !ip.IsLoopback()) {
		return bad
	}
	return nil
}
