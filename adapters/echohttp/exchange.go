package echohttp

import (
	"net/http"
	"net/netip"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"
	"go.opentelemetry.io/otel/trace"

	"github.com/signet-auth/signet/domain"
)

// unmatched is the route of requests that no route took. The path itself is never a label: it may contain a token, and invented paths could
// fill the memory with metrics.
const unmatched = "unmatched"

// exchange is one request and its answer, as the kernel sees it. It is passed along as the response writer, which costs one allocation and
// no look-up.
type exchange struct {
	http.ResponseWriter
	request  http.Request // as the route sees it: a copy with the id in its context and the path in its one form
	id       string
	idValue  [1]string // id as a header value
	client   netip.Addr
	route    string // the template
	begun    time.Time
	opened   time.Duration // how long it took to begin, of an answer that lasts; 0: of others
	status   int           // 0 until the answer begins
	size     int64
	failure  error // what went wrong, for the log
	format   *FailureFormat
	admitted bool // its client's credentials were good
	gone     bool // the client hung up before the answer
	stack    []byte
	outcomes *outcomes  // of its operation
	span     trace.Span // nil without traces
}

func exchangeOf(c echo.Context) *exchange { return c.Response().Writer.(*exchange) } //nolint:forcetypeassert // ServeHTTP passed it in

// Unwrap is for http.ResponseController.
func (ex *exchange) Unwrap() http.ResponseWriter { return ex.ResponseWriter }

// WriteHeader begins the answer; the first call counts.
func (ex *exchange) WriteHeader(status int) {
	if ex.status != 0 {
		return
	}
	if status >= 200 {
		ex.status = status
	}
	ex.ResponseWriter.WriteHeader(status)
}

// Write sends a part of the answer.
func (ex *exchange) Write(b []byte) (int, error) {
	if ex.status == 0 {
		ex.WriteHeader(http.StatusOK)
	}
	n, err := ex.ResponseWriter.Write(b)
	ex.size += int64(n)
	return n, err
}

// answer sends a whole answer. It ignores errors of the connection: the client is gone.
func (ex *exchange) answer(status int, body []byte) {
	if len(body) > 0 {
		setHeader(ex.Header(), "Content-Length", strconv.Itoa(len(body)))
	}
	ex.WriteHeader(status)
	if len(body) > 0 {
		_, _ = ex.Write(body)
	}
}

// origin is where the request came from, in the form that use cases need.
func (ex *exchange) origin(r *http.Request) domain.Origin {
	return domain.Origin{IP: ex.client.String(), UserAgent: domain.Clip(r.UserAgent(), maxUserAgent), RequestID: ex.id}
}

const maxUserAgent = 300

// setHeader is Set for a key that is canonical already.
func setHeader(h http.Header, key, value string) { h[key] = []string{value} }
