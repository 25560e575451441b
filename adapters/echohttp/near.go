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

// isNear tells whether the peer is this machine or in one of the networks, and used a loopback name. The name matters because a page of the
// internet that is opened here can reach us by DNS rebinding, but under its own name. Clients of a proxy on this machine are not local
// either.
func isNear(r *http.Request, peers []netip.Prefix) bool {
	forwarded := len(r.Header["X-Forwarded-For"]) + len(r.Header["Forwarded"]) + len(r.Header["X-Real-Ip"])
	addr := peerAddr(r.RemoteAddr)
	return (addr.IsLoopback() || contains(peers, addr)) && isLoopbackHost(hostname(r.Host)) && forwarded == 0
}

// isLocalOrigin tells whether a page is served from this machine, most likely a front end in development.
func isLocalOrigin(origin string) bool {
	u, err := url.Parse(origin)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && isLoopbackHost(u.Hostname()) && originOf(u) == origin
}
