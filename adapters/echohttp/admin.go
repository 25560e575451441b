package echohttp

import (
	"net"
	"net/http"
	"net/http/pprof"
	"strings"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/signet-auth/signet/api"
)

// AdminOptions is what the admin listener shows. Nil parts are left out.
type AdminOptions struct {
	Metrics prometheus.Gatherer
	// Inbox shows the development inbox: mails to one address, or all of them where it is empty.
	Inbox func(to string) api.InboxResponse
	// Profile opens pprof.
	Profile bool
}

// NewAdmin makes the handler of the admin listener: health with details, metrics, the documentation, and, for this machine alone, profiles
// and the development inbox (the latter for Options.DevPeers too). It has no authentication: only its address protects it.
func NewAdmin(a *API, o AdminOptions) http.Handler {
	e := newRouter(nil)
	edge := *a.edge
	edge.next, edge.cors, edge.logAll, edge.tracer = e, &cors{}, false, nil // repeated checks need no log
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
	never := func(*http.Request) bool { return false }
	a.addDocs(e, never, func(next func(*exchange, echo.Context) error) func(*exchange, echo.Context) error { return next })
	if o.Metrics != nil {
		metrics := promhttp.HandlerFor(o.Metrics, promhttp.HandlerOpts{})
		route(e, http.MethodGet, "/metrics", served(metrics))
	}
	if o.Inbox != nil {
		addInbox(e, o.Inbox, a.devPeers)
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
		route(e, http.MethodGet, path, near(nil, served(handler)))
	}
	route(e, http.MethodGet, "/debug/pprof/{name}", near(nil, func(ex *exchange, c echo.Context) error {
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

// hostname is the Host header without its port.
func hostname(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return strings.Trim(strings.ToLower(host), "[]")
}
