package rest

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/signet-auth/signet/adapters/echohttp"
	"github.com/signet-auth/signet/api"
	"github.com/signet-auth/signet/app/federation"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/provider"
)

// Providers is the routes of /api/oauth that applications call. Those that browsers are sent to are in provider_login.go.
type Providers struct{ Service *federation.Service }

// Mount adds the routes.
func (r *Providers) Mount(a *echohttp.API) {
	echohttp.Handle(a, http.MethodGet, "/api/oauth/providers", echohttp.Op{
		ID: "listProviders", Tag: echohttp.TagProviders, Summary: "The providers that people may sign in with",
	}, r.list)
	echohttp.Handle(a, http.MethodPost, "/api/oauth/exchange", echohttp.Op{
		ID: "exchangeProviderCode", Tag: echohttp.TagProviders, Summary: "Exchange the code of a login through a provider for a session", Strict: true,
		Description: "Within a minute, with the code_verifier of the code_challenge that the login began with. A wrong one uses nothing up; a second exchange is refused and harms no session. An account with a second factor answers mfa_required, as a login does; the code is used up then.",
		Errors: []*domain.Error{
			domain.ErrInvalidRequest, domain.ErrInvalidToken, domain.ErrUnknownService, domain.ErrMFARequired, domain.ErrEnrolmentRequired, domain.ErrAccountDisabled, domain.ErrForbidden,
			domain.ErrSessionLimitReached, domain.ErrRateLimited,
		},
	}, r.exchange)
	echohttp.HandleRaw(a, http.MethodPost, "/api/oauth/complete", echohttp.Op{
		ID: "completeProviderLogin", Tag: echohttp.TagProviders, Summary: "Go on with a login through a provider that needs another proof",
		Auth: echohttp.OptionalAuth, Strict: true,
		Description: "With the continuation alone: what may be done. With confirm and the token of a recent login: the provider's account is linked to that account. With email: a code is sent or, if the address has an account, a notice to its owner; the answer is the same. With code: the account is created and logged in.",
		Produces: []echohttp.Content{
			{Description: "What may be done", Type: echohttp.MediaJSON, Body: api.ContinuationResponse{}},
			{Description: "With confirm: what was linked", Type: echohttp.MediaJSON, Body: api.IdentityResponse{}},
			{Description: "With code: the session", Type: echohttp.MediaJSON, Body: api.ProviderLoginResponse{}},
			{Status: http.StatusAccepted, Description: "With email: a mail is on its way", Type: echohttp.MediaJSON, Body: api.MessageResponse{}},
		},
		Errors: []*domain.Error{
			domain.ErrInvalidRequest, domain.ErrInvalidToken, domain.ErrMFARequired, domain.ErrEnrolmentRequired, domain.ErrTokenMissing, domain.ErrTokenInvalid, domain.ErrForbidden,
			domain.ErrReauthRequired, domain.ErrEmailNotVerified, domain.ErrWrongAudience, domain.ErrRegistrationClosed, domain.ErrAccountDisabled,
			domain.ErrLinkRequired, domain.ErrIdentityTaken, domain.ErrEmailTaken, domain.ErrLimitReached, domain.ErrSessionLimitReached, domain.ErrRateLimited,
		},
	}, r.complete)
	echohttp.Handle(a, http.MethodPost, "/api/oauth/{provider}/link", echohttp.Op{
		ID: "linkProvider", Tag: echohttp.TagProviders, Summary: "Begin to link a provider to the account of the token", Auth: echohttp.BearerAuth, Strict: true,
		Description: "Needs a recent login. The browser is sent to authorize_url and comes back to redirect_to with a continuation, which POST /api/oauth/complete confirms.",
		Errors: []*domain.Error{
			domain.ErrInvalidRequest, domain.ErrReauthRequired, domain.ErrEmailNotVerified, domain.ErrForbidden, domain.ErrWrongAudience, domain.ErrNotFound,
		},
	}, r.link)
	echohttp.Handle(a, http.MethodGet, "/api/oauth/identities", echohttp.Op{
		ID: "listIdentities", Tag: echohttp.TagProviders, Summary: "The provider accounts that are linked to the account of the token", Auth: echohttp.BearerAuth,
		Errors: []*domain.Error{domain.ErrForbidden, domain.ErrWrongAudience},
	}, r.identities)
	echohttp.Handle(a, http.MethodDelete, "/api/oauth/identities/{id}", echohttp.Op{
		ID: "unlinkProvider", Tag: echohttp.TagProviders, Summary: "Unlink a provider from the account of the token", Auth: echohttp.BearerAuth,
		Description: "Needs a recent login, and a password or another provider that is configured: the last way to log in can't be removed. Other sessions end.",
		Errors:      []*domain.Error{domain.ErrReauthRequired, domain.ErrForbidden, domain.ErrWrongAudience, domain.ErrNotFound, domain.ErrLastIdentity},
	}, r.unlink)
}

func (r *Providers) list(context.Context, echohttp.Caller, struct{}) (api.ProvidersResponse, error) {
	return api.ProvidersResponse{Success: true, Providers: each(r.Service.Providers(), func(i provider.Info) api.Provider {
		return api.Provider{Name: i.Name, DisplayName: i.DisplayName, AuthorizeURL: strings.TrimSuffix(i.Callback, "/callback")}
	})}, nil
}

func (r *Providers) exchange(ctx context.Context, caller echohttp.Caller, in api.ExchangeRequest) (echohttp.Answer[api.ProviderLoginResponse], error) {
	byCookie := in.Transport == api.TransportCookie
	if byCookie {
		if err := caller.CheckCookieOrigin(); err != nil {
			return echohttp.Answer[api.ProviderLoginResponse]{}, err
		}
	}
	out, err := r.Service.Exchange(ctx, federation.ExchangeInput{
		From: caller.Origin, Code: domain.NewSecret(in.Code), Verifier: domain.NewSecret(in.CodeVerifier), DeviceName: in.DeviceName, Cookie: byCookie,
		Device: caller.DeviceToken(in.DeviceToken),
	})
	if err != nil {
		return echohttp.Answer[api.ProviderLoginResponse]{}, err
	}
	body, cookies := providerLogin(caller, out)
	return echohttp.Answer[api.ProviderLoginResponse]{Body: body, Cookies: cookies}, nil
}

func providerLogin(caller echohttp.Caller, out federation.ExchangeOutput) (api.ProviderLoginResponse, []*http.Cookie) {
	body, cookies := loginBody(caller, out.Tokens)
	return api.ProviderLoginResponse{LoginResponse: body, Created: out.Created}, cookies
}

func (r *Providers) complete(ctx context.Context, caller echohttp.Caller, in api.CompleteRequest) (echohttp.Raw, error) {
	asked := federation.ContinueInput{
		From: caller.Origin, Continuation: domain.NewSecret(in.Continuation), Verifier: domain.NewSecret(in.CodeVerifier),
	}
	ways := 0
	for _, given := range []bool{in.Confirm, in.Email != "", in.Code != ""} {
		if given {
			ways++
		}
	}
	switch {
	case ways > 1:
		return echohttp.Raw{}, domain.ErrInvalidRequest.Saying("Give one of confirm, email and code, or none of them")
	case in.Confirm:
		identity, err := r.Service.Confirm(ctx, federation.ConfirmInput{ContinueInput: asked, Actor: caller.Actor})
		return jsonUnless(err, http.StatusOK, func() any { return api.IdentityResponse{Success: true, Identity: identityBody(r.Service, identity)} })
	case in.Email != "":
		err := r.Service.AskForCode(ctx, federation.AskForCodeInput{ContinueInput: asked, Email: in.Email})
		return jsonUnless(err, http.StatusAccepted, func() any {
			return api.MessageResponse{Success: true, Message: "If this address can be used, a mail with a code is on its way"}
		})
	case in.Code != "":
		return r.enterCode(ctx, caller, asked, in)
	}
	offer, err := r.Service.Offer(ctx, asked)
	return jsonUnless(err, http.StatusOK, func() any {
		return api.ContinuationResponse{
			Success: true, Provider: offer.Provider, DisplayName: offer.DisplayName, Account: offer.Account, Email: offer.Email,
			EmailVerified: offer.EmailVerified, Reason: offer.Reason, Actions: offer.Actions, ExpiresIn: int64(offer.ExpiresIn / time.Second),
		}
	})
}

func (r *Providers) enterCode(ctx context.Context, caller echohttp.Caller, asked federation.ContinueInput, in api.CompleteRequest) (echohttp.Raw, error) {
	byCookie := in.Transport == api.TransportCookie
	if byCookie {
		if err := caller.CheckCookieOrigin(); err != nil {
			return echohttp.Raw{}, err
		}
	}
	out, err := r.Service.EnterCode(ctx, federation.EnterCodeInput{
		ContinueInput: asked, Code: domain.NewSecret(in.Code), DeviceName: in.DeviceName, Cookie: byCookie, Device: caller.DeviceToken(in.DeviceToken),
	})
	if err != nil {
		return echohttp.Raw{}, err
	}
	return loginRaw(caller, out)
}

// loginRaw is a session as a raw answer.
func loginRaw(caller echohttp.Caller, out federation.ExchangeOutput) (echohttp.Raw, error) {
	body, cookies := providerLogin(caller, out)
	raw, err := echohttp.JSON(http.StatusOK, body)
	raw.Header = http.Header{}
	for _, cookie := range cookies {
		raw.Header.Add("Set-Cookie", cookie.String())
	}
	return raw, err
}

func jsonUnless(err error, status int, body func() any) (echohttp.Raw, error) {
	if err != nil {
		return echohttp.Raw{}, err
	}
	return echohttp.JSON(status, body())
}

func (r *Providers) link(ctx context.Context, caller echohttp.Caller, in api.LinkRequest) (api.LinkResponse, error) {
	authorize, err := r.Service.Link(ctx, federation.LinkInput{
		Actor: caller.Actor, From: caller.Origin, Provider: in.Provider, RedirectTo: in.RedirectTo, State: in.State, Challenge: in.CodeChallenge,
	})
	return api.LinkResponse{Success: true, AuthorizeURL: authorize.Reveal()}, err
}

func (r *Providers) identities(ctx context.Context, caller echohttp.Caller, _ struct{}) (api.IdentitiesResponse, error) {
	all, err := r.Service.Identities(ctx, caller.Actor)
	return api.IdentitiesResponse{Success: true, Identities: identityBodies(r.Service, all)}, err
}

func (r *Providers) unlink(ctx context.Context, caller echohttp.Caller, in api.UnlinkRequest) (api.MessageResponse, error) {
	err := r.Service.Unlink(ctx, federation.UnlinkInput{Actor: caller.Actor, From: caller.Origin, Identity: domain.IdentityID(in.ID)})
	return api.MessageResponse{Success: true, Message: "This way in is gone"}, err
}

func identityBodies(providers *federation.Service, all []domain.Identity) []api.Identity {
	return each(all, func(i domain.Identity) api.Identity { return identityBody(providers, i) })
}

func identityBody(providers *federation.Service, i domain.Identity) api.Identity {
	return api.Identity{
		ID: string(i.ID), Provider: i.Provider, DisplayName: providers.DisplayName(i.Provider), Email: i.Email, EmailVerified: i.EmailVerified,
		CreatedAt: i.CreatedAt, LastLoginAt: when(i.LastLoginAt), Usable: providers.IsUsable(i),
	}
}
