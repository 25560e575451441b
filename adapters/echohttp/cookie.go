package echohttp

import (
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/signet-auth/signet/domain"
)

// cookies makes the cookies of the refresh token and of a remembered device, and decides whether those that a browser sent count.
type cookies struct {
	name       string
	deviceName string
	path       string // below that of the public URL
	secure     bool   // the public URL is https
	sameSite   http.SameSite
	origin     string // our own, of PublicURL
	cors       *cors
}

// newCookies reads the public URL. None means development, on a loopback host, where the listener knows the origin later.
func newCookies(publicURL string, sameSite http.SameSite, cors *cors) (*cookies, error) {
	u, err := url.Parse(publicURL)
	if err != nil || publicURL != "" && (u.Scheme != "https" && u.Scheme != "http" || u.Host == "") {
		return nil, errors.New("the public URL must be an absolute http or https URL")
	}
	c := &cookies{
		name: "__Secure-signet_rt", deviceName: "__Secure-signet_dv", path: basePath(u) + "/api/auth", secure: u.Scheme == "https",
		sameSite: http.SameSiteStrictMode, cors: cors,
	}
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
		c.name, c.deviceName = "signet_rt", "signet_dv" // browsers keep no __Secure- cookie that came over http
	}
	return c, nil
}

// basePath is the path below which all routes are, empty at the root.
func basePath(public *url.URL) string { return strings.TrimRight(public.EscapedPath(), "/") }

func isLoopbackHost(host string) bool {
	if host == "localhost" {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLoopback()
}

// reachedAt completes the origin if there is no public URL: then, in development, it is localhost with the listener's port.
func (c *cookies) reachedAt(addr net.Addr) {
	if _, port, err := net.SplitHostPort(addr.String()); err == nil && c.origin == "" {
		c.origin = "http://localhost:" + port
	}
}

// refresh makes the cookie of a refresh token. Scripts can't read it (HttpOnly), and other sites can't have it sent
// (SameSite=Strict) unless the front end lives on another site.
func (c *cookies) refresh(token domain.Secret, until time.Time) *http.Cookie {
	return &http.Cookie{ //nolint:gosec // without Secure only where PUBLIC_URL is http on loopback
		Name: c.name, Value: token.Reveal(), Path: c.path, Expires: until,
		HttpOnly: true, Secure: c.name != "signet_rt", SameSite: c.sameSite,
	}
}

// cleared makes the cookie that deletes the one of the refresh token.
func (c *cookies) cleared() *http.Cookie {
	cookie := c.refresh(domain.Secret{}, time.Time{}) //nolint:gosec // as above
	cookie.MaxAge = -1
	return cookie
}

// allows tells whether the Origin header names a page that may use the cookie: ours, or one that the allow-list names.
func (c *cookies) allows(r *http.Request) bool {
	origins := r.Header["Origin"]
	return len(origins) == 1 && origins[0] != "" && (origins[0] == c.origin || c.cors.lists(origins[0], r))
}

var (
	errCookieUnproved  = domain.ErrForbidden.Saying("A request with the session cookie needs the header X-Signet: 1 and an allowed Origin")
	errCookieElsewhere = domain.ErrForbidden.Saying("Pages of this origin get no session cookie: CORS_ORIGINS must name it")
)

// RefreshCookie is the refresh token that the browser sent, zero when it sent none. It counts only with an Origin of ours or of the
// allow-list and a header that a page of another origin can't set without asking (UI-2). Otherwise the error is domain.ErrForbidden,
// because another page may have made the browser send it. Two cookies of the name are refused too: another host of the same site has set
// one of them.
func (c Caller) RefreshCookie() (domain.Secret, error) {
	sent := c.request.CookiesNamed(c.cookies.name)
	if len(sent) == 0 || sent[0].Value == "" {
		return domain.Secret{}, nil
	}
	marks := c.request.Header["X-Signet"]
	if len(sent) != 1 || len(marks) != 1 || marks[0] != "1" || !c.cookies.allows(c.request) {
		return domain.Secret{}, errCookieUnproved
	}
	return domain.NewSecret(sent[0].Value), nil
}

// CheckCookieOrigin refuses to begin a session by cookie for a page that could not use it. Browsers ask before they send JSON
// from another origin, so such a request is either a mistake or an attempt to log somebody in as the attacker (login CSRF):
// the answer's Set-Cookie would take effect even where the page may not read the answer. A request without Origin does not
// come from a page.
func (c Caller) CheckCookieOrigin() error {
	if len(c.request.Header["Origin"]) > 0 && !c.cookies.allows(c.request) {
		return errCookieElsewhere
	}
	return nil
}

// DeliverRefreshToken is the only way in which a client gets a refresh token: in the body, or, in a session that began with transport
// "cookie", always in the cookie, whatever the request used. until is when the session lapses unless it is refreshed.
func (c Caller) DeliverRefreshToken(s domain.Session, token domain.Secret, until time.Time) (body string, set []*http.Cookie) {
	if s.Cookie {
		return "", []*http.Cookie{c.cookies.refresh(token, until)}
	}
	return token.Reveal(), nil
}

// ClearRefreshCookie makes the cookies that delete the refresh token's cookie: none if the browser sent none.
func (c Caller) ClearRefreshCookie() []*http.Cookie {
	if len(c.request.CookiesNamed(c.cookies.name)) == 0 {
		return nil
	}
	return []*http.Cookie{c.cookies.cleared()}
}

// ClearInvalidCookie makes the refusal of a cookie's token delete the cookie, so that the browser does not send it again and again. Any
// other failure keeps the cookie, which may still be valid.
func (c Caller) ClearInvalidCookie(err error) error {
	if !errors.Is(err, domain.ErrTokenInvalid) {
		return err
	}
	return &invalidCookieError{err, c.cookies.cleared()}
}

// invalidCookieError is the refusal of the token in a cookie, with the cookie that deletes it.
type invalidCookieError struct {
	error
	cleared *http.Cookie
}

func (e *invalidCookieError) Unwrap() error { return e.error }
