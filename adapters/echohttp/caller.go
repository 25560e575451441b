package echohttp

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/signet-auth/signet/domain"
)

// Caller is the caller of an operation: the actor, the origin, and what the request's headers say.
type Caller struct {
	// Actor is anonymous unless the operation authenticates.
	Actor  domain.Actor
	Origin domain.Origin
	// ClientID is the client_id of a client that authenticated as one; with a bearer token it is empty unless the client sent it.
	ClientID string
	// Bearer is the token of the Authorization header, zero when the operation reads none or none was sent.
	Bearer domain.Secret
	// Accept is the Accept header, empty when there was none.
	Accept string
	// AcceptLanguage is the Accept-Language header, empty when there was none.
	AcceptLanguage string
	// AsOf is the number of the newest change of the feed that this replica had applied before anything was looked up, where the operation is
	// Ordered.
	AsOf int64
	// Head is true for HEAD, which must have no effect whatever GET has (RFC 9110 §9.2.1).
	Head bool

	cookies *cookies
	request *http.Request
	proxies bool // it may state the origin of the person that it acts for
}

// IfMatch are the versions that the client wants to change (RFC 9110 §13.1.1); nil when it accepts any. A value that is no version of ours
// matches none.
func (c Caller) IfMatch() []int64 {
	field := strings.Join(c.request.Header["If-Match"], ",")
	if field == "" || strings.TrimSpace(field) == "*" {
		return nil
	}
	versions := []int64{}
	for tag := range strings.SplitSeq(field, ",") {
		text := strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(tag), `"v`), `"`)
		if n, err := strconv.ParseInt(text, 10, 64); err == nil && ETag(n) == strings.TrimSpace(tag) {
			versions = append(versions, n)
		}
	}
	return versions
}

// LastEventID is where a client of server-sent events continues; empty at the beginning.
func (c Caller) LastEventID() string { return strings.Join(c.request.Header["Last-Event-Id"], ",") }

// ETag names a version of a resource.
func ETag(version int64) string { return fmt.Sprintf(`"v%d"`, version) }

// WithVersion is an answer with the version of its content.
func WithVersion[T any](body T, version int64) Answer[T] {
	return Answer[T]{Body: body, Header: http.Header{"Etag": {ETag(version)}}}
}
