package run

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"

	"github.com/signet-auth/signet/adapters/gothoauth"
	"github.com/signet-auth/signet/adapters/jwtoken"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/provider"
)

// ProviderSettings are what every provider has, under its prefix.
type ProviderSettings struct {
	ClientID       string `env:"CLIENT_ID"` // makes the provider
	Scopes         string `env:"SCOPES"`    // empty: the provider's own
	DisplayName    string `env:"DISPLAY_NAME"`
	SignUp         onOff  `env:"SIGNUP" envDefault:"on"`
	TrustedDomains list   `env:"TRUSTED_DOMAINS"`
	EmailVerified  string `env:"EMAIL_VERIFIED" envDefault:"claim"`
}

// SecretSetting is what all have but Apple.
type SecretSetting struct {
	ClientSecret domain.Secret `env:"CLIENT_SECRET"`
}

type plainProvider struct {
	ProviderSettings
	SecretSetting
}

type googleProvider struct {
	ProviderSettings
	SecretSetting

	HostedDomains list `env:"HD"`
}

type microsoftProvider struct {
	ProviderSettings
	SecretSetting

	Tenant  string `env:"TENANT" envDefault:"common"`
	Tenants list   `env:"TENANTS"`
}

type appleProvider struct {
	ProviderSettings

	TeamID     string        `env:"TEAM_ID"`
	KeyID      string        `env:"KEY_ID"`
	PrivateKey domain.Secret `env:"PRIVATE_KEY"`
}

type githubProvider struct {
	ProviderSettings
	SecretSetting

	URL string `env:"URL" envDefault:"https://github.com"`
}

type gitlabProvider struct {
	ProviderSettings
	SecretSetting

	URL string `env:"URL" envDefault:"https://gitlab.com"`
}

type genericProvider struct {
	ProviderSettings
	SecretSetting

	Issuer       string `env:"ISSUER"`
	DiscoveryURL string `env:"DISCOVERY_URL"`
	TokenAuth    string `env:"TOKEN_AUTH" envDefault:"auto"`
	PKCE         string `env:"PKCE" envDefault:"auto"`

	prefix string
}

// providersConfig are the providers by which people log in, each field under its prefix.
type providersConfig struct {
	Google    googleProvider    `envPrefix:"GOOGLE_"`
	Microsoft microsoftProvider `envPrefix:"MICROSOFT_"`
	Apple     appleProvider     `envPrefix:"APPLE_"`
	Discord   plainProvider     `envPrefix:"DISCORD_"`
	GitHub    githubProvider    `envPrefix:"GITHUB_"`
	GitLab    gitlabProvider    `envPrefix:"GITLAB_"`
	Facebook  plainProvider     `envPrefix:"FACEBOOK_"`
	// Generic are any number of OpenID providers, under OIDC_<NAME>_.
	Generic []genericProvider `env:"-"`

	// warnings are for the log of the start.
	warnings []string
}

// parse reads the settings of all providers from a resolved environment.
func (p *providersConfig) parse(values map[string]string) error {
	var errs []error
	into := func(target any, prefix string) {
		err := env.ParseWithOptions(target, env.Options{Environment: values, Prefix: prefix, FuncMap: secretParser})
		if err != nil {
			errs = append(errs, parseErrors(err, prefix, reflect.TypeOf(target).Elem(), values))
		}
	}
	config := reflect.ValueOf(p).Elem()
	for i, field := range slices.Collect(config.Type().Fields()) {
		if prefix := field.Tag.Get("envPrefix"); prefix != "" {
			into(config.Field(i).Addr().Interface(), prefix)
		}
	}
	for _, prefix := range genericPrefixes(values) {
		generic := genericProvider{prefix: prefix}
		into(&generic, prefix+"_")
		p.Generic = append(p.Generic, generic)
	}
	p.warnings = providerWarnings(values)
	return errors.Join(errs...)
}

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

// flags are the values of EMAIL_VERIFIED by their settings.
func (p *providersConfig) flags() map[string]string {
	flags := map[string]string{
		"GOOGLE": p.Google.EmailVerified, "MICROSOFT": p.Microsoft.EmailVerified, "APPLE": p.Apple.EmailVerified,
		"DISCORD": p.Discord.EmailVerified, "GITHUB": p.GitHub.EmailVerified, "GITLAB": p.GitLab.EmailVerified,
		"FACEBOOK": p.Facebook.EmailVerified,
	}
	for _, g := range p.Generic {
		flags[g.prefix] = g.EmailVerified
	}
	return flags
}

// checkProviders finds what can't be used among the settings of providers, or with them.
func (c *Config) checkProviders() []error {
	options := c.Providers.options()
	errs := gothoauth.Check(options, jwtoken.IDTokens{}, c.isDevelopment())
	for prefix, flag := range c.Providers.flags() {
		if flag != "claim" && flag != "ignore" {
			errs = append(errs, fmt.Errorf("%s_EMAIL_VERIFIED must be one of claim, ignore", prefix))
		}
	}
	// A callback that takes longer is cut off with the code burnt: the answer has 30 s, of which the twin's wait and the database take some.
	if c.OAuthTimeout < duration(time.Second) || c.OAuthTimeout > duration(20*time.Second) {
		errs = append(errs, errors.New("OAUTH_TIMEOUT must be from 1s to 20s: people wait for it"))
	}
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

// openProviders makes the providers and says in the log what must be registered there.
func (c *Config) openProviders(ctx context.Context, publicURL string, log *slog.Logger) (*gothoauth.Providers, error) {
	for _, warning := range c.Providers.warnings {
		log.WarnContext(ctx, "a setting has no effect", "warning", warning)
	}
	providers, err := gothoauth.New(gothoauth.Settings{
		PublicURL: publicURL, Version: Version(), Timeout: time.Duration(c.OAuthTimeout), Insecure: c.isDevelopment(),
		TestProvider: c.OAuthTestProvider, IDTokens: jwtoken.IDTokens{}, Now: c.System.Now, Sleep: c.System.Sleep, Log: log,
	}, c.Providers.options())
	if err != nil {
		return nil, err
	}
	for _, p := range providers.List() {
		info := p.Info()
		log.InfoContext(ctx, "people may log in by a provider", "name", info.Name, "issuer", info.Issuer, "callback", info.Callback)
	}
	return providers, nil
}
