package gothoauth

import (
	"context"
	"log/slog"
	"time"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/provider"
)

// Kind is which dialect a provider speaks.
type Kind string

// The kinds.
const (
	Google    Kind = "google"
	Microsoft Kind = "microsoft"
	Apple     Kind = "apple"
	Discord   Kind = "discord"
	GitHub    Kind = "github"
	GitLab    Kind = "gitlab"
	Facebook  Kind = "facebook"
	OIDC      Kind = "oidc" // any OpenID provider with discovery
)

// BuiltIn are the providers that have a name of their own, which is the prefix of their settings too.
var BuiltIn = []Kind{Google, Microsoft, Apple, Discord, GitHub, GitLab, Facebook}

// Settings are what all providers share.
type Settings struct {
	// PublicURL is the URL below which the callbacks are.
	PublicURL string
	// Version is sent to providers in the User-Agent.
	Version string
	// Timeout bounds all calls of one callback together.
	Timeout time.Duration
	// Insecure allows http, for development.
	Insecure bool
	// TestProvider, when set, replaces the built-in providers' addresses: each host becomes the first segment of its path.
	TestProvider string

	IDTokens provider.IDTokens
	Now      func() time.Time
	Sleep    func(ctx context.Context, d time.Duration) error
	Log      *slog.Logger
}

// Options are one provider's settings. Prefix is what their names begin with (GOOGLE, OIDC_ACME), for texts to operators.
type Options struct {
	Kind   Kind
	Name   string // in paths
	Prefix string

	ClientID     string
	ClientSecret domain.Secret
	Scopes       []string // none: the kind's own
	DisplayName  string   // empty: the kind's own
	SignUp       bool
	// TrustedDomains are mail domains for which the provider's word is as good as a mail of ours.
	TrustedDomains []string
	// IgnoreVerified ignores the provider's flag for verified addresses.
	IgnoreVerified bool

	HostedDomains []string // of Google: its GOOGLE_HD

	Tenant  string   // of Microsoft: a GUID, common, organizations or consumers; empty is common
	Tenants []string // of Microsoft: the only ones that may, all when empty

	Apple provider.AppleKey // Apple's instead of a client secret

	// URL is where GitHub or GitLab is, or the issuer of an OpenID provider.
	URL          string
	DiscoveryURL string // where its metadata is read when not below the issuer
	TokenAuth    string // auto, post or basic; empty is auto
	PKCE         string // auto, on or off; empty is auto
}
