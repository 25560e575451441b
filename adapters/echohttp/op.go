package echohttp

import (
	"net/http"
	"time"

	"github.com/signet-auth/signet/domain"
)

// Auth says which credentials an operation reads from the Authorization header.
type Auth uint8

const (
	// NoAuth does not look at the header.
	NoAuth Auth = iota
	// BearerAuth wants a live access token: without one the operation is not called.
	BearerAuth
	// OptionalAuth authenticates a token if one was sent. An invalid token is refused, not ignored.
	OptionalAuth
	// AppTokenAuth wants a live application token itself, as bearer or in X-App-Token.
	AppTokenAuth
	// ClientAuth wants an application token as the secret of a client (RFC 6749 §2.3.1): by HTTP Basic, or in the form of a request that is a
	// ClientForm. It is checked after the request was read.
	ClientAuth
	// ClientOrBearerAuth also accepts it as bearer, or an access token.
	ClientOrBearerAuth
	// UnverifiedAuth passes the token unchecked in Caller.Bearer, for the use case to judge: a refresh token, or an expired access token.
	UnverifiedAuth
)

// Op declares an operation beyond its method, path and types. It is documentation and behaviour at once.
type Op struct {
	ID      string // unique, for generated clients
	Summary string
	// Description may be empty.
	Description string
	Tag         string
	Auth        Auth
	// AppTokenHeader lets the application token of a service come in X-App-Token instead of the Authorization header.
	AppTokenHeader bool
	// Proxied lets a back end act for a person: with its application token in X-App-Token, the address and the user agent that a
	// ProxiedRequest names become those of the origin.
	Proxied bool
	// Status of a success; 0 means 200.
	Status int
	// OtherStatuses are further ones of a success, which an [Answer] may have, for the document.
	OtherStatuses []int
	// Unenrolled opens the operation to users who must add a second factor first (domain.Actor.MustEnrol); the others are closed to them.
	Unenrolled bool
	// Strict refuses unknown members of the body. Operations of the original service ignore them.
	Strict bool
	// Unmetered exempts valid use from the limits of the API, for operations that services call for each of their own requests.
	Unmetered bool
	// UnmeteredForServices exempts only services.
	UnmeteredForServices bool
	// Navigation is for browsers that are sent here, by a link or a redirect: no page of another origin may read the answer (it gets no CORS
	// headers), a page that opened a window keeps its reference to it, and HEAD is refused, because GET has an effect.
	Navigation bool
	// ServicesOnly is for back ends: no page of another origin may read the answer, and HEAD is refused.
	ServicesOnly bool
	// Ordered answers say up to which change of the feed they are complete (Caller.AsOf), and wait for the one that the header Signet-After
	// names.
	Ordered bool
	// Timeout is the deadline of the context; 0 means that of the API.
	Timeout time.Duration
	// Errors are those of the use case, for the document. What the kernel itself may answer is added.
	Errors []*domain.Error
	// Produces are the answers of HandleRaw, for the document.
	Produces []Content
	// Failures is the format of failures; nil: problems.
	Failures *FailureFormat
	// FailurePage, if not nil, answers people with a page for failures that the operation itself has no page for, mainly a form that could not
	// be read. It returns whether a person asked; all other clients get a problem.
	FailurePage func(caller Caller, status int, failure *domain.Error) (page Raw, ok bool)
	// Hidden operations are not in the document.
	Hidden bool
}

func (op Op) status() int {
	if op.Status == 0 {
		return http.StatusOK
	}
	return op.Status
}

// isClient tells whether the operation accepts a client's credentials.
func (op Op) isClient() bool { return op.Auth == ClientAuth || op.Auth == ClientOrBearerAuth }

// FailureFormat is how the operations of a standard say what went wrong.
type FailureFormat struct {
	Body   any // a sample, for the document
	Render func(requestID string, status int, e *domain.Error) (body any, header http.Header)
}

// Content is one answer that HandleRaw may give.
type Content struct {
	Status      int // 0 means 200
	Description string
	Type        string // media type; empty means no body
	Body        any    // a sample of the type, for JSON
}
