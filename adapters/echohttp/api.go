package echohttp

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
	"go.opentelemetry.io/otel/trace"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/sys"
	"github.com/signet-auth/signet/ports/transient"
)

// Options is what the kernel needs from outside.
type Options struct {
	System sys.System // only NewID, for request ids
	Log    *slog.Logger
	// LogRequests logs every request; without it only answers from 500 on are logged, to keep log formatting off the hot path.
	LogRequests bool
	// Authenticate finds the actor of a token; cmd/run/http.go sets it to access.Authenticator.Authenticate. Errors: domain.ErrTokenInvalid (with the cause domain.ErrForged where Signet
	// never made the token), or a failure of its own.
	Authenticate func(ctx context.Context, token domain.Secret) (domain.Actor, error)
	// MayProxy tells whether the actor of an application token may state the origin of the people that it acts for: nil, or
	// domain.ErrForbidden.
	MayProxy func(context.Context, domain.Actor) error
	// Used is called for each request that was authenticated with an application token itself; it may be nil.
	Used func(domain.Actor, domain.Origin)
	// Limiter counts calls, in this process; nil means no limits.
	Limiter transient.Limiter
	Limits  Limits
	// ShortLog logs successful requests in a short form for people.
	ShortLog bool
	// Development opens the documentation at /docs and, without CORSOrigins, the API to pages of this machine, for near clients: peers on this
	// machine or in DevPeers that use a loopback name.
	Development bool
	DevPeers    []netip.Prefix
	// TrustedProxies are the networks whose X-Forwarded-For and X-Request-Id count.
	TrustedProxies []netip.Prefix
	// CORSOrigins are the origins of browser front ends, exactly; "*" alone means all, without credentials.
	CORSOrigins []string
	// PublicURL is where clients reach us. https switches HSTS on.
	PublicURL string
	// CookieSameSite of the session cookie: Strict unless it is None, for front ends on another site. None needs https.
	CookieSameSite http.SameSite
	Metrics        Metrics
	// Tracer makes a span of each request; nil: there are no traces.
	Tracer trace.Tracer
	// Ready tells whether this process can serve, and the state of its parts. It is called at most four times a second.
	Ready func(ctx context.Context) (ready bool, details map[string]string)
	// Probed checks the probe of an operator's tool that asks /readyz which address its request seems to come from; nil: nobody may ask.
	Probed func(word string) bool
	// Feed is what ordered operations answer from; nil where there are none.
	Feed Feed
	// Drain is called once when the server begins to stop; it may be nil.
	Drain func()
	// Timeout of an operation; 0 means 10 s.
	Timeout time.Duration
	// Version is shown in the OpenAPI document.
	Version string
	// Guide is the text before the operations in the document, in Markdown. The table of codes replaces <!-- codes -->.
	Guide string
	// Examples are JSON bodies for the document, by operation.
	Examples map[string]string
}

// API is the public handler. Register everything before the first request; from then on it is safe for concurrent use.
type API struct {
	edge         *edge
	echo         *echo.Echo
	check        *validation
	throttle     *throttle
	authenticate func(context.Context, domain.Secret) (domain.Actor, error)
	mayProxy     func(context.Context, domain.Actor) error
	used         func(domain.Actor, domain.Origin)
	cookies      *cookies
	health       *health
	probed       func(string) bool
	feed         Feed
	onDrain      func()
	document     *document
	timeout      time.Duration
	development  bool
	devPeers     []netip.Prefix
}

// New makes the API with its health and document routes. The error names the option that is wrong.
func New(o Options) (*API, error) {
	var local func(*http.Request) bool
	if o.Development && len(o.CORSOrigins) == 0 { // so that a configured list works as in production
		local = func(r *http.Request) bool { return isNear(r, o.DevPeers) }
	}
	cors, err := newCORS(o.CORSOrigins, local, o.Log)
	if err != nil {
		return nil, err
	}
	cookies, err := newCookies(o.PublicURL, o.CookieSameSite, cors)
	if err != nil {
		return nil, err
	}
	check := newValidation()
	a := &API{
		check:        check,
		throttle:     newThrottle(o.Limiter, o.Limits),
		authenticate: o.Authenticate,
		mayProxy:     o.MayProxy,
		used:         o.Used,
		cookies:      cookies,
		health:       &health{ready: o.Ready},
		probed:       o.Probed,
		feed:         o.Feed,
		onDrain:      o.Drain,
		document:     newDocument(o, check),
		timeout:      o.Timeout,
		development:  o.Development,
		devPeers:     o.DevPeers,
	}
	if a.used == nil {
		a.used = func(domain.Actor, domain.Origin) {}
	}
	if a.timeout == 0 {
		a.timeout = 10 * time.Second
	}
	a.echo = newRouter(func(ex *exchange, r *http.Request) error {
		return a.throttle.takeAnonymous(r.Context(), ex.origin(r))
	})
	a.edge = &edge{
		next: a.echo, log: o.Log, logAll: o.LogRequests, short: o.ShortLog, said: &sys.Seldom{}, newID: o.System.NewID, trusted: o.TrustedProxies,
		base: strings.TrimSuffix(cookies.path, "/api/auth"),
		cors: cors, headers: securityHeaders(cookies.secure), metrics: o.Metrics, tracer: o.Tracer,
	}
	a.addHealth()
	a.addDocument()
	if o.Development {
		a.addDocs(a.echo, a.isPublicOrigin, func(next func(*exchange, echo.Context) error) func(*exchange, echo.Context) error {
			return near(o.DevPeers, next)
		})
	}
	return a, nil
}

// ServedAt tells where clients reach the API, for the document. Call it before the first request.
func (a *API) ServedAt(publicURL string) { a.document.server = publicURL }

// ServeHTTP serves one request.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.edge.ServeHTTP(w, r) }

// Routes lists every mounted route by method and path ("GET /livez"), sorted, including those that are not in the document, so that the
// test of access rules misses none. HEAD goes with GET.
func (a *API) Routes() []string {
	var all []string
	for _, r := range a.echo.Routes() {
		if r.Method != http.MethodHead {
			all = append(all, r.Method+" "+documentPath(r.Path))
		}
	}
	slices.Sort(all)
	return all
}

// newRouter makes an Echo that only routes. admit judges requests without a route; it may be nil.
func newRouter(admit func(*exchange, *http.Request) error) *echo.Echo {
	e := echo.New()
	e.IPExtractor = echo.ExtractIPDirect()         // unused: the edge resolves the client. Echo's default trusts everybody.
	e.SchemeExtractor = echo.ExtractSchemeDirect() // likewise
	e.HTTPErrorHandler = func(err error, c echo.Context) {
		ex, r := exchangeOf(c), c.Request()
		if admit != nil {
			if refused := admit(ex, r); refused != nil {
				err = refused
			}
		}
		fail(ex, r, err)
	}
	return e
}
