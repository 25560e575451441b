package echohttp

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"reflect"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/signet-auth/signet/domain"
)

// Handle registers an ordinary operation: a JSON body (and parameters) in, JSON out. path has its parameters in braces. Req is a struct
// whose fields are tagged json, path or query, and validate; Res is a struct, or an [Answer] of one. It panics on bugs: a Req that can't be
// read, or an operation that is registered twice.
func Handle[Req, Res any](a *API, method, path string, op Op, call func(context.Context, Caller, Req) (Res, error)) {
	in := inputOf(reflect.TypeFor[Req](), op.Strict)
	a.check.learn(reflect.TypeFor[Req]())
	var produces []Content
	for _, status := range append([]int{op.status()}, op.OtherStatuses...) {
		produces = append(produces, Content{Status: status, Type: MediaJSON, Body: sampleOf[Res]()})
	}
	a.document.add(method, path, op, in, new(Req), produces...)
	a.mount(method, path, op, func(ctx context.Context, ex *exchange, c echo.Context, caller *Caller) error {
		var req Req
		if err := in.read(ex, c, &req, a.check); err != nil {
			return err
		}
		if err := a.admitRead(ctx, ex, caller, op, &req); err != nil {
			return err
		}
		res, err := call(ctx, *caller, req)
		if err != nil {
			return err
		}
		return reply(ex, op.status(), res)
	})
}

// HandleRaw registers an operation that answers with pages, redirects or bytes, as op.Produces declares.
func HandleRaw[Req any](a *API, method, path string, op Op, call func(context.Context, Caller, Req) (Raw, error)) {
	in := inputOf(reflect.TypeFor[Req](), op.Strict)
	a.check.learn(reflect.TypeFor[Req]())
	a.document.add(method, path, op, in, new(Req), op.Produces...)
	a.mount(method, path, op, func(ctx context.Context, ex *exchange, c echo.Context, caller *Caller) error {
		var req Req
		if err := in.read(ex, c, &req, a.check); err != nil {
			return err
		}
		if err := a.admitRead(ctx, ex, caller, op, &req); err != nil {
			return err
		}
		raw, err := call(ctx, *caller, req)
		if err != nil {
			return err
		}
		if raw.Failure != nil {
			if counted := a.throttle.countForged(ctx, caller.Origin, raw.Failure); counted != raw.Failure { //nolint:errorlint // identity on purpose: did countForged replace the error?
				return counted
			}
			ex.failure = raw.Failure
		}
		replyRaw(ex, op.status(), raw)
		return nil
	})
}

// sampleOf is a value of the body type that Res is or contains.
func sampleOf[Res any]() any {
	var res Res
	if a, ok := any(res).(interface{ sample() any }); ok {
		return a.sample()
	}
	return new(Res)
}

// mount routes an operation to run, behind its deadline and admission.
func (a *API) mount(method, path string, op Op, run func(context.Context, *exchange, echo.Context, *Caller) error) {
	timeout := op.Timeout
	if timeout == 0 {
		timeout = a.timeout
	}
	add := route
	if op.Navigation || op.ServicesOnly {
		add = routeOnly
	}
	counted := a.edge.metrics.of(op.ID)
	add(a.echo, method, path, func(ex *exchange, c echo.Context) error {
		r := c.Request()
		ex.outcomes = counted
		ex.format = op.Failures
		if op.Navigation {
			setHeaders(ex.Header(), navigationHeaders)
		}
		if op.Navigation || op.ServicesOnly {
			ex.Header().Del("Access-Control-Allow-Origin")
			ex.Header().Del("Access-Control-Allow-Credentials")
		}
		if timeout > a.timeout {
			ex.extend(timeout)
		}
		ctx, cancel := context.WithTimeout(r.Context(), timeout)
		defer cancel()
		caller, err := a.admit(ctx, ex, r, op)
		if err == nil {
			err = run(ctx, ex, c, &caller)
		}
		switch {
		case err == nil && op.Auth == UnverifiedAuth:
			a.throttle.returnAnonymous(ctx, caller.Origin) // the use case found the credentials valid
		case err != nil: // a forged token counts the same in the body and in the header
			err = a.throttle.countForged(ctx, caller.Origin, err)
			if op.isClient() && !ex.admitted && !errors.Is(err, domain.ErrForged) {
				err = cmp.Or(a.throttle.takeAnonymous(ctx, caller.Origin), err)
			}
		}
		return op.failed(ex, caller, err)
	})
}

// failed answers a person with a page; for programs it returns the error to the caller.
func (op Op) failed(ex *exchange, caller Caller, err error) error {
	if err == nil || op.FailurePage == nil {
		return err
	}
	status, public := Classify(err)
	page, ok := op.FailurePage(caller, status, public)
	if !ok {
		return err
	}
	ex.failure = err
	replyRaw(ex, status, page)
	return nil
}

// admitRead does the checks that need the request: a client's credentials in a form, and the person that a back end acts for.
func (a *API) admitRead(ctx context.Context, ex *exchange, caller *Caller, op Op, request any) error {
	if op.isClient() {
		return a.admitClient(ctx, ex, caller, op, request)
	}
	return a.proxy(ctx, caller, request)
}

// admit authenticates the caller and counts the call.
func (a *API) admit(ctx context.Context, ex *exchange, r *http.Request, op Op) (Caller, error) {
	caller := Caller{
		Actor: domain.Anonymous(), Origin: ex.origin(r), Accept: strings.Join(r.Header["Accept"], ","),
		AcceptLanguage: strings.Join(r.Header["Accept-Language"], ","),
		Head:           r.Method == http.MethodHead, cookies: a.cookies, request: r,
	}
	if op.Ordered {
		if err := a.catchUp(ctx, &caller); err != nil {
			return caller, err
		}
	}
	if op.isClient() {
		return caller, nil // its credentials are in the request, which is not read yet
	}
	if op.Proxied {
		if err := a.admitProxy(ctx, &caller); err != nil {
			return caller, err
		}
	}
	if op.Auth != NoAuth {
		var err error
		if caller.Bearer, err = tokenOf(r.Header, op); err != nil {
			return caller, err
		}
	}
	if op.Auth == NoAuth || op.Auth == UnverifiedAuth || caller.Bearer.IsZero() {
		err := error(nil)
		if (!op.Unmetered || op.Auth != NoAuth) && !caller.proxies {
			err = a.throttle.takeAnonymous(ctx, caller.Origin)
		}
		if err == nil {
			err = op.missing()
		}
		return caller, err
	}
	actor, err := a.identify(ctx, caller, op)
	switch {
	case err == nil:
	case errors.Is(err, domain.ErrTokenInvalid) && !errors.Is(err, domain.ErrForged):
		if over := a.throttle.takeAnonymous(ctx, caller.Origin); over != nil {
			return caller, over
		}
		return caller, err
	default:
		return caller, err
	}
	caller.Actor = actor
	if actor.Raw {
		a.used(actor, caller.Origin)
	}
	if !op.Unmetered && (!op.UnmeteredForServices || actor.Kind != domain.ActorService) {
		err = a.throttle.takeAuthenticated(ctx, actor)
	}
	if err == nil && actor.MustEnrol && !op.Unenrolled { // counted all the same: refusals must not be free
		err = domain.ErrEnrolmentRequired
	}
	return caller, err
}

// route adds a route whose errors become problems. GET takes HEAD too; net/http leaves the body out.
func route(e *echo.Echo, method, path string, run func(*exchange, echo.Context) error) {
	routeOnly(e, method, path, run)
	if method == http.MethodGet {
		routeOnly(e, http.MethodHead, path, run)
	}
}

// routeOnly is route for one method.
func routeOnly(e *echo.Echo, method, path string, run func(*exchange, echo.Context) error) {
	e.Add(method, echoPath(path), func(c echo.Context) error {
		ex := exchangeOf(c)
		ex.route = path
		err := checkParams(c)
		if err == nil {
			err = run(ex, c)
		}
		if err != nil {
			fail(ex, c.Request(), err)
		}
		return nil
	})
}

// checkParams refuses slashes in the last parameter: Echo's router puts the rest of the path into it, so that /verify-email/{token} would
// match /verify-email/a/b.
func checkParams(c echo.Context) error {
	for _, value := range c.ParamValues() {
		if value == "" || strings.Contains(value, "/") {
			return domain.ErrNotFound
		}
	}
	return nil
}

var echoNotation = strings.NewReplacer("{", ":", "}", "")

// echoPath is a path in Echo's notation.
func echoPath(path string) string { return echoNotation.Replace(path) }

// documentPath is a path in the notation of the document.
func documentPath(template string) string {
	parts := strings.Split(template, "/")
	for i, part := range parts {
		if name, ok := strings.CutPrefix(part, ":"); ok {
			parts[i] = "{" + name + "}"
		}
	}
	return strings.Join(parts, "/")
}
