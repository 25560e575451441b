package run

import (
	"cmp"
	"errors"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/publicsuffix"

	"github.com/signet-auth/signet/domain"
)

// factorSettings are about second factors and passkeys.
type factorSettings struct {
	MFA           string
	MFAPlatform   string
	TrustedDevice duration
	FactorUndo    duration
	RPID          string
	RPIDForce     onOff
	WebAuthnSites list
}

func (f *factorSettings) group() group {
	return group{title: "Second factors and passkeys", settings: []setting{
		{
			name: "MFA", into: &f.MFA, preset: "optional", words: []string{"optional", "required"},
			text: "Second factors: optional, or required of everybody. Those without one can still sign in, to add one and for little else",
		},
		{
			name: "MFA_PLATFORM", into: &f.MFAPlatform, preset: "aal1", words: []string{"aal1", "aal2", "phr"},
			text: "From which level on roles of Signet itself count, all but user: aal1 is any login, aal2 one with a second factor, phr one with a passkey or security key. Let administrators add a factor before you raise it: signet doctor lists those without",
		},
		{
			name: "TRUSTED_DEVICE", into: &f.TrustedDevice, preset: "30d", limit: times("at most 365d, or 0 for no remembered devices", func(d time.Duration) bool { return d <= 365*24*time.Hour }),
			text: "How long people are not asked for their second factor on a device that they chose to have remembered. Their sessions there have proved no factor. 0: it is always asked for, on every device",
		},
		{
			name: "FACTOR_UNDO", into: &f.FactorUndo, preset: "72h", limit: times("at most 30d, or 0 for no link", func(d time.Duration) bool { return d <= 30*24*time.Hour }),
			text: "How long the mail about a first second factor can undo it: so long the mailbox alone is enough. 0: never. Holders of roles of Signet get no link",
		},
		{
			name: "WEBAUTHN_RP_ID", into: &f.RPID, limit: form("a domain, without scheme and port"), empty: "the host of PUBLIC_URL",
			text: "The domain that passkeys and security keys are bound to: the host of PUBLIC_URL, or a parent of it. Kept while there are keys",
		},
		{
			name: "WEBAUTHN_RP_ID_FORCE", into: &f.RPIDForce, preset: "off",
			text: "Accept another domain although there are passkeys and security keys: they don't work until it is set back",
		},
		{
			name: "WEBAUTHN_ORIGINS", into: &f.WebAuthnSites,
			text: "Further origins where passkeys and security keys may be used, beside that of PUBLIC_URL: https://app.example.com, " +
				"or android:apk-key-hash:HASH of a native app. In development also pages of localhost: http://localhost:3000",
		},
	}}
}

// platformLevel is the level from which roles of the platform count.
func (f *factorSettings) platformLevel() domain.Level {
	level, _ := domain.ParseLevel(f.MFAPlatform)
	return level
}

const (
	appOrigin = "android:apk-key-hash:"
	// relatedSites is how many names of sites browsers look at in /.well-known/webauthn (WebAuthn Level 3 §5.11.1).
	relatedSites = 5
)

// relying is the WebAuthn relying party of a deployment.
type relying struct {
	id      string
	off     string   // why there are no passkeys; empty: there are
	origins []string // where its credentials may be used
	related []string // those of other sites, which the domain has to vouch for
	vouch   string   // where it does, if that is not below PUBLIC_URL; else empty
}

// nameOfServer is an address of the server by which browsers know it, before it listens: the port is no part of a relying party.
func (c *Config) nameOfServer() string { return cmp.Or(c.PublicURL, "http://localhost") }

// relying finds the relying party. publicURL is the address of the server.
func (c *Config) relying(publicURL string) (relying, error) {
	u, err := url.Parse(publicURL)
	if err != nil {
		return relying{}, err
	}
	host := strings.ToLower(u.Hostname())
	r := relying{id: host, origins: []string{u.Scheme + "://" + strings.ToLower(u.Host)}}
	if c.RPID != "" {
		r.id = c.RPID
	}
	address, isAddress := netip.ParseAddr(host)
	switch {
	case isAddress == nil && address.IsLoopback():
		r.off = "browsers know no passkeys of an address. Use http://localhost in the place of " + host
	case isAddress == nil:
		r.off = "browsers know no passkeys of an address, and PUBLIC_URL is one"
	case u.Scheme != "https" && host != "localhost":
		r.off = "browsers know no passkeys without TLS, and PUBLIC_URL has none"
	case r.id != host && !strings.HasSuffix(host, "."+r.id):
		return relying{}, errors.New("WEBAUTHN_RP_ID must be the host of PUBLIC_URL, or a parent of it")
	}
	if r.off != "" {
		return relying{off: r.off}, nil
	}
	names := map[string]bool{}
	for _, origin := range c.WebAuthnSites {
		if !c.isWebAuthnOrigin(origin) {
			return relying{}, errors.New("WEBAUTHN_ORIGINS must be exact origins such as https://app.example.com, without path and default port, or android:apk-key-hash: " +
				"and the hash of the app's certificate; in development also http://localhost:PORT")
		}
		r.origins = append(r.origins, origin)
		site, err := url.Parse(origin)
		if err != nil || strings.HasPrefix(origin, appOrigin) || site.Hostname() == r.id || strings.HasSuffix(site.Hostname(), "."+r.id) {
			continue
		}
		registrable, err := publicsuffix.EffectiveTLDPlusOne(site.Hostname())
		if err != nil {
			return relying{}, errors.New("WEBAUTHN_ORIGINS has an origin without a domain that can be registered: browsers accept none of those")
		}
		label, _, _ := strings.Cut(registrable, ".")
		names[label] = true
		r.related = append(r.related, origin)
	}
	if len(names) > relatedSites {
		return relying{}, errors.New("WEBAUTHN_ORIGINS has sites of more than five names, and browsers look at five")
	}
	if len(r.related) > 0 && (r.id != host || strings.Trim(u.Path, "/") != "" || u.Port() != "") {
		r.vouch = "https://" + r.id + "/.well-known/webauthn"
	}
	slices.Sort(r.related)
	return r, nil
}

func (c *Config) isWebAuthnOrigin(origin string) bool {
	if hash, isApp := strings.CutPrefix(origin, appOrigin); isApp {
		return len(hash) == 43 // SHA-256 in base64url
	}
	return isOrigin(origin) && (hasScheme(origin, "https") || c.isDevelopment() && strings.HasPrefix(origin+":", "http://localhost:"))
}
