package signet

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strconv"
	"time"
)

// Forbidden says that a valid token lacks a permission.
type Forbidden struct{ Permission string } //nolint:errname // likewise

// Error names the permission.
func (f *Forbidden) Error() string { return "signet: " + f.Permission + " is needed" }

// Problem is what a caller is told who is not let through (RFC 9457, RFC 6750 §3), in Signet's own words and codes.
type Problem struct {
	Status int
	Code   string // token_missing, token_invalid, reauth_required, forbidden or unavailable
	Detail string
	Header http.Header // WWW-Authenticate, or Retry-After
	// Err is why. It is not for the caller: who is told why a token fails learns how to make one that does not.
	Err error
}

// ProblemOf is the answer to an error of Verify, Allowed, Fresh or an Admitter.
func (v *Verifier) ProblemOf(err error) Problem {
	var missing *Forbidden
	var wait *Unavailable
	var stale *StaleLogin
	p := Problem{Err: err, Header: http.Header{}}
	challenge := fmt.Sprintf("Bearer realm=%q", v.set.Audience)
	switch {
	case errors.Is(err, ErrMissing):
		p.Status, p.Code, p.Detail = http.StatusUnauthorized, "token_missing", "An access token is required"
	case errors.Is(err, ErrInvalid):
		p.Status, p.Code, p.Detail = http.StatusUnauthorized, "token_invalid", "The access token is invalid or has expired"
		challenge += `, error="invalid_token"`
	case errors.As(err, &stale):
		p.Status, p.Code, p.Detail = http.StatusUnauthorized, "reauth_required", "A fresh or stronger login is required"
		challenge += fmt.Sprintf(`, error="insufficient_user_authentication", acr_values=%q`, stale.ACR) + stale.age(", max_age=", "")
	case errors.As(err, &missing):
		p.Status, p.Code, p.Detail = http.StatusForbidden, "forbidden", "The permission "+missing.Permission+" is required"
		challenge += fmt.Sprintf(`, error="insufficient_scope", scope=%q`, missing.Permission)
	default:
		p.Status, p.Code, p.Detail = http.StatusServiceUnavailable, "unavailable", "Try again later"
		after := time.Second
		if errors.As(err, &wait) {
			after = max(after, wait.RetryAfter)
		}
		p.Header.Set("Retry-After", strconv.Itoa(int((after+time.Second-1)/time.Second)))
		return p
	}
	p.Header.Set("WWW-Authenticate", challenge)
	return p
}

// Refuse writes the answer to an error.
func (v *Verifier) Refuse(w http.ResponseWriter, r *http.Request, err error) {
	p := v.ProblemOf(err)
	if v.set.Answer != nil {
		v.set.Answer(w, r, p)
		return
	}
	p.ServeHTTP(w, r)
}

// ServeHTTP writes the problem.
func (p Problem) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	body, _ := json.Marshal(map[string]any{
		"type": "about:blank", "title": http.StatusText(p.Status), "status": p.Status, "detail": p.Detail, "message": p.Detail, "code": p.Code, "success": false,
	}) // texts, a number and a bool
	maps.Copy(w.Header(), p.Header)
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(p.Status)
	_, _ = w.Write(body)
}
