package api

import "time"

// The errors of OAuthError (RFC 6749 §5.2, RFC 8707 §2, RFC 7009 §2.2.1).
const (
	OAuthInvalidRequest         = "invalid_request"
	OAuthInvalidClient          = "invalid_client"
	OAuthUnsupportedGrantType   = "unsupported_grant_type"
	OAuthInvalidTarget          = "invalid_target"
	OAuthInvalidScope           = "invalid_scope"
	OAuthUnsupportedTokenType   = "unsupported_token_type"
	OAuthTemporarilyUnavailable = "temporarily_unavailable"
	OAuthServerError            = "server_error"
)

// OAuthError is the body of every failure of /oauth2.
type OAuthError struct {
	Error            string `json:"error"`
	ErrorDescription string `json:"error_description"`
	// RequestID is what to quote when asking for help; it is also in the X-Request-Id header.
	RequestID string `json:"request_id"`
}

// OAuthTokenRequest is the form of POST /oauth2/token. The audience may be named by service, resource or audience, each a key, an id, a name
// or urn:signet:service:<key>; without any it is Signet itself.
type OAuthTokenRequest struct {
	GrantType    string   `json:"-" formData:"grant_type" validate:"required"`
	Scope        string   `json:"-" formData:"scope"`
	Service      string   `json:"-" formData:"service"`
	Audience     string   `json:"-" formData:"audience"`
	Resource     []string `json:"-" formData:"resource"`
	ClientID     string   `json:"-" formData:"client_id"`
	ClientSecret string   `json:"-" formData:"client_secret"`
}

// Client is the credentials in the form.
func (r *OAuthTokenRequest) Client() (id, secret string) { return r.ClientID, r.ClientSecret }

// OAuthTokenResponse is its success.
type OAuthTokenResponse struct {
	AccessToken string `json:"access_token"`
	TokenType   string `json:"token_type"`
	ExpiresIn   int64  `json:"expires_in"` // s
	// Scope is the permissions in the token, by their short names; absent when there is none, or with perm_ref.
	Scope string `json:"scope,omitempty"`
	// Audience is the key of the service that the token is for.
	Audience string `json:"audience"`
	// PermRef tells that the permissions are too many for a token: ask /api/authz/check.
	PermRef bool `json:"perm_ref,omitempty"`
}

// OAuthRequest is the form of POST /oauth2/introspect and POST /oauth2/revoke.
type OAuthRequest struct {
	Token         string `json:"-" formData:"token" validate:"required"`
	TokenTypeHint string `json:"-" formData:"token_type_hint"` // of no use: tokens tell by their form what they are
	ClientID      string `json:"-" formData:"client_id"`
	ClientSecret  string `json:"-" formData:"client_secret"`
}

// Client is the credentials in the form.
func (r *OAuthRequest) Client() (id, secret string) { return r.ClientID, r.ClientSecret }

// IntrospectionResponse is the success of POST /oauth2/introspect (RFC 7662 §2.2): {"active": false} and nothing else for every token that is
// none of the client's business. What it allows is as of now, whatever the token says.
type IntrospectionResponse struct {
	Active        bool     `json:"active"`
	Issuer        string   `json:"iss,omitempty"`
	Subject       string   `json:"sub,omitempty"`
	Audience      string   `json:"aud,omitempty"`
	ClientID      string   `json:"client_id,omitempty"`
	TokenType     string   `json:"token_type,omitempty"`
	ExpiresAt     int64    `json:"exp,omitempty"`
	IssuedAt      int64    `json:"iat,omitempty"`
	NotBefore     int64    `json:"nbf,omitempty"`
	TokenID       string   `json:"jti,omitempty"`
	Scope         string   `json:"scope,omitempty"`
	Permissions   []string `json:"permissions,omitzero"`
	Roles         []string `json:"roles,omitzero"`
	PV            int64    `json:"pv,omitempty"`
	Kind          string   `json:"kind,omitempty"` // service_account; absent: a user
	SessionID     string   `json:"sid,omitempty"`
	Key           string   `json:"key,omitempty"` // the application token behind a service's token
	ACR           string   `json:"acr,omitempty"` // of a user: aal1, aal2 or phr
	AuthTime      int64    `json:"auth_time,omitempty"`
	AMR           []string `json:"amr,omitempty"`
	EmailVerified *bool    `json:"email_verified,omitempty"`
	// CS is the number of the newest change of the feed that the answer includes, and ValidUntil is when the first of the assignments behind
	// the permissions ends; absent: none ends by itself.
	CS         int64      `json:"cs,omitzero"`
	ValidUntil *time.Time `json:"valid_until,omitempty"`
}

// RevocationResponse is the success of POST /oauth2/revoke, which has nothing to tell (RFC 7009 §2.2).
type RevocationResponse struct {
	Success bool `json:"success"`
}

// ServerMetadata is /.well-known/oauth-authorization-server (RFC 8414 §2).
type ServerMetadata struct {
	Issuer                   string   `json:"issuer"`
	TokenEndpoint            string   `json:"token_endpoint"`
	IntrospectionEndpoint    string   `json:"introspection_endpoint"`
	RevocationEndpoint       string   `json:"revocation_endpoint"`
	JWKSURI                  string   `json:"jwks_uri"`
	GrantTypes               []string `json:"grant_types_supported"`
	ResponseTypes            []string `json:"response_types_supported"`
	TokenAuthMethods         []string `json:"token_endpoint_auth_methods_supported"`
	IntrospectionAuthMethods []string `json:"introspection_endpoint_auth_methods_supported"`
	RevocationAuthMethods    []string `json:"revocation_endpoint_auth_methods_supported"`
	// IDTokenAlgorithms are in /.well-known/openid-configuration only, where verifiers of access tokens look for the algorithm.
	IDTokenAlgorithms []string `json:"id_token_signing_alg_values_supported,omitempty"`
}
