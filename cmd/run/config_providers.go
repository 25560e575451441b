package run

import (
	"slices"
	"time"

	"github.com/signet-auth/signet/domain"
)

// loginSettings are about login through providers.
type loginSettings struct {
	Providers         providersConfig
	Redirects         list
	RedirectDefault   string
	OAuthFlowTTL      duration
	OAuthCodeTTL      duration
	OAuthContinueTTL  duration
	OAuthTimeout      duration
	OAuthTestProvider string
}

func (l *loginSettings) groups() []group {
	own := group{check: l.check, settings: []setting{
		{
			name: "REDIRECT_ALLOWLIST", into: &l.Redirects, empty: "in development every address of this machine",
			text: "Where a login may send the browser back to, with commas between: exact scheme, host and port, and the path or one below it " +
				"(https://app.example.com/login); com.example.app:/login for a native app; http://127.0.0.1/login for any port of this machine. " +
				"Without any, development takes every address of this machine",
		},
		{
			name: "REDIRECT_DEFAULT", into: &l.RedirectDefault, empty: "a small page",
			text: "Where a browser goes, with an error, whose login is not known any more. None: it gets a small page",
		},
		{
			name: "OAUTH_FLOW_TTL", into: &l.OAuthFlowTTL, preset: "10m", limit: upTo(time.Hour, ", which browsers keep the attempt for"),
			text: "From the click to the provider's answer (the browser keeps its cookie for an hour)",
		},
		{
			name: "OAUTH_CODE_TTL", into: &l.OAuthCodeTTL, preset: "60s", text: "From the provider's answer to the exchange of the code",
			limit: upTo(10*time.Minute, " (RFC 6749): an application exchanges the code at once"),
		},
		{
			name: "OAUTH_CONTINUATION_TTL", into: &l.OAuthContinueTTL, preset: "30m", text: "For a person who must log in or prove an address first",
			limit: upTo(24*time.Hour, ": what a provider said goes stale"),
		},
		{name: "OAUTH_TIMEOUT", into: &l.OAuthTimeout, preset: "10s", text: "How long all calls to a provider within one login may take", limit: oauthTimeout},
		{
			name: "OAUTH_TEST_PROVIDER", into: &l.OAuthTestProvider,
			text: "A server that plays the providers, for tests: http://127.0.0.1:9090. In development only",
		},
	}}
	return append(l.Providers.groups(), own)
}

// oauthTimeout: a callback that takes longer is cut off with the code burnt. The answer has 30 s, of which the twin's wait and the database
// take some.
var oauthTimeout = times("from 1s to 20s: people wait for it", func(d time.Duration) bool { return d >= time.Second && d <= 20*time.Second })

func (l *loginSettings) check(bad func(ok bool, format string, args ...any)) {
	_, err := domain.ParseRedirectAllowlist(l.Redirects, false)
	bad(err == nil, "REDIRECT_ALLOWLIST: %w", err)
	_, err = l.redirectDefault()
	bad(err == nil, "REDIRECT_DEFAULT: %w", err)
}

// ProviderSettings are what every provider has, under its prefix.
type ProviderSettings struct {
	ClientID       string
	Scopes         string
	DisplayName    string
	SignUp         onOff
	TrustedDomains list
	EmailVerified  string
}

// SecretSetting is what all have but Apple.
type SecretSetting struct{ ClientSecret domain.Secret }

type plainProvider struct {
	ProviderSettings
	SecretSetting
}

type googleProvider struct {
	plainProvider

	HostedDomains list
}

type microsoftProvider struct {
	plainProvider

	Tenant  string
	Tenants list
}

type appleProvider struct {
	ProviderSettings

	TeamID     string
	KeyID      string
	PrivateKey domain.Secret
}

// hostedProvider is one that companies also run themselves.
type hostedProvider struct {
	plainProvider

	URL string
}

type genericProvider struct {
	plainProvider

	Issuer       string
	DiscoveryURL string
	TokenAuth    string
	PKCE         string

	prefix string
}

// providersConfig are the providers by which people log in, each under its prefix.
type providersConfig struct {
	Google    googleProvider
	Microsoft microsoftProvider
	Apple     appleProvider
	Discord   plainProvider
	GitHub    hostedProvider
	GitLab    hostedProvider
	Facebook  plainProvider
	// Generic are any number of OpenID providers, under OIDC_<NAME>_.
	Generic []genericProvider

	// warnings are for the log of the start.
	warnings []string
}

// sampleProvider is what the provider is called that the documentation speaks of.
const sampleProvider = "OIDC_ACME"

// under puts a provider's name before those of its settings.
func under(prefix string, settings ...setting) []setting {
	for i := range settings {
		settings[i].name = prefix + "_" + settings[i].name
	}
	return settings
}

func (s *ProviderSettings) client() setting {
	return setting{name: "CLIENT_ID", into: &s.ClientID, common: true, text: "what the provider calls Signet; it makes the provider"}
}

// rest are those behind its own.
func (s *ProviderSettings) rest() []setting {
	return []setting{
		{name: "SCOPES", into: &s.Scopes, common: true, empty: "what is needed", text: "sent as written, separated by blanks; empty: what is needed"},
		{name: "DISPLAY_NAME", into: &s.DisplayName, common: true, empty: "the provider's name", text: "for buttons; empty: the provider's name"},
		{name: "SIGNUP", into: &s.SignUp, common: true, preset: "on", text: "off: nobody gets an account by it, only those who have one log in"},
		{
			name: "TRUSTED_DOMAINS", into: &s.TrustedDomains, common: true,
			text: "mail domains for which its word is enough to log in to an account with that address: those of a company's own issuer, where nobody " +
				"writes their own address. Not for Facebook; for Microsoft with tenants that are named",
		},
		{
			name: "EMAIL_VERIFIED", into: &s.EmailVerified, common: true, preset: "claim", words: []string{"claim", "ignore"},
			text: "claim: believe it when it says that an address was proved; ignore: where customers or users write that",
		},
	}
}

func (p *plainProvider) settings(own ...setting) []setting {
	secret := setting{name: "CLIENT_SECRET", into: &p.ClientSecret, secret: true, common: true, text: "Signet's password there; Apple has a key instead"}
	return slices.Concat([]setting{p.client(), secret}, own, p.rest())
}

func (a *appleProvider) settings() []setting {
	own := []setting{
		{name: "TEAM_ID", into: &a.TeamID, text: "The team's id, ten characters"},
		{name: "KEY_ID", into: &a.KeyID, text: "The id of the key below"},
		{name: "PRIVATE_KEY", into: &a.PrivateKey, secret: true, text: `The text of the .p8 file, line ends also as \n`},
	}
	return slices.Concat([]setting{a.client()}, own, a.rest())
}

func (g *genericProvider) settings() []setting {
	return g.plainProvider.settings(
		setting{name: "ISSUER", into: &g.Issuer, text: "Its issuer, letter for letter: https://id.example.com"},
		setting{name: "DISCOVERY_URL", into: &g.DiscoveryURL, text: "Where its metadata is read when the issuer has another name inside the network"},
		setting{name: "TOKEN_AUTH", into: &g.TokenAuth, preset: "auto", words: []string{"auto", "post", "basic"}, text: "How the secret goes to it: auto (post where listed, else basic), post or basic"},
		setting{name: "PKCE", into: &g.PKCE, preset: "auto", words: []string{"auto", "on", "off"}, text: "auto: sent unless its metadata says that it is not known there; on or off"},
	)
}

func (p *providersConfig) groups() []group {
	all := []group{
		{
			title: "Login through providers",
			note: "<P>_CLIENT_ID makes a provider. Register there, letter for letter: PUBLIC_URL/api/oauth/<name>/callback (docs/providers.md; the log of the " +
				"start shows it)",
		},
		{
			note: "Type Web; publish the consent screen, else only test users get in",
			settings: under("GOOGLE", p.Google.settings(setting{
				name: "HD", into: &p.Google.HostedDomains, text: "Only accounts of these Workspaces: example.com,example.org",
			})...),
		},
		{
			note: "Platform Web, not SPA; the secret's value, not its id; optional claims email and xms_edov (without: people are asked to prove an address)",
			settings: under("MICROSOFT", p.Microsoft.settings(
				setting{name: "TENANT", into: &p.Microsoft.Tenant, preset: "common", text: "A tenant's id (GUID), common, organizations or consumers"},
				setting{name: "TENANTS", into: &p.Microsoft.Tenants, text: "Only accounts of these tenants (GUIDs)"},
			)...),
		},
		{
			note:     "The Services ID, with its return URL (https, not localhost) and mail sources; mail reaches hidden addresses from registered senders only",
			settings: under("APPLE", p.Apple.settings()...),
		},
		{settings: under("DISCORD", p.Discord.settings()...)},
		{
			note: `An OAuth App, or a GitHub App with "Email addresses: read"`,
			settings: under("GITHUB", p.GitHub.settings(setting{
				name: "URL", into: &p.GitHub.URL, preset: "https://github.com", text: "Where GitHub is; or an Enterprise Server",
			})...),
		},
		{
			note: "A confidential application with the scopes openid, profile and email",
			settings: under("GITLAB", p.GitLab.settings(setting{
				name: "URL", into: &p.GitLab.URL, preset: "https://gitlab.com", text: "Where GitLab is; or your own",
			})...),
		},
		{
			note:     "Strict mode for redirect URIs; the app must be live. It says of no address that it was proved: people are asked to prove one",
			settings: under("FACEBOOK", p.Facebook.settings()...),
		},
	}
	note := "Any number of OpenID providers with discovery: Keycloak, Entra External ID, Okta, Auth0, Cognito, Zitadel, … The name is yours: OIDC_ACME_ " +
		`makes "acme", OIDC_MY_COMPANY_ makes "my-company". Without a secret the client is public, which needs S256`
	for i := range p.Generic {
		g := &p.Generic[i]
		all = append(all, group{note: note, settings: under(g.prefix, g.settings()...), sample: true})
	}
	return all
}
