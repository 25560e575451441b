package echohttp

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"runtime/debug"
	"strings"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/sys"
)

// edge is what happens to every request before and after its route. It is one handler and not a chain, because a chain costs
// a closure per link and request.
type edge struct {
	next    http.Handler
	log     *slog.Logger
	logAll  bool
	said    *sys.Seldom
	short   bool // successful requests get a line for people
	newID   func() string
	trusted []netip.Prefix
	base    string // path of the public URL
	cors    *cors
	headers []header
	metrics Metrics
	tracer  trace.Tracer // nil: no traces
}

// ServeHTTP serves one request.
func (e *edge) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ex := &exchange{ResponseWriter: w, route: unmatched, begun: time.Now()}
	defer e.finish(ex, r)
	ex.client = peerAddr(r.RemoteAddr)
	proxied := contains(e.trusted, ex.client)
	if proxied {
		ex.client = clientAddr(ex.client, r.Header["X-Forwarded-For"], e.trusted)
	}
	e.identify(ex, r, proxied)
	r = &ex.request
	if !proxied && len(r.Header["X-Forwarded-For"]) > 0 {
		e.warnOfProxy(r, ex.client)
	}
	setHeaders(ex.Header(), e.headers)
	if e.cors.handle(ex, r) {
		return
	}
	if !canonicalize(r, e.base) {
		fail(ex, r, domain.ErrNotFound)
		return
	}
	e.next.ServeHTTP(ex, r)
}

// warnOfProxy logs that requests come through a proxy that is not trusted, so that everybody behind it shares the limits of one address.
func (e *edge) warnOfProxy(r *http.Request, peer netip.Addr) {
	now := time.Now()
	if e.said.Passes(peer.String(), time.Hour, now) && e.said.Passes("", time.Second, now) { // clients can forge the header
		e.log.LogAttrs(r.Context(), slog.LevelWarn, "requests come with X-Forwarded-For from a peer that TRUSTED_PROXIES does not name: limits and logs take it for the client. "+
			"If it is your proxy, add it there", slog.String("peer", peer.String()))
	}
}

// finish recovers from panics, and writes the log and the metrics.
func (e *edge) finish(ex *exchange, r *http.Request) {
	cause := recover()
	aborted := cause == http.ErrAbortHandler //nolint:errorlint // net/http compares like this
	if cause != nil && !aborted {
		ex.stack = debug.Stack()
		begun := ex.status != 0
		fail(ex, r, fmt.Errorf("panic: %v", cause))
		aborted = begun // a partial answer must not look complete
	}
	status := ex.status
	switch {
	case ex.gone || status == 0 && r.Context().Err() != nil:
		status = statusClientGone
	case ex.stack != nil:
		status = http.StatusInternalServerError
	case status == 0:
		status = http.StatusOK
	}
	took := time.Since(ex.begun)
	if ex.opened > 0 {
		took = ex.opened
	}
	e.metrics.observe(r.Method, ex.route, status, took)
	ex.outcomes.count(status, ex.failure)
	ex.endSpan(r.Method, status)
	switch {
	case status >= http.StatusInternalServerError || e.logAll && !e.short:
		e.logExchange(ex, r, status, took)
	case e.logAll && !isChatter(ex.route, status):
		e.logShort(ex, r, status, took)
	}
	if aborted {
		panic(http.ErrAbortHandler)
	}
}

// logExchange writes one line, in ECS names. Neither the path nor the query is in it: both may carry tokens.
func (e *edge) logExchange(ex *exchange, r *http.Request, status int, took time.Duration) {
	attrs := make([]slog.Attr, 0, 10)
	attrs = append(
		attrs,
		slog.String("http.request.method", knownMethod(r.Method)),
		slog.String("http.route", ex.route),
		slog.Int("http.response.status_code", status),
		slog.Int64("http.response.body.bytes", ex.size),
		slog.Int64("event.duration", took.Nanoseconds()),
		slog.String("http.request.id", ex.id),
		slog.String("client.ip", ex.client.String()),
	)
	level := slog.LevelInfo
	if status >= http.StatusInternalServerError {
		level = slog.LevelError
		if status == http.StatusServiceUnavailable {
			level = slog.LevelWarn
		}
		if ex.failure != nil {
			attrs = append(attrs, slog.String("error.message", ex.failure.Error()))
		}
		if ex.stack != nil {
			attrs = append(attrs, slog.String("error.stack_trace", string(ex.stack)))
		}
	}
	ctx := r.Context()
	if ex.span != nil {
		ctx = trace.ContextWithSpan(ctx, ex.span)
	}
	e.log.LogAttrs(ctx, level, "request", attrs...)
}

// isChatter tells whether a successful request is a routine one: health checks of load balancers, files of pages.
func isChatter(route string, status int) bool {
	return status < http.StatusBadRequest && (route == "/livez" || route == "/readyz" || strings.HasPrefix(route, "/docs/"))
}

// logShort writes the line for a person who watches the log. It also leaves out path and query; the code says what a client did wrong.
func (e *edge) logShort(ex *exchange, r *http.Request, status int, took time.Duration) {
	line := fmt.Sprintf("%s %s %d in %s", knownMethod(r.Method), ex.route, status, took.Round(100*time.Microsecond))
	if ex.failure != nil {
		_, problem := Classify(ex.failure)
		line += " " + problem.Code
	}
	e.log.Log(context.Background(), slog.LevelInfo, line) //nolint:contextcheck,sloglint // the request's id would double the line, which is for people
}

// identify gives the request an id, and puts it into the context for the log. Only a trusted proxy may choose the id: an attacker could
// choose that of another request, or one that a log viewer treats as markup.
func (e *edge) identify(ex *exchange, r *http.Request, proxied bool) {
	if given := r.Header["X-Request-Id"]; proxied && len(given) == 1 && isRequestID(given[0]) {
		ex.id = given[0]
	} else {
		ex.id = e.newID()
	}
	ex.idValue[0] = ex.id
	ex.Header()["X-Request-Id"] = ex.idValue[:]
	ctx := e.beginSpan(r.Context(), ex, r, proxied)
	ex.request = *r.WithContext(sys.WithRequestID(ctx, ex.id)) // a copy within ex costs no allocation
}

func isRequestID(id string) bool {
	if id == "" || len(id) > 64 {
		return false
	}
	for i := range len(id) {
		switch c := id[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', isDigit(c), c == '-', c == '_', c == '.':
		default:
			return false
		}
	}
	return true
}

// knownMethod keeps invented methods out of logs and metrics.
func knownMethod(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return method
	}
	return "other"
}
