package echohttp

import (
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"github.com/signet-auth/signet/domain"
)

// cookies knows the refresh token's cookie, and when one that a browser sent counts.
type cookies struct {
	name   string
	secure bool
	origin string // our own, of PublicURL
	cors   *cors
}

// newCookies reads the public URL. None means development, on a loopback host; then only listed origins count.
func newCookies(publicURL string, cors *cors) (*cookies, error) {
	u, err := url.Parse(publicURL)
	if err != nil || publicURL != "" && (u.Scheme != "https" && u.Scheme != "http" || u.Host == "") {
		return nil, errors.New("the public URL must be an absolute http or https URL")
	}
	c := &cookies{name: "__Secure-signet_rt", secure: u.Scheme == "https", cors: cors}
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

// RefreshCookie makes the cookie that keeps a refresh token from scripts (HttpOnly) and other sites. sameSite is Strict, or
// None when the front end lives on another site. A zero token makes the cookie that deletes it.
func (a *API) RefreshCookie(token domain.Secret, expires time.Time, sameSite http.SameSite) *http.Cookie {
	c := &http.Cookie{ //nolint:gosec // without Secure only where PUBLIC_URL is http on loopback
		Name: a.cookies.name, Value: token.Reveal(), Path: "/api/auth", Expires: expires,
		HttpOnly: true, Secure: a.cookies.name != "signet_rt", SameSite: sameSite,
	}
	if token.IsZero() {
		c.MaxAge = -1
	}
	return c
}

var errCookieUnproved = domain.ErrForbidden.Saying("A request with the session cookie needs the header X-Signet: 1 and an allowed Origin")

// Cookie is the refresh token that the browser sent, zero when it sent none. It counts only with an Origin of ours or of the
// allow-list and a header that a page of another origin can't set without asking (UI-2); otherwise domain.ErrForbidden,
// because the browser may have been made to send it.
func (c Caller) Cookie() (domain.Secret, error) {
	sent := c.request.CookiesNamed(c.cookies.name)
	if len(sent) == 0 || sent[0].Value == "" {
		return domain.Secret{}, nil
	}
	origins, marks := c.request.Header["Origin"], c.request.Header["X-Signet"]
	proved := len(sent) == 1 && len(origins) == 1 && len(marks) == 1 && marks[0] == "1" &&
		(origins[0] == c.cookies.origin || c.cookies.cors.lists(origins[0]))
	if !proved || origins[0] == "" {
		return domain.Secret{}, errCookieUnproved
	}
	return domain.NewSecret(sent[0].Value), nil
}
