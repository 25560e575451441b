package echohttp

import (
	"net/http"
	"strings"

	"github.com/signet-auth/signet/api"
)

// This file has what a request says about the browser behind it, and the cookies of logins that have begun.

// IsPrefetch tells whether a browser or a framework fetches ahead, before anybody has followed the link.
func (c Caller) IsPrefetch() bool {
	for _, name := range []string{"Sec-Purpose", "Purpose", "X-Purpose", "X-Moz"} {
		for _, value := range c.request.Header[name] {
			if value = strings.ToLower(value); strings.Contains(value, "prefetch") || strings.Contains(value, "preview") {
				return true
			}
		}
	}
	return len(c.request.Header["Next-Router-Prefetch"]) > 0
}

// IsNavigation tells whether a window navigates here, and not a script or an image. A request without Fetch Metadata counts as a
// navigation, since browsers send it to https and loopback only.
func (c Caller) IsNavigation() bool {
	is := func(name, want string) bool {
		values := c.request.Header[name]
		return len(values) == 0 || len(values) == 1 && values[0] == want
	}
	return is("Sec-Fetch-Mode", "navigate") && is("Sec-Fetch-Dest", "document")
}

// Host is the name that the request was sent to. Clients choose it, so it is only used for convenience in development.
func (c Caller) Host() string { return c.request.Host }

// URI is the path and query that the request was sent to.
func (c Caller) URI() string { return c.request.URL.RequestURI() }

// AttemptCookie is a cookie of a login that has begun; Name is the end of its name.
type AttemptCookie struct{ Name, Value string }

// attemptPrefix begins the names. __Host- keeps sibling hosts from planting one (login CSRF); browsers reject such cookies over http.
func (c *cookies) attemptPrefix() string {
	if c.secure {
		return "__Host-signet_oauth_"
	}
	return "signet_oauth_"
}

// AttemptCookies are all that the browser sent.
func (c Caller) AttemptCookies() []AttemptCookie {
	var all []AttemptCookie
	for _, cookie := range c.request.Cookies() {
		if name, ok := strings.CutPrefix(cookie.Name, c.cookies.attemptPrefix()); ok {
			all = append(all, AttemptCookie{name, cookie.Value})
		}
	}
	return all
}

// SetAttempt makes the Set-Cookie of an attempt, which the browser keeps for that many seconds; 0 deletes it. The browser also sends it
// when another site redirects here (Lax), as providers do.
func (c Caller) SetAttempt(a AttemptCookie, seconds int) string {
	if seconds == 0 {
		seconds = -1
	}
	cookie := http.Cookie{ //nolint:gosec // without Secure only where PUBLIC_URL is http on loopback
		Name: c.cookies.attemptPrefix() + a.Name, Value: a.Value, Path: "/", MaxAge: seconds, HttpOnly: true, Secure: c.cookies.secure,
		SameSite: http.SameSiteLaxMode,
	}
	return cookie.String()
}

// Problem is a failure as an answer, for operations that add headers or cookies to it.
func Problem(caller Caller, err error, amend func(*api.Problem)) (Raw, error) {
	status, public := Classify(err)
	body := problem(status, public, caller.Origin.RequestID)
	amend(&body)
	raw, err := JSON(status, body)
	raw.Type, raw.Header = api.ProblemMediaType, http.Header{}
	SetFailureHeaders(raw.Header, status, public)
	return raw, err
}

// ErrMethodNotAllowed is the refusal of a method that the path takes for other resources.
var ErrMethodNotAllowed error = errMethodNotAllowed
