package idp

import (
	"net/http"
	"net/url"
)

// Dialect is a way of speaking.
type Dialect string

// The dialects.
const (
	Google    Dialect = "google"
	Microsoft Dialect = "microsoft"
	Apple     Dialect = "apple"
	Discord   Dialect = "discord"
	GitHub    Dialect = "github"
	GitLab    Dialect = "gitlab"
	Facebook  Dialect = "facebook"
	Generic   Dialect = "generic" // OpenID Connect with discovery
)

// dialect is how a provider differs from the others.
type dialect struct {
	title string
	// pinned paths begin with their hosts, others stand below /issuers/name.
	pinned bool
	paths  map[Endpoint][]string
	// issuer is the pinned one.
	issuer string
	// subject makes an account's name of a seed; field is what it is called, flag what says that the address was proved.
	subject     func(seed string) string
	field, flag string
	home        string // a domain whose mailboxes it runs

	formPost bool // it answers by POST
	signed   bool // the client's secret is a token that it signs (Apple)
	tenants  bool // a path has a tenant, which takes some people only (Microsoft)
	promises bool // every callback has an iss, one that brings an error too (RFC 9207)
	// codes begins every code.
	codes string
	// formEncoded are token answers for those that don't ask for JSON.
	formEncoded bool
	// fragment ends the address of every callback.
	fragment string
	// claims are those of the id_token besides iss, aud, iat, exp and nonce. nil: there is no id_token, or not without openid.
	claims func(p *Provider, g *grant) Object
	// documents are read with an access token.
	documents map[Endpoint]func(p *Provider, g *grant, r *http.Request) any
	// granted are further members of a token answer.
	granted func(p *Provider, g *grant) Object
	// extra are further parameters of a callback that brings a code.
	extra func(p *Provider, g *grant) url.Values
	// denied are the parameters of a callback that says no; nil: error and error_description.
	denied func(code, text string) url.Values
	// refusal is how the token endpoint says no.
	refusal func(why Refusal) (status int, body Object)
	// unauthorized is how documents say no to a token.
	unauthorized func() (status int, body any)
	// admits refuses requests that the real one blocks before it reads them.
	admits func(r *http.Request) bool
}

func (d Dialect) table(name string) dialect {
	var t dialect
	switch d {
	case Google:
		t = google()
	case Microsoft:
		t = microsoft()
	case Apple:
		t = apple()
	case Discord:
		t = discord()
	case GitHub:
		t = github(name != string(GitHub))
	case GitLab:
		t = gitlab()
	case Facebook:
		t = facebook()
	default:
		t = generic(name)
	}
	if t.refusal == nil {
		t.refusal = oauthRefusal
	}
	if t.unauthorized == nil {
		t.unauthorized = func() (int, any) {
			return http.StatusUnauthorized, Object{"error": "invalid_token", "error_description": "The access token is invalid."}
		}
	}
	return t
}

// Refusal is why the token endpoint says no.
type Refusal string

// The refusals. Providers have their own words for them, as far as they tell them apart.
const (
	WrongClient   Refusal = "wrong_client" // id or secret
	EndedSecret   Refusal = "ended_secret"
	WrongCode     Refusal = "wrong_code" // unknown, or ended
	UsedCode      Refusal = "used_code"
	WrongRedirect Refusal = "wrong_redirect"
	WrongVerifier Refusal = "wrong_verifier"
	WrongGrant    Refusal = "wrong_grant" // a grant_type that nobody offers
	Unavailable   Refusal = "unavailable"
)

// oauthRefusal says no as RFC 6749 §5.2 does.
func oauthRefusal(why Refusal) (int, Object) {
	switch why {
	case WrongClient, EndedSecret:
		return http.StatusUnauthorized, Object{"error": "invalid_client", "error_description": "Client authentication failed."}
	case WrongGrant:
		return http.StatusBadRequest, Object{"error": "unsupported_grant_type"}
	case Unavailable:
		return http.StatusServiceUnavailable, Object{"error": "temporarily_unavailable"}
	case WrongRedirect:
		return http.StatusBadRequest, Object{"error": "invalid_grant", "error_description": "The redirect_uri is not that of the request."}
	case WrongVerifier:
		return http.StatusBadRequest, Object{"error": "invalid_grant", "error_description": "PKCE verification failed."}
	default:
		return http.StatusBadRequest, Object{"error": "invalid_grant", "error_description": "The code is not valid."}
	}
}

// described are the usual parameters of a callback that says no (RFC 6749 §4.1.2.1).
func described(code, text string) url.Values {
	v := url.Values{"error": {code}}
	if text != "" {
		v.Set("error_description", text)
	}
	return v
}
