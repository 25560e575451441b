package echohttp

import (
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"github.com/signet-auth/signet/domain"
)

// cookies knows the refresh token's cookie, and when one that a browser sent counts.
type cookies struct {
	name     string
	secure   bool // the public URL is https
	sameSite http.SameSite
	origin   string // our own, of PublicURL
	cors     *cors
}

// newCookies reads the public URL. None means development, on a loopback host, where the listener knows the origin later.
func newCookies(publicURL string, sameSite http.SameSite, cors *cors) (*cookies, error) {
	u, err := url.Parse(publicURL)
	if err != nil || publicURL != "" && (u.Scheme != "https" && u.Scheme != "http" || u.Host == "") {
		return nil, errors.New("the public URL must be an absolute http or https URL")
	}
	c := &cookies{name: "__Secure-signet_rt", secure: u.Scheme == "https", sameSite: http.SameSiteStrictMode, cors: cors}
	if sameSite == http.SameSiteNoneMode {
		if !c.secure {
			return nil, errors.New("a cookie with SameSite=None needs a public URL with https: browsers drop it otherwise")
		}
		c.sameSite = sameSite
	}
	if publicURL != "" {
		c.origin = originOf(u)
	}
	if publicURL == "" || u.Scheme == "http" && isLoopbackHost(u.Hostname()) {
		c.name = "signet_rt" // browsers keep no __Secure- cookie that came over http
	}
	return c, nil
}

func isLoopbackHost(host string) bool {
	if host == "localhost" {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLoopback()
}

// reachedAt completes the origin where no public URL names it: there, in development, it is the listener's port on localhost.
func (c *cookies) reachedAt(addr net.Addr) {
	if _, port, err := net.SplitHostPort(addr.String()); err == nil && c.origin == "" {
		c.origin = "http://localhost:" + port
	}
}

// keep makes the cookie that keeps a refresh token from scripts (HttpOnly) and, unless the front end lives on another site,
// from other sites (SameSite=Strict).
func (c *cookies) keep(token domain.Secret, until time.Time) *http.Cookie {
	return &http.Cookie{ //nolint:gosec // without Secure only where PUBLIC_URL is http on loopback
		Name: c.name, Value: token.Reveal(), Path: "/api/auth", Expires: until,
		HttpOnly: true, Secure: c.name != "signet_rt", SameSite: c.sameSite,
	}
}

// drop makes the cookie that deletes it.
func (c *cookies) drop() *http.Cookie {
	cookie := c.keep(domain.Secret{}, time.Time{}) //nolint:gosec // as above
	cookie.MaxAge = -1
	return cookie
}

// allows tells whether the Origin header names a page that may have the cookie: ours, or one of the allow-list by name.
func (c *cookies) allows(origins []string) bool {
	return len(origins) == 1 && origins[0] != "" && (origins[0] == c.origin || c.cors.lists(origins[0]))
}

var (
	errCookieUnproved  = domain.ErrForbidden.Saying("A request with the session cookie needs the header X-Signet: 1 and an allowed Origin")
	errCookieElsewhere = domain.ErrForbidden.Saying("Pages of this origin get no session cookie: CORS_ORIGINS must name it")
)

// Cookie is the refresh token that the browser sent, zero when it sent none. It counts only with an Origin of ours or of the
// allow-list and a header that a page of another origin can't set without asking (UI-2); otherwise domain.ErrForbidden,
// because the browser may have been made to send it. Two of the name are refused too: one of them somebody else has set, from
// another host of the same site.
func (c Caller) Cookie() (domain.Secret, error) {
	sent := c.request.CookiesNamed(c.cookies.name)
	if len(sent) == 0 || sent[0].Value == "" {
		return domain.Secret{}, nil
	}
	marks := c.request.Header["X-Signet"]
	if len(sent) != 1 || len(marks) != 1 || marks[0] != "1" || !c.cookies.allows(c.request.Header["Origin"]) {
		return domain.Secret{}, errCookieUnproved
	}
	return domain.NewSecret(sent[0].Value), nil
}

// MayKeepCookie refuses to begin a session by cookie for a page that could not use it. Browsers ask before they send JSON from
// another origin, so such a request is either a mistake or an attempt to log somebody in as the attacker (login CSRF); the
// answer's Set-Cookie would take effect even where the page may not read the answer. No Origin is no browser's page.
func (c Caller) MayKeepCookie() error {
	if origins := c.request.Header["Origin"]; len(origins) > 0 && !c.cookies.allows(origins) {
		return errCookieElsewhere
	}
	return nil
}
