// Package provider is the port to the services by which people log in: OpenID providers (OIDC Core) and OAuth 2.0 ones (RFC 6749) with
// a profile.
//
//	Begin ─► the browser goes to the provider ─► the callback's parameters ─► Complete ─► who it is, and how far the address is trusted
//
// A Provider speaks the protocol and keeps nothing of an attempt: state, nonce and verifier are the caller's, which also decides what to do
// with the answer. No token of a provider leaves an adapter.
package provider

import (
	"context"

	"github.com/signet-auth/signet/domain"
)

// Provider is one configured provider. Safe for concurrent use.
type Provider interface {
	// Info is what is known about it without a call.
	Info() Info
	// Owns tells without a call whether identities of that issuer (Profile.Issuer) belong to this provider: for instance those of any tenant
	// that may log in, and also after the provider got another name here.
	Owns(issuer string) bool
	// Begin is the URL that the browser is sent to: response_type=code, PKCE S256 of the attempt's verifier where the provider takes it, the
	// nonce where there is an id_token. It returns domain.ErrProviderUnavailable when its metadata is not known yet and can't be read.
	Begin(ctx context.Context, a Attempt) (string, error)
	// Complete reads the callback's parameters, exchanges the code and says who the person is. It exchanges the code at most once: a second
	// call for the same attempt is a second exchange.
	//
	//   - domain.ErrInvalidState: `iss` is another's (RFC 9207), or is missing beside a code where the metadata promises it
	//   - domain.ErrAccessDenied: the person or the provider refused
	//   - domain.ErrAccountNotAllowed: excluded by our settings (tenant, hosted domain) or by the provider's
	//   - domain.ErrInvalidRequest: neither a code nor an error, or a code that is too long
	//   - domain.ErrProviderFailed: its answer can't be trusted or used
	//   - domain.ErrProviderUnavailable, with RetryAfter: network, time, 5xx
	//   - domain.ErrBusy: too many calls of this provider are under way
	//
	// The cause of these errors is a Fault if an operator can fix it. No error contains the provider's own text.
	Complete(ctx context.Context, a Attempt, answer Answer) (Profile, error)
}

// Info is what is known about a provider without a call.
type Info struct {
	Name        string // in paths and settings: `[a-z][a-z0-9-]{0,31}`
	DisplayName string
	Issuer      string // as configured or pinned; an identity's issuer is Profile.Issuer
	ClientID    string
	Callback    string // must be registered at the provider, letter for letter
	FormPost    bool   // it answers with a POST from its own site (Apple)
	SignUp      bool   // new people may get an account through it
}

// Attempt is one login of one browser: Begin sends its values, and Complete checks the answer against them.
type Attempt struct {
	State    string
	Nonce    string
	Verifier domain.Secret // PKCE, RFC 7636
	Prompt   string        // select_account, login, consent, or empty; left out if the provider does not support it
	Hint     string        // login_hint, or empty
}

// Answer is what came back through the browser: parameters of the callback, each at most once. They may be forged.
type Answer struct {
	Code             domain.Secret
	Issuer           string // iss
	Error            string // error, or empty
	ErrorCode        string // error_code (Facebook)
	ErrorDescription string // only searched for the provider's error numbers (AADSTS), never shown
	User             string // Apple's form field: a name, unsigned
}

// Profile is the provider's statement about the person. The key is (Issuer, Subject), never the address.
type Profile struct {
	Issuer  string // of the id_token, or the constant of a provider without one
	Subject string // 1 to 255 printable characters
	// Email is the address as reported, empty if there is none or it is invalid (domain.ParseEmail). An address that is not Proved is only
	// displayed.
	Email string
	// Proved tells that the provider says in this login that the mailbox was proved. Address and flag come from one document.
	Proved bool
	// Authoritative tells that the address is proved and the provider also runs the mailbox or its domain, so that its word is as good as our
	// own mail.
	Authoritative bool

	GivenName, FamilyName, Locale string // as said: not cleaned
}

// Fault is the cause of an error that an operator can fix.
type Fault struct { //nolint:errname // it is what the log calls it, and mostly a cause
	Provider string
	Step     Step
	Code     string // the OAuth error code, AADSTS number, HTTP status or our own word; never the provider's text
	Remedy   string // what to change; empty if only the provider can fix it
	Err      error  // without queries, bodies and tokens
}

// Step is where a login failed.
type Step string

// The steps.
const (
	StepDiscovery Step = "discovery"
	StepKeys      Step = "keys"
	StepCallback  Step = "callback"
	StepExchange  Step = "exchange"
	StepIDToken   Step = "id_token"
	StepProfile   Step = "profile"
)

// Error is what the log says.
func (f *Fault) Error() string {
	text := f.Provider + ": " + string(f.Step) + ": " + f.Code
	if f.Remedy != "" {
		text += ": " + f.Remedy
	}
	if f.Err != nil {
		text += ": " + f.Err.Error()
	}
	return text
}

// Unwrap is the error behind it.
func (f *Fault) Unwrap() error { return f.Err }
