package api

// ProvidersResponse is the success of GET /api/oauth/providers.
type ProvidersResponse struct {
	Success   bool       `json:"success"`
	Providers []Provider `json:"providers"`
}

// Provider is one that people may log in by.
type Provider struct {
	Name        string `json:"name"`
	DisplayName string `json:"display_name"`
	// AuthorizeURL is where the browser is sent, with redirect_to, state and code_challenge.
	AuthorizeURL string `json:"authorize_url"`
}

// BeginProviderLoginRequest is the query of GET /api/oauth/{provider}.
type BeginProviderLoginRequest struct {
	Provider string `json:"-" path:"provider"`
	// RedirectTo is where the browser comes back to: one of REDIRECT_ALLOWLIST. Without it the browser itself gets the tokens.
	RedirectTo string `json:"-" query:"redirect_to"`
	// State is the application's own, given back as it came.
	State string `json:"-" query:"state"`
	// CodeChallenge is base64url(SHA-256(code_verifier)), required with redirect_to (RFC 7636, S256).
	CodeChallenge string `json:"-" query:"code_challenge"`
	// Service is the key, id or name of the service the first access token is for.
	Service   string `json:"-" query:"service"`
	Prompt    string `json:"-" query:"prompt"`
	LoginHint string `json:"-" query:"login_hint"`
	// Ticket is in the address that POST /api/oauth/{provider}/link answers with.
	Ticket string `json:"-" query:"ticket"`
	// Host says that the browser was sent here from another name of this machine; in development only.
	Host string `json:"-" query:"_host"`
}

// ProviderCallbackRequest is the query of GET /api/oauth/{provider}/callback.
type ProviderCallbackRequest struct {
	Provider         string `json:"-" path:"provider"`
	Code             string `json:"-" query:"code"`
	State            string `json:"-" query:"state"`
	Issuer           string `json:"-" query:"iss"`
	Error            string `json:"-" query:"error"`
	ErrorDescription string `json:"-" query:"error_description"`
	ErrorCode        string `json:"-" query:"error_code"` // Facebook
	// Form is what a provider posted that answers so (Apple), sealed.
	Form string `json:"-" query:"form"`
}

// ProviderFormRequest is what a provider posts to its callback that answers by a form (Apple).
type ProviderFormRequest struct {
	Provider         string `json:"-" path:"provider"`
	Code             string `json:"-" formData:"code"`
	State            string `json:"-" formData:"state"`
	Issuer           string `json:"-" formData:"iss"`
	Error            string `json:"-" formData:"error"`
	ErrorDescription string `json:"-" formData:"error_description"`
	User             string `json:"-" formData:"user"`
}

// ExchangeRequest is the body of POST /api/oauth/exchange.
type ExchangeRequest struct {
	Code         string `json:"code" validate:"required,max=200"`
	CodeVerifier string `json:"code_verifier" validate:"required,max=200"`
	DeviceName   string `json:"device_name,omitempty" validate:"max=100"`
	Transport    string `json:"transport,omitempty" validate:"omitempty,oneof=body cookie"`
	// DeviceToken is that of a remembered device, on which no second factor is asked for; without it, that of the cookie counts. One that does
	// not work is as none.
	DeviceToken string `json:"device_token,omitempty"`
}

// ProviderLoginResponse is a LoginResponse by a provider.
type ProviderLoginResponse struct {
	LoginResponse

	// Created is true when the account is new.
	Created bool `json:"created"`
}

// CompleteRequest is the body of POST /api/oauth/complete: with the continuation alone it asks what may be done, and with one of confirm,
// email and code it does it.
type CompleteRequest struct {
	Continuation string `json:"continuation" validate:"required,max=200"`
	// CodeVerifier is that of the code_challenge that the login began with.
	CodeVerifier string `json:"code_verifier,omitempty" validate:"max=200"`
	// Confirm links the provider's account to that of the bearer token, whose login must be recent.
	Confirm bool `json:"confirm,omitempty"`
	// Email asks for a mail with a code that proves it.
	Email string `json:"email,omitempty" validate:"max=508"`
	// Code is that of the mail.
	Code       string `json:"code,omitempty" validate:"max=100"`
	DeviceName string `json:"device_name,omitempty" validate:"max=100"`
	Transport  string `json:"transport,omitempty" validate:"omitempty,oneof=body cookie"`
	// DeviceToken is that of a remembered device, on which no second factor is asked for; without it, that of the cookie counts. One that does
	// not work is as none.
	DeviceToken string `json:"device_token,omitempty"`
}

// ContinuationResponse is what may be done.
type ContinuationResponse struct {
	Success     bool   `json:"success"`
	Provider    string `json:"provider"`
	DisplayName string `json:"display_name"`
	// Account is what the provider calls the person.
	Account       string `json:"account,omitempty"`
	Email         string `json:"email,omitempty"`
	EmailVerified bool   `json:"email_verified"`
	// Reason is the code of what kept the person out; link when a person who is logged in began it.
	Reason string `json:"reason"`
	// Actions are link (log in, then confirm) and email (give an address, then the code).
	Actions   []string `json:"actions"`
	ExpiresIn int64    `json:"expires_in"` // s
}

// IdentityResponse is a way in that was linked.
type IdentityResponse struct {
	Success  bool     `json:"success"`
	Identity Identity `json:"identity"`
}

// IdentitiesResponse is the success of GET /api/oauth/identities.
type IdentitiesResponse struct {
	Success    bool       `json:"success"`
	Identities []Identity `json:"identities"`
}

// LinkRequest is the body of POST /api/oauth/{provider}/link.
type LinkRequest struct {
	Provider      string `json:"-" path:"provider"`
	RedirectTo    string `json:"redirect_to" validate:"required"`
	CodeChallenge string `json:"code_challenge" validate:"required"`
	State         string `json:"state,omitempty"`
}

// LinkResponse is its success.
type LinkResponse struct {
	Success bool `json:"success"`
	// AuthorizeURL is for the browser of the person who asked; it works once, for two minutes.
	AuthorizeURL string `json:"authorize_url"`
}

// UnlinkRequest is the path of DELETE /api/oauth/identities/{id}.
type UnlinkRequest struct {
	ID string `json:"-" path:"id"`
}
