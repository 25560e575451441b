// Package provider is the port to the services by which people log in: OpenID providers (OIDC Core) and OAuth 2.0 ones (RFC 6749) with
// a profile.
//
//	Begin ─► the browser goes to the provider ─► the callback's parameters ─► Complete ─► who it is, and what the address is worth
//
// A Provider speaks the protocol and keeps nothing of an attempt: state, nonce and verifier are the caller's, who also decides what
// becomes of the answer. No token of a provider leaves an adapter.
package provider

import (
	"context"

	"github.com/signet-auth/signet/domain"
)

// Provider is one configured provider. Safe for concurrent use.
type Provider interface {
	// Info is what is known of it without asking it.
	Info() Info
	// Owns tells without asking it whether it is the provider of identities of that issuer (Profile.Issuer): those of any tenant that may
	// log in, say, and also after it got another name here.
	Owns(issuer string) bool
	// Begin is the URL that the browser is sent to: response_type=code, PKCE S256 of the attempt's verifier where the provider takes it,
	// the nonce where there is an id_token. domain.ErrProviderUnavailable when its metadata is not known yet and can't be had.
	Begin(ctx context.Context, a Attempt) (string, error)
	// Complete reads the callback's parameters, exchanges the code and says who the person is. It asks the provider at most once to
	// exchange the code: a second call of the same attempt is a second exchange.
	//
	//   - domain.ErrInvalidState: `iss` is another's (RFC 9207), or is missing beside a code where the metadata promises it
	//   - domain.ErrAccessDenied: the person or the provider said no
	//   - domain.ErrAccountNotAllowed: by the settings (tenant, hosted domain) or by the provider's
	//   - domain.ErrInvalidRequest: neither a code nor an error, or a code that is too long
	//   - domain.ErrProviderFailed: what it answered can't be believed or used
	//   - domain.ErrProviderUnavailable, with RetryAfter: network, time, 5xx
	//   - domain.ErrBusy: too many calls of this provider are under way
	//
	// The cause behind these is a Fault where an operator can do something about it. The provider's own text is in no error.
	Complete(ctx context.Context, a Attempt, answer Answer) (Profile, error)
}

// Info is what is known of a provider without asking it.
type Info struct {
	Name        string // in paths and settings: `[a-z][a-z0-9-]{0,31}`
	DisplayName string
	Issuer      string // as configured or pinned; an identity's issuer is Profile.Issuer
	ClientID    string
	Callback    string // what is registered at the provider, letter for letter
	FormPost    bool   // it answers by a POST from its own site (Apple)
	SignUp      bool   // strangers may get an account by it
}

// Attempt is one try of one browser: what Begin sends and Complete holds the answer against.
type Attempt struct {
	State    string
	Nonce    string
	Verifier domain.Secret // PKCE, RFC 7636
	Prompt   string        // select_account, login, consent, or empty; left out where the provider has none of it
	Hint     string        // login_hint, or empty
}

// Answer is what came back through the browser: parameters of the callback, each at most once. Anybody can have made them up.
type Answer struct {
	Code             domain.Secret
	Issuer           string // iss
	Error            string // error, or empty
	ErrorCode        string // error_code (Facebook)
	ErrorDescription string // only searched for numbers of the provider's (AADSTS), never shown
	User             string // Apple's form field: a name, unsigned
}

// Profile is who the provider says the person is. (Issuer, Subject) is the key: an address never is.
type Profile struct {
	Issuer  string // of the id_token, or the constant of a provider without one
	Subject string // 1 to 255 printable characters
	// Email is the address as it was said, empty where there is none, or what can't be one (domain.ParseEmail). What is not Proved is only
	// shown.
	Email string
	// Proved: the provider says in this login that the mailbox was proved. Address and flag are of one document.
	Proved bool
	// Authoritative: proved, and the provider also runs the mailbox or its domain, so that its word is as good as a mail of ours.
	Authoritative bool

	GivenName, FamilyName, Locale string // as said: not cleaned
}

// Fault is the cause behind an error that an operator can do something about.
type Fault struct { //nolint:errname // it is what the log calls it, and mostly a cause
	Provider string
	Step     Step
	Code     string // the OAuth error code, AADSTS number, HTTP status or a word of ours; never the provider's text
	Remedy   string // what to change, empty when only the provider can
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
