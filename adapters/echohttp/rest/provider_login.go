package rest

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/signet-auth/signet/adapters/echohttp"
	"github.com/signet-auth/signet/api"
	"github.com/signet-auth/signet/app/federation"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/provider"
)

// ProviderLogin is the routes that browsers are sent to: from an application to the provider, and back.
type ProviderLogin struct {
	Service *federation.Service
	// Host is where, in development, a browser is redirected first if it used another name of this machine: cookies depend on the name, but
	// not on the port. It is empty in production, where proxies rewrite the name.
	Host string
	// The intermediate pages: back to a native app, on to ourselves after a provider's POST, and for an unknown login.
	ReturnPage func(c echohttp.Caller, address string) (echohttp.Raw, error)
	NextPage   func(c echohttp.Caller, address string) (echohttp.Raw, error)
	FailedPage func(c echohttp.Caller, failure error) (echohttp.Raw, error)
	IsBrowser  func(accept string) bool
}

const (
	mediaHTML = "text/html"
	// callbackTimeout is more than a provider's calls may take together.
	callbackTimeout = 25 * time.Second
	answeredAge     = 60 // seconds that a browser keeps an attempt after its answer, for a second callback under way
)

// Mount adds the routes.
func (r *ProviderLogin) Mount(a *echohttp.API) {
	stray := echohttp.Content{Status: http.StatusBadRequest, Description: "For browsers whose login is not known, a page that says so", Type: mediaHTML}
	redirect := echohttp.Content{Status: http.StatusSeeOther, Description: "To the provider; or back to redirect_to with error"}
	echohttp.HandleRaw(a, http.MethodGet, "/api/oauth/{provider}", echohttp.Op{
		ID: "beginProviderLogin", Tag: echohttp.TagProviders, Summary: "Send a browser to a provider", Navigation: true,
		Description: "For a navigation, not for fetch. With redirect_to the browser comes back there with code, state and provider, or with error; a code_challenge is required then.",
		Produces:    []echohttp.Content{redirect, stray},
		Errors:      []*domain.Error{domain.ErrInvalidRequest, domain.ErrInvalidToken, domain.ErrUnknownService, domain.ErrNotFound, domain.ErrConfirmationNeeded, domain.ErrProviderUnavailable},
	}, r.begin)
	failures := []*domain.Error{
		domain.ErrInvalidState, domain.ErrInvalidRequest, domain.ErrMFARequired, domain.ErrEnrolmentRequired, domain.ErrAccessDenied, domain.ErrAccountNotAllowed, domain.ErrAccountDisabled,
		domain.ErrRegistrationClosed, domain.ErrEmailRequired, domain.ErrNotFound, domain.ErrConfirmationNeeded, domain.ErrLinkRequired,
		domain.ErrLimitReached, domain.ErrSessionLimitReached, domain.ErrProviderFailed, domain.ErrProviderUnavailable, domain.ErrBusy,
	}
	answers := []echohttp.Content{
		{Description: "The session, when the login began without redirect_to", Type: echohttp.MediaJSON, Body: api.ProviderLoginResponse{}},
		{Description: "For native apps, a page with a link to them", Type: mediaHTML},
		{Status: http.StatusSeeOther, Description: "Back to redirect_to with code, continuation or error"},
		stray,
		{Status: http.StatusNotFound, Description: "For browsers, the same page: the provider is gone", Type: mediaHTML},
	}
	echohttp.HandleRaw(a, http.MethodGet, "/api/oauth/{provider}/callback", echohttp.Op{
		ID: "providerCallback", Tag: echohttp.TagProviders, Summary: "Where a provider sends the browser back", Navigation: true, Timeout: callbackTimeout,
		Produces: answers, Errors: failures,
	}, r.callback)
	echohttp.HandleRaw(a, http.MethodPost, "/api/oauth/{provider}/callback", echohttp.Op{
		ID: "providerFormCallback", Tag: echohttp.TagProviders, Summary: "Where a provider posts the answer that does so (Apple)", Navigation: true,
		Produces: []echohttp.Content{
			{Description: "A page that continues to the same path", Type: mediaHTML},
			{Status: http.StatusMethodNotAllowed, Description: "For a provider that does not answer in this way", Type: api.ProblemMediaType, Body: api.Problem{}},
		},
		Errors: []*domain.Error{domain.ErrInvalidRequest, domain.ErrNotFound},
	}, r.form)
}

// errNoNavigation refuses a script that fetches a route for navigation.
var errNoNavigation = domain.ErrInvalidRequest.Saying("Navigate the browser here (location.assign, a link or a popup): fetch can't follow a sign-in to another site")

var errPrefetch = domain.ErrConfirmationNeeded.Saying("This must not be prefetched: it begins or ends a sign-in")

func (r *ProviderLogin) begin(ctx context.Context, caller echohttp.Caller, in api.BeginProviderLoginRequest) (echohttp.Raw, error) {
	if _, err := r.Service.Provider(in.Provider); err != nil {
		return echohttp.Raw{}, err
	}
	if caller.IsPrefetch() {
		return echohttp.Raw{}, errPrefetch
	}
	if !caller.IsNavigation() {
		return echohttp.Raw{}, errNoNavigation
	}
	if r.Host != "" && caller.Host() != r.Host && in.Host == "" {
		separator := "?"
		if strings.Contains(caller.URI(), "?") {
			separator = "&"
		}
		return echohttp.Redirect("http://" + r.Host + caller.URI() + separator + "_host=1"), nil
	}
	out, err := r.Service.Begin(ctx, federation.BeginInput{
		From: caller.Origin, Provider: in.Provider, RedirectTo: in.RedirectTo, State: in.State, Challenge: in.CodeChallenge, Service: in.Service,
		Prompt: in.Prompt, Hint: in.LoginHint, Ticket: domain.NewSecret(in.Ticket), Open: attempts(caller),
	})
	if err != nil {
		return r.failed(caller, err)
	}
	raw := echohttp.Redirect(out.URL)
	for _, name := range out.Expired {
		raw.Header.Add("Set-Cookie", caller.SetAttempt(echohttp.AttemptCookie{Name: name}, 0))
	}
	kept := echohttp.AttemptCookie{Name: out.Cookie.Name, Value: out.Cookie.Value}
	raw.Header.Add("Set-Cookie", caller.SetAttempt(kept, int(federation.AttemptCookieAge/time.Second)))
	return raw, nil
}

func attempts(caller echohttp.Caller) []federation.Cookie {
	return each(caller.AttemptCookies(), func(c echohttp.AttemptCookie) federation.Cookie {
		return federation.Cookie{Name: c.Name, Value: c.Value}
	})
}

// form answers a provider's POST, which comes without our cookies (SameSite=Lax), with a page that continues to the same path by GET. Code
// and name are sealed in that address.
func (r *ProviderLogin) form(ctx context.Context, caller echohttp.Caller, in api.ProviderFormRequest) (echohttp.Raw, error) {
	info, err := r.Service.Provider(in.Provider)
	if err != nil {
		return echohttp.Raw{}, err
	}
	if !info.FormPost {
		raw, err := echohttp.Problem(caller, echohttp.ErrMethodNotAllowed, func(*api.Problem) {})
		raw.Header.Set("Allow", http.MethodGet)
		return raw, err
	}
	sealed, err := r.Service.SealForm(ctx, in.Provider, in.State, provider.Answer{
		Code: domain.NewSecret(in.Code), Issuer: in.Issuer, Error: in.Error, ErrorDescription: in.ErrorDescription, User: in.User,
	})
	if err != nil {
		return echohttp.Raw{}, err
	}
	return r.NextPage(caller, "?form="+sealed)
}

func (r *ProviderLogin) callback(ctx context.Context, caller echohttp.Caller, in api.ProviderCallbackRequest) (echohttp.Raw, error) {
	if _, err := r.Service.Provider(in.Provider); err != nil { // it may have existed when the login began
		return r.stray(caller, err)
	}
	if caller.IsPrefetch() {
		return echohttp.Raw{}, errPrefetch
	}
	input := federation.CallbackInput{From: caller.Origin, Provider: in.Provider, State: in.State, Device: caller.DeviceToken(""), Answer: provider.Answer{
		Code: domain.NewSecret(in.Code), Issuer: in.Issuer, Error: in.Error, ErrorCode: in.ErrorCode, ErrorDescription: in.ErrorDescription,
	}}
	if in.Form != "" {
		var err error
		if input.State, input.Answer, err = r.Service.OpenForm(in.Provider, in.Form); err != nil {
			return r.failed(caller, err)
		}
	}
	name := federation.CookieName(input.State)
	for _, c := range attempts(caller) {
		if c.Name == name {
			input.Cookies = append(input.Cookies, c)
		}
	}
	raw, err := r.answer(ctx, caller, input)
	if err == nil && len(input.Cookies) == 1 { // shortened and not deleted: a second callback may be under way
		if raw.Header == nil {
			raw.Header = http.Header{}
		}
		raw.Header.Add("Set-Cookie", caller.SetAttempt(echohttp.AttemptCookie(input.Cookies[0]), answeredAge))
	}
	return raw, err
}

func (r *ProviderLogin) answer(ctx context.Context, caller echohttp.Caller, in federation.CallbackInput) (echohttp.Raw, error) {
	out, err := r.Service.Callback(ctx, in)
	switch {
	case err != nil:
		return r.failed(caller, err)
	case out.To.IsZero():
		return loginRaw(caller, federation.ExchangeOutput{Tokens: out.Tokens, Created: out.Created})
	}
	return r.home(caller, out.Back, "code", out.Code.Reveal(), "continuation", out.Continuation.Reveal())
}

// home sends the browser back to its application.
func (r *ProviderLogin) home(caller echohttp.Caller, back federation.Back, parameters ...string) (echohttp.Raw, error) {
	address := back.To.With(append(parameters, "state", back.State, "provider", back.Provider)...)
	if back.To.IsCustom() { // phone browsers block a redirect to an app without a tap
		return r.ReturnPage(caller, address)
	}
	raw := echohttp.Redirect(address)
	raw.Header.Set("Referrer-Policy", "no-referrer")
	return raw, nil
}

// failed reports an error to the application, or to the browser itself.
func (r *ProviderLogin) failed(caller echohttp.Caller, err error) (echohttp.Raw, error) {
	_, public := echohttp.Classify(err)
	var failure *federation.FailedError
	var raw echohttp.Raw
	var broken error
	switch known := errors.As(err, &failure); {
	case known && !failure.To.IsZero():
		raw, broken = r.home(caller, failure.Back,
			"error", public.Code, "continuation", failure.Continuation.Reveal(), "request_id", caller.Origin.RequestID)
	case known && !failure.Continuation.IsZero():
		raw, broken = echohttp.Problem(caller, err, func(p *api.Problem) { p.Continuation = failure.Continuation.Reveal() })
	case known || !errors.Is(err, domain.ErrInvalidState) && !errors.Is(err, domain.ErrInvalidToken):
		return echohttp.Raw{}, err
	default:
		return r.stray(caller, err)
	}
	raw.Failure = err
	return raw, broken
}

// stray answers a browser whose application is unknown: it redirects to the configured address, else shows a page, else a problem.
func (r *ProviderLogin) stray(caller echohttp.Caller, err error) (echohttp.Raw, error) {
	_, public := echohttp.Classify(err)
	var raw echohttp.Raw
	var broken error
	switch {
	case !r.Service.Fallback().IsZero():
		raw = echohttp.Redirect(r.Service.Fallback().With("error", public.Code, "request_id", caller.Origin.RequestID))
	case r.IsBrowser(caller.Accept):
		raw, broken = r.FailedPage(caller, err)
	default:
		return echohttp.Raw{}, err
	}
	raw.Failure = err
	return raw, broken
}
