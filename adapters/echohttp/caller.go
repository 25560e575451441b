package echohttp

import (
	"net/http"

	"github.com/signet-auth/signet/domain"
)

// Caller is the caller of an operation: the actor, the origin, and what the request's headers say.
type Caller struct {
	// Actor is anonymous unless the operation authenticates.
	Actor  domain.Actor
	Origin domain.Origin
	// Bearer is the token of the Authorization header, zero when the operation reads none or none was sent.
	Bearer domain.Secret
	// Accept is the Accept header, empty when there was none.
	Accept string
	// AcceptLanguage is the Accept-Language header, empty when there was none.
	AcceptLanguage string
	// Head is true for HEAD, which must have no effect whatever GET has (RFC 9110 §9.2.1).
	Head bool

	cookies *cookies
	request *http.Request
}
