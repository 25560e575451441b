package echohttp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/signet-auth/signet/api"
	"github.com/signet-auth/signet/domain"
)

// statuses is the only table that maps kinds of failures to statuses.
var statuses = [...]int{
	domain.Internal:        http.StatusInternalServerError,
	domain.Invalid:         http.StatusBadRequest,
	domain.Unauthenticated: http.StatusUnauthorized,
	domain.Forbidden:       http.StatusForbidden,
	domain.NotFound:        http.StatusNotFound,
	domain.Conflict:        http.StatusConflict,
	domain.Stale:           http.StatusPreconditionFailed,
	domain.Limited:         http.StatusTooManyRequests,
	domain.Unavailable:     http.StatusServiceUnavailable,
	domain.Upstream:        http.StatusBadGateway,
}

// refusal is a failure that only HTTP knows, so its status does not come from an error kind.
type refusal struct {
	status int
	public *domain.Error
}

func (r *refusal) Error() string { return r.public.Error() }

func refuse(status int, code, text string) *refusal {
	return &refusal{status, &domain.Error{Kind: domain.Invalid, Code: code, Text: text}}
}

var (
	errMethodNotAllowed = refuse(http.StatusMethodNotAllowed, api.CodeMethodNotAllowed, "This path does not take that method; the Allow header says which ones it takes")
	errBodyTooLarge     = refuse(http.StatusRequestEntityTooLarge, api.CodeBodyTooLarge, "The body is too large; at most 64 KB are accepted")
	errUnsupportedMedia = refuse(http.StatusUnsupportedMediaType, api.CodeUnsupportedMediaType, "The body must be application/json in UTF-8")
)

// statusClientGone marks, in logs and metrics only, that the client hung up before the answer.
const statusClientGone = 499

// Classify finds the status of any error, and the error that clients may see. An unknown error becomes an internal one, whose text clients
// never see.
func Classify(err error) (int, *domain.Error) {
	if refused, ok := errors.AsType[*refusal](err); ok {
		return refused.status, refused.public
	}
	var known *domain.Error
	if errors.As(err, &known) && int(known.Kind) < len(statuses) {
		if known.Kind == domain.Internal {
			return http.StatusInternalServerError, domain.ErrInternal
		}
		return statuses[known.Kind], known
	}
	if routing, ok := errors.AsType[*echo.HTTPError](err); ok {
		switch routing.Code {
		case http.StatusNotFound:
			return http.StatusNotFound, domain.ErrNotFound
		case http.StatusMethodNotAllowed:
			return errMethodNotAllowed.status, errMethodNotAllowed.public
		}
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return http.StatusServiceUnavailable, domain.ErrUnavailable
	}
	return http.StatusInternalServerError, domain.ErrInternal
}

// fail answers with a problem (RFC 9457). Once an answer has begun, the error is only logged.
func fail(ex *exchange, r *http.Request, err error) {
	ex.failure = err
	if ex.status != 0 {
		return
	}
	// The request is answered all the same: a client that closed only its sending half still reads, and net/http would send it 200.
	ex.gone = errors.Is(r.Context().Err(), context.Canceled)
	status, public := Classify(err)
	h := ex.Header()
	var content any = problem(status, public, ex.id)
	setHeader(h, "Content-Type", api.ProblemMediaType)
	setHeader(h, "Cache-Control", "no-store")
	SetFailureHeaders(h, status, public)
	if ex.format != nil {
		var header http.Header
		content, header = ex.format.Render(ex.id, status, public)
		setHeader(h, "Content-Type", MediaJSON)
		replaceHeaders(h, header)
	}
	if invalid, ok := errors.AsType[*invalidCookieError](err); ok {
		http.SetCookie(ex.ResponseWriter, invalid.cleared)
	}
	body, err := json.Marshal(content)
	if err != nil {
		ex.failure = errors.Join(ex.failure, err)
	}
	ex.answer(status, body)
}

func problem(status int, e *domain.Error, requestID string) api.Problem {
	p := api.Problem{
		Type: api.ProblemType(e.Code), Title: title(e.Code), Status: status, Detail: e.Text, Code: e.Code,
		RequestID: requestID, Message: e.Text, NeedsVerification: e.Code == api.CodeEmailNotVerified,
	}
	fact := func(name string) *int {
		if n, ok := e.Facts[name]; ok {
			return &n
		}
		return nil
	}
	p.Limit, p.Holders, p.IncludedBy, p.Roles = fact(domain.FactLimit), fact(domain.FactHolders), fact(domain.FactIncludedBy), fact(domain.FactRoles)
	p.TriesLeft = fact(domain.FactTriesLeft)
	if c := e.Challenge; c != nil {
		p.Challenge, p.Methods, p.ExpiresIn = c.Token.Reveal(), c.Ways, int64(c.TTL/time.Second)
	}
	if e.Demand != nil {
		p.ACR, p.MaxAge, p.Methods = e.Demand.Level.String(), int64(e.Demand.MaxAge/time.Second), e.Demand.Ways
	}
	for _, f := range e.Fields {
		p.Errors = append(p.Errors, api.FieldProblem{Field: f.Field, Code: f.Code, Message: f.Text})
	}
	return p
}

// title is the same for every problem of a code, as RFC 9457 §3.1.3 asks: the code itself, for a person.
func title(code string) string {
	words := strings.ReplaceAll(code, "_", " ")
	if words == "" {
		return ""
	}
	return strings.ToUpper(words[:1]) + words[1:]
}

// SetFailureHeaders sets what a failure has in its headers: the challenge, when to try again, and the state of the limit.
func SetFailureHeaders(h http.Header, status int, e *domain.Error) {
	switch status {
	case http.StatusUnauthorized:
		setHeader(h, "Www-Authenticate", challenge(e.Code))
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		setHeader(h, "Retry-After", seconds(max(e.RetryAfter, time.Second)))
	}
	if d := e.Demand; d != nil && e.Kind == domain.Forbidden { // RFC 9470 §3; with 403, because clients answer a 401 by a refresh, which never helps here
		asked := fmt.Sprintf(`Bearer error="insufficient_user_authentication", acr_values=%q`, d.Level)
		if d.MaxAge > 0 {
			asked += fmt.Sprintf(", max_age=%d", int64(d.MaxAge/time.Second))
		}
		setHeader(h, "Www-Authenticate", asked)
	}
	if q := e.Quota; q != nil {
		setHeader(h, "Ratelimit-Limit", strconv.Itoa(q.Limit))
		setHeader(h, "Ratelimit-Remaining", strconv.Itoa(q.Remaining))
		setHeader(h, "Ratelimit-Reset", seconds(q.Reset))
	}
}

// challenge is RFC 6750 §3: no error code when no credentials were sent.
func challenge(code string) string {
	if code == api.CodeTokenInvalid {
		return `Bearer realm="signet", error="invalid_token"`
	}
	return `Bearer realm="signet"`
}

// seconds rounds up: a client that waits that long has waited enough.
func seconds(d time.Duration) string {
	return strconv.FormatInt(int64((d+time.Second-1)/time.Second), 10)
}
