package echohttp

import (
	"net"
	"net/http"
	"net/http/pprof"
	"strings"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/swaggest/swgui/v5emb"

	"github.com/signet-auth/signet/api"
	"github.com/signet-auth/signet/domain"
)

// AdminOptions is what the admin listener shows. Nil parts are left out.
type AdminOptions struct {
	Metrics prometheus.Gatherer
	// Inbox shows the development inbox.
	Inbox func() api.InboxResponse
	// Profile opens pprof.
	Profile bool
}

// docsPolicy lets Swagger UI run: it brings inline scripts and styles. It holds for /docs only, and never on the public
// listener.
var docsPolicy = []header{{"Content-Security-Policy", []string{
	"default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; " +
		"font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
}}}

// NewAdmin makes the handler of the admin listener: health with details, metrics, the documentation, and, for this machine
// alone, profiles and the development inbox. It has no authentication: where it listens is the protection.
func NewAdmin(a *API, o AdminOptions) http.Handler {
	e := newRouter(nil)
	edge := *a.edge
	edge.next, edge.cors = e, &cors{}
	route(e, http.MethodGet, "/livez", func(ex *exchange, _ echo.Context) error {
		ex.answer(http.StatusOK, nil)
		return nil
	})
	route(e, http.MethodGet, "/readyz", a.readyDetails)
	route(e, http.MethodGet, "/openapi.json", func(ex *exchange, c echo.Context) error {
		raw, err := a.showDocument(c.Request().Context(), Caller{request: c.Request()}, struct{}{})
		if err != nil {
			return err
		}
		replyRaw(ex, http.StatusOK, raw)
		return nil
	})
	docs := v5emb.New("Signet", "/openapi.json", "/docs/")
	for _, path := range []string{"/docs", "/docs/*"} {
		route(e, http.MethodGet, path, func(ex *exchange, c echo.Context) error {
			setHeaders(ex.Header(), docsPolicy)
			docs.ServeHTTP(ex, c.Request())
			return nil
		})
	}
	if o.Metrics != nil {
		metrics := promhttp.HandlerFor(o.Metrics, promhttp.HandlerOpts{})
		route(e, http.MethodGet, "/metrics", served(metrics))
	}
	if o.Inbox != nil {
		addInbox(e, o.Inbox)
	}
	if o.Profile {
		addProfiles(e)
	}
	return &edge
}

func (a *API) readyDetails(ex *exchange, _ echo.Context) error {
	ok, details := a.health.check()
	return reply(ex, readyStatus(ok), struct {
		Ready   bool              `json:"ready"`
		Details map[string]string `json:"details"`
	}{ok, details})
}

func addProfiles(e *echo.Echo) {
	for path, handler := range map[string]http.HandlerFunc{
		"/debug/pprof": pprof.Index, "/debug/pprof/cmdline": pprof.Cmdline, "/debug/pprof/profile": pprof.Profile,
		"/debug/pprof/symbol": pprof.Symbol, "/debug/pprof/trace": pprof.Trace,
	} {
		route(e, http.MethodGet, path, local(served(handler)))
	}
	route(e, http.MethodGet, "/debug/pprof/{name}", local(func(ex *exchange, c echo.Context) error {
		pprof.Handler(c.Param("name")).ServeHTTP(ex, c.Request())
		return nil
	}))
}

func served(h http.Handler) func(*exchange, echo.Context) error {
	return func(ex *exchange, c echo.Context) error {
		h.ServeHTTP(ex, c.Request())
		return nil
	}
}

var errOnlyLocal = domain.ErrForbidden.Saying("Only from this machine, by a loopback address")

// local lets peers of this machine pass that also asked for it by a loopback name: a page of the internet, opened here,
// reaches us by DNS rebinding under its own name. A proxy on this machine does not make its clients local either.
func local(next func(*exchange, echo.Context) error) func(*exchange, echo.Context) error {
	return func(ex *exchange, c echo.Context) error {
		r := c.Request()
		forwarded := len(r.Header["X-Forwarded-For"]) + len(r.Header["Forwarded"]) + len(r.Header["X-Real-Ip"])
		if !peerAddr(r.RemoteAddr).IsLoopback() || !isLoopbackHost(hostname(r.Host)) || forwarded > 0 {
			return errOnlyLocal
		}
		return next(ex, c)
	}
}

// hostname is the Host header without its port.
func hostname(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return strings.Trim(strings.ToLower(host), "[]")
}
