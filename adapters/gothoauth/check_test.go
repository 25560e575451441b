package gothoauth_test

import (
	"strings"
	"testing"

	"github.com/signet-auth/signet/adapters/gothoauth"
	"github.com/signet-auth/signet/adapters/jwtoken"
	"github.com/signet-auth/signet/domain"
)

func TestSettingsThatCannotBeUsed(t *testing.T) {
	w := newWorld(t)
	type options = gothoauth.Options
	google, microsoft, apple, facebook, gitlab := w.options(w.Google), w.options(w.Microsoft), w.options(w.Apple), w.options(w.Facebook), w.options(w.GitLab)
	acme := w.options(w.acme())
	acme.URL = "https://id.example.com"
	gitlab.URL = "https://gitlab.example.com"
	with := func(o options, change func(*options)) options {
		change(&o)
		return o
	}
	for name, row := range map[string]struct {
		options []options
		want    string // what the line begins with, and more of it after a blank; empty: nothing is wrong
	}{
		"all of them":            {[]options{google, microsoft, apple, w.options(w.Discord), w.options(w.GitHub), gitlab, facebook, acme}, ""},
		"a name of a path":       {[]options{with(acme, func(o *options) { o.Name = "exchange" })}, "OIDC_ACME none of"},
		"a name of a provider":   {[]options{with(acme, func(o *options) { o.Name = "google" })}, "OIDC_ACME none of"},
		"a name of a number":     {[]options{with(acme, func(o *options) { o.Name = "1acme" })}, "OIDC_ACME a letter"},
		"a long name":            {[]options{with(acme, func(o *options) { o.Name = strings.Repeat("a", 33) })}, "OIDC_ACME a letter"},
		"an id with a blank":     {[]options{with(google, func(o *options) { o.ClientID = "a b" })}, "GOOGLE_CLIENT_ID without blanks"},
		"no secret":              {[]options{with(google, func(o *options) { o.ClientSecret = domain.Secret{} })}, "GOOGLE_CLIENT_SECRET is required"},
		"a public client":        {[]options{with(acme, func(o *options) { o.ClientSecret = domain.Secret{} })}, ""},
		"public, without PKCE":   {[]options{with(acme, func(o *options) { o.ClientSecret, o.PKCE = domain.Secret{}, "off" })}, "OIDC_ACME_PKCE must not be off"},
		"a scope in quotes":      {[]options{with(acme, func(o *options) { o.Scopes = []string{`"openid`} })}, "OIDC_ACME_SCOPES separated by blanks"},
		"no openid":              {[]options{with(acme, func(o *options) { o.Scopes = []string{"email"} })}, "OIDC_ACME_SCOPES openid"},
		"no oid":                 {[]options{with(microsoft, func(o *options) { o.Scopes = []string{"openid"} })}, "MICROSOFT_SCOPES profile"},
		"two lines of a name":    {[]options{with(acme, func(o *options) { o.DisplayName = "A\nB" })}, "OIDC_ACME_DISPLAY_NAME one line"},
		"all domains":            {[]options{with(acme, func(o *options) { o.TrustedDomains = []string{"*"} })}, "OIDC_ACME_TRUSTED_DOMAINS * is not"},
		"all below a domain":     {[]options{with(acme, func(o *options) { o.TrustedDomains = []string{"*.example.com"} })}, "OIDC_ACME_TRUSTED_DOMAINS * is not"},
		"trust in Facebook":      {[]options{with(facebook, func(o *options) { o.TrustedDomains = []string{"example.com"} })}, "FACEBOOK_TRUSTED_DOMAINS is not accepted"},
		"trust in all tenants":   {[]options{with(microsoft, func(o *options) { o.TrustedDomains = []string{"example.com"} })}, "MICROSOFT_TRUSTED_DOMAINS needs MICROSOFT_TENANT"},
		"a tenant by its domain": {[]options{with(microsoft, func(o *options) { o.Tenant = "example.com" })}, "MICROSOFT_TENANT GUID"},
		"tenants by domains":     {[]options{with(microsoft, func(o *options) { o.Tenants = []string{"example.com"} })}, "MICROSOFT_TENANTS GUIDs"},
		"a hosted domain":        {[]options{with(google, func(o *options) { o.HostedDomains = []string{"not a domain"} })}, "GOOGLE_HD domains"},
		"no key of Apple's":      {[]options{with(apple, func(o *options) { o.Apple.KeyID = "" })}, "APPLE_TEAM_ID, APPLE_KEY_ID"},
		"another key":            {[]options{with(apple, func(o *options) { o.Apple.PEM = domain.NewSecret("hunter2") })}, "APPLE_PRIVATE_KEY .p8"},
		"an issuer by http":      {[]options{with(acme, func(o *options) { o.URL = "http://id.example.com" })}, "OIDC_ACME_ISSUER https"},
		"no issuer":              {[]options{with(acme, func(o *options) { o.URL = "" })}, "OIDC_ACME_ISSUER https"},
		"an issuer with a query": {[]options{with(acme, func(o *options) { o.URL = "https://id.example.com/?a=b" })}, "OIDC_ACME_ISSUER query"},
		"discovery by http":      {[]options{with(acme, func(o *options) { o.DiscoveryURL = "http://id.internal/" })}, "OIDC_ACME_DISCOVERY_URL https"},
		"Microsoft's template":   {[]options{with(acme, func(o *options) { o.URL = "https://login.microsoftonline.com/{tenantid}/v2.0" })}, "OIDC_ACME_ISSUER MICROSOFT_TENANT"},
		"a way of the secret":    {[]options{with(acme, func(o *options) { o.TokenAuth = "private_key_jwt" })}, "OIDC_ACME_TOKEN_AUTH one of"},
		"PKCE":                   {[]options{with(acme, func(o *options) { o.PKCE = "plain" })}, "OIDC_ACME_PKCE one of"},
		"one issuer twice": {[]options{acme, with(acme, func(o *options) {
			o.Name, o.Prefix, o.URL = "b", "OIDC_B", "https://ID.example.com:443/"
		})}, "OIDC_ACME and OIDC_B"},
		"Google twice":             {[]options{google, with(acme, func(o *options) { o.URL = "https://accounts.google.com" })}, "GOOGLE and OIDC_ACME"},
		"Apple by its other name":  {[]options{apple, with(acme, func(o *options) { o.URL = "https://account.apple.com" })}, "APPLE and OIDC_ACME"},
		"GitLab twice":             {[]options{gitlab, with(acme, func(o *options) { o.URL = "https://gitlab.example.com/" })}, "GITLAB and OIDC_ACME"},
		"Microsoft twice":          {[]options{microsoft, with(acme, func(o *options) { o.URL = "https://login.microsoftonline.com/x/v2.0" })}, "OIDC_ACME_ISSUER Microsoft's"},
		"a tenant without the app": {[]options{with(acme, func(o *options) { o.URL = "https://login.microsoftonline.com/x/v2.0" })}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			errs := gothoauth.Check(row.options, jwtoken.IDTokens{}, false)
			if row.want == "" {
				if len(errs) > 0 {
					t.Error(errs)
				}
				return
			}
			if len(errs) != 1 {
				t.Fatalf("%d lines: %v", len(errs), errs)
			}
			line := errs[0].Error()
			begin, rest, _ := strings.Cut(row.want, " ")
			if !strings.HasPrefix(line, begin) || !strings.Contains(line, rest) || strings.Contains(line, "\n") || strings.Contains(line, "hunter2") {
				t.Errorf("%q, want %q", line, row.want)
			}
		})
	}
	for address, ok := range map[string]bool{
		"http://127.0.0.1:9090": true, "http://localhost:9090/": true, "http://[::1]:9090": true, "https://127.0.0.1": false, "http://10.0.0.1": false,
		"http://localhost.example.com": false, "http://127.0.0.1/x": false, "127.0.0.1:9090": false, "http://a@127.0.0.1": false,
	} {
		if err := gothoauth.CheckTestProvider(address); (err == nil) != ok {
			t.Errorf("%s: %v", address, err)
		}
	}
}
