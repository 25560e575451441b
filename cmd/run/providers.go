package run

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/signet-auth/signet/adapters/gothoauth"
	"github.com/signet-auth/signet/adapters/jwtoken"
	"github.com/signet-auth/signet/ports/provider"
)

// options are those that have a client id, in a fixed order.
func (p *providersConfig) options() []gothoauth.Options {
	var all []gothoauth.Options
	add := func(kind gothoauth.Kind, prefix string, s ProviderSettings, secret SecretSetting, more func(*gothoauth.Options)) {
		if s.ClientID == "" {
			return
		}
		name, generic := strings.CutPrefix(prefix, "OIDC_")
		o := gothoauth.Options{
			Kind: kind, Prefix: prefix, Name: strings.ToLower(name), ClientID: s.ClientID, ClientSecret: secret.ClientSecret,
			Scopes: strings.Fields(s.Scopes), DisplayName: s.DisplayName, SignUp: bool(s.SignUp), TrustedDomains: s.TrustedDomains,
			IgnoreVerified: s.EmailVerified == "ignore",
		}
		if generic {
			o.Name = strings.ReplaceAll(o.Name, "_", "-")
		}
		if more != nil {
			more(&o)
		}
		all = append(all, o)
	}
	add(gothoauth.Google, "GOOGLE", p.Google.ProviderSettings, p.Google.SecretSetting, func(o *gothoauth.Options) {
		o.HostedDomains = p.Google.HostedDomains
	})
	add(gothoauth.Microsoft, "MICROSOFT", p.Microsoft.ProviderSettings, p.Microsoft.SecretSetting, func(o *gothoauth.Options) {
		o.Tenant, o.Tenants = strings.ToLower(p.Microsoft.Tenant), lowered(p.Microsoft.Tenants)
	})
	add(gothoauth.Apple, "APPLE", p.Apple.ProviderSettings, SecretSetting{}, func(o *gothoauth.Options) {
		o.Apple = provider.AppleKey{TeamID: p.Apple.TeamID, KeyID: p.Apple.KeyID, PEM: p.Apple.PrivateKey}
	})
	add(gothoauth.Discord, "DISCORD", p.Discord.ProviderSettings, p.Discord.SecretSetting, nil)
	add(gothoauth.GitHub, "GITHUB", p.GitHub.ProviderSettings, p.GitHub.SecretSetting, func(o *gothoauth.Options) { o.URL = p.GitHub.URL })
	add(gothoauth.GitLab, "GITLAB", p.GitLab.ProviderSettings, p.GitLab.SecretSetting, func(o *gothoauth.Options) { o.URL = p.GitLab.URL })
	add(gothoauth.Facebook, "FACEBOOK", p.Facebook.ProviderSettings, p.Facebook.SecretSetting, nil)
	for _, g := range p.Generic {
		add(gothoauth.OIDC, g.prefix, g.ProviderSettings, g.SecretSetting, func(o *gothoauth.Options) {
			o.URL, o.DiscoveryURL, o.TokenAuth, o.PKCE = g.Issuer, g.DiscoveryURL, g.TokenAuth, g.PKCE
		})
	}
	return all
}

func lowered(texts list) []string {
	var lower []string
	for _, text := range texts {
		lower = append(lower, strings.ToLower(text))
	}
	return lower
}

// checkProviders finds what can't be used among the settings of providers, or with them.
func (c *Config) checkProviders() []error {
	options := c.Providers.options()
	errs := gothoauth.Check(options, jwtoken.IDTokens{}, c.isDevelopment())
	if c.OAuthTestProvider != "" {
		if !c.isDevelopment() {
			errs = append(errs, errors.New("OAUTH_TEST_PROVIDER is for tests: it is refused in production"))
		} else if err := gothoauth.CheckTestProvider(c.OAuthTestProvider); err != nil {
			errs = append(errs, err)
		}
	}
	if len(options) > 0 && c.PublicURL != "" && !hasScheme(c.PublicURL, "https") && !isLoopback(c.PublicURL) {
		errs = append(errs, errors.New("PUBLIC_URL must be https with providers, or http on localhost: a login over http can be taken over"))
	}
	return errs
}

// isLoopback tells whether an address is of this machine.
func isLoopback(address string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(u.Hostname())
	return u.Hostname() == "localhost" || err == nil && ip.IsLoopback()
}

func (c *Config) providers(publicURL string, log *slog.Logger) (*gothoauth.Providers, error) {
	return gothoauth.New(gothoauth.Settings{
		PublicURL: publicURL, Version: Version(), Timeout: time.Duration(c.OAuthTimeout), Insecure: c.isDevelopment(),
		TestProvider: c.OAuthTestProvider, IDTokens: jwtoken.IDTokens{}, Now: c.System.Now, Sleep: c.System.Sleep, Log: log,
	}, c.Providers.options())
}

// openProviders makes the providers and says in the log what must be registered there.
func (c *Config) openProviders(ctx context.Context, publicURL string, log *slog.Logger) (*gothoauth.Providers, error) {
	for _, warning := range c.Providers.warnings {
		log.WarnContext(ctx, "a setting has no effect", "warning", warning)
	}
	providers, err := c.providers(publicURL, log)
	if err != nil {
		return nil, err
	}
	for _, p := range providers.List() {
		info := p.Info()
		log.InfoContext(ctx, "people may log in by a provider", "name", info.Name, "issuer", info.Issuer, "callback", info.Callback)
	}
	return providers, nil
}
