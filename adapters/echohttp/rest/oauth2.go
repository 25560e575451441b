package rest

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/signet-auth/signet/adapters/echohttp"
	"github.com/signet-auth/signet/api"
	"github.com/signet-auth/signet/app/oauth"
	"github.com/signet-auth/signet/domain"
)

// OAuth is the routes of /oauth2.
type OAuth struct{ Service *oauth.Service }

// oauthFailures is the format of RFC 6749 §5.2.
var oauthFailures = &echohttp.FailureFormat{Body: api.OAuthError{}, Render: renderOAuthFailure}

// Mount adds the routes.
func (r *OAuth) Mount(a *echohttp.API) {
	echohttp.Handle(a, http.MethodPost, "/oauth2/token", echohttp.Op{
		ID: "oauthToken", Tag: echohttp.TagOAuth, Summary: "An access token for a service's account (RFC 6749 §4.4)", Auth: echohttp.ClientAuth, Failures: oauthFailures,
		Description: "The client is the service: client_id its key or id, client_secret an application token of it.",
		Errors:      []*domain.Error{domain.ErrInvalidRequest, domain.ErrUnsupportedGrant, domain.ErrInvalidTarget, domain.ErrInvalidScope},
	}, r.token)
	echohttp.Handle(a, http.MethodPost, "/oauth2/introspect", echohttp.Op{
		ID: "introspect", Tag: echohttp.TagOAuth, Summary: "What a token is and allows now (RFC 7662)", Auth: echohttp.ClientOrBearerAuth, Failures: oauthFailures,
		Unmetered: true, Ordered: true,
		Description: "Active are tokens whose audience is the client, and its own application tokens; of all others the answer is {\"active\": false}.",
		Errors:      []*domain.Error{domain.ErrInvalidRequest},
	}, r.introspect)
	echohttp.Handle(a, http.MethodPost, "/oauth2/revoke", echohttp.Op{
		ID: "revokeByToken", Tag: echohttp.TagOAuth, Summary: "End one of the client's own application tokens (RFC 7009)", Auth: echohttp.ClientOrBearerAuth, Failures: oauthFailures,
		Description: "503 means that it may still live.",
		Errors:      []*domain.Error{domain.ErrInvalidRequest, domain.ErrUnsupportedToken},
	}, r.revoke)
}

func (r *OAuth) token(ctx context.Context, caller echohttp.Caller, in api.OAuthTokenRequest) (api.OAuthTokenResponse, error) {
	out, err := r.Service.Token(ctx, oauth.TokenInput{
		Client: oauthClient(caller), Grant: in.GrantType, Audiences: []string{in.Service, in.Audience}, Resources: in.Resource, Scope: in.Scope,
	})
	body := api.OAuthTokenResponse{
		AccessToken: out.Access.Token.Reveal(), TokenType: api.TokenTypeBearer, ExpiresIn: expiresIn(out.Access), Audience: out.Audience.Key,
		PermRef: out.Access.ByRef,
	}
	if !body.PermRef {
		body.Scope = strings.Join(out.Access.Permissions, " ")
	}
	return body, err
}

func (r *OAuth) introspect(ctx context.Context, caller echohttp.Caller, in api.OAuthRequest) (api.IntrospectionResponse, error) {
	out, err := r.Service.Introspect(ctx, oauth.IntrospectInput{Client: oauthClient(caller), Token: domain.NewSecret(in.Token)})
	switch {
	case err != nil || !out.Active:
		return api.IntrospectionResponse{}, err
	case out.AppToken.ID != "":
		return appTokenIntrospection(out, caller.AsOf), nil
	}
	return accessTokenIntrospection(out, caller.AsOf), nil
}

func appTokenIntrospection(out oauth.IntrospectOutput, asOf int64) api.IntrospectionResponse {
	return api.IntrospectionResponse{
		Active: true, Issuer: out.Issuer, Subject: string(out.Client.ID), ClientID: out.Client.Key, TokenType: "app_token",
		ExpiresAt: unix(out.ExpiresAt), IssuedAt: unix(out.AppToken.CreatedAt), TokenID: string(out.AppToken.ID),
		Scope: strings.Join(out.AppToken.Scopes.Texts(), " "), CS: asOf,
	}
}

func accessTokenIntrospection(out oauth.IntrospectOutput, asOf int64) api.IntrospectionResponse {
	c := out.Claims
	body := api.IntrospectionResponse{
		Active: true, Issuer: c.Issuer, Subject: string(c.Subject), Audience: c.Audience, ClientID: c.ClientID, TokenType: api.TokenTypeBearer,
		ExpiresAt: unix(c.ExpiresAt), IssuedAt: unix(c.IssuedAt), NotBefore: unix(c.NotBefore()), TokenID: c.TokenID,
		Permissions: append([]string{}, out.Grants.Permissions()...), Roles: append([]string{}, out.Grants.Roles...), PV: out.PV,
		Kind: string(c.Kind), SessionID: string(c.SessionID), Key: string(c.AppToken), AuthTime: unix(c.AuthTime), AMR: c.AMR,
		CS: asOf, ValidUntil: when(out.Grants.ValidUntil),
	}
	body.Scope = strings.Join(body.Permissions, " ")
	if out.User.ID != "" {
		body.ACR = c.Level.String()
		verified := out.User.IsEmailVerified()
		body.EmailVerified = &verified
	}
	return body
}

func (r *OAuth) revoke(ctx context.Context, caller echohttp.Caller, in api.OAuthRequest) (api.RevocationResponse, error) {
	return api.RevocationResponse{Success: true}, r.Service.Revoke(ctx, oauth.RevokeInput{Client: oauthClient(caller), Token: domain.NewSecret(in.Token)})
}

func oauthClient(caller echohttp.Caller) oauth.Client {
	return oauth.Client{Actor: caller.Actor, ID: caller.ClientID, From: caller.Origin}
}

// renderOAuthFailure keeps the codes of the standards, and maps other codes to the nearest of them.
func renderOAuthFailure(requestID string, status int, e *domain.Error) (any, http.Header) {
	code := e.Code
	switch {
	case status == http.StatusUnauthorized:
		code = api.OAuthInvalidClient
	case status == http.StatusTooManyRequests, status == http.StatusServiceUnavailable:
		code = api.OAuthTemporarilyUnavailable
	case status >= http.StatusInternalServerError:
		code = api.OAuthServerError
	case code == api.OAuthUnsupportedGrantType, code == api.OAuthInvalidTarget, code == api.OAuthInvalidScope, code == api.OAuthUnsupportedTokenType:
	default:
		code = api.OAuthInvalidRequest
	}
	var header http.Header
	if status == http.StatusUnauthorized {
		header = http.Header{"Www-Authenticate": {`Basic realm="signet", charset="UTF-8"`}}
	}
	return api.OAuthError{Error: code, ErrorDescription: e.Text, RequestID: requestID}, header
}

func unix(at time.Time) int64 {
	if at.IsZero() {
		return 0
	}
	return at.Unix()
}
