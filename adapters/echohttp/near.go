package echohttp

import (
	"net/http"
	"net/netip"
	"net/url"

	"github.com/labstack/echo/v4"

	"github.com/signet-auth/signet/domain"
)

var errOnlyLocal = domain.ErrForbidden.Saying("Only from this machine, by a loopback address")

// near lets requests pass that [isNear] takes.
func near(peers []netip.Prefix, next func(*exchange, echo.Context) error) func(*exchange, echo.Context) error {
	return func(ex *exchange, c echo.Context) error {
		if !isNear(c.Request(), peers) {
			return errOnlyLocal
		}
		return next(ex, c)
	}
}

// isNear tells whether the peer is this machine or one of the networks, and asked for us by a loopback name: a page of the internet, opened
// here, reaches us by DNS rebinding under its own name. A proxy on this machine does not make its clients local either.
func isNear(r *http.Request, peers []netip.Prefix) bool {
	forwarded := len(r.Header["X-Forwarded-For"]) + len(r.Header["Forwarded"]) + len(r.Header["X-Real-Ip"])
	addr := peerAddr(r.RemoteAddr)
	return (addr.IsLoopback() || contains(peers, addr)) && isLoopbackHost(hostname(r.Host)) && forwarded == 0
}

// isLocalOrigin tells whether a page is of this machine: of a front end that is being built, most likely.
func isLocalOrigin(origin string) bool {
	u, err := url.Parse(origin)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && isLoopbackHost(u.Hostname()) && originOf(u) == origin
}
