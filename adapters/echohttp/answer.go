package echohttp

import (
	"encoding/json"
	"net/http"
	"slices"
)

// Answer is a result that sets more than the body. Handlers that don't need this return the body itself.
type Answer[T any] struct {
	Body    T
	Status  int // 0 means the operation's
	Header  http.Header
	Cookies []*http.Cookie
}

func (a Answer[T]) answer() (status int, header http.Header, cookies []*http.Cookie, body any) {
	return a.Status, a.Header, a.Cookies, a.Body
}

func (Answer[T]) sample() any { return new(T) }

// Raw is an answer that is not JSON of a fixed type: a page, a redirect, a document made before.
type Raw struct {
	Status int    // 0 means the operation's
	Type   string // media type; empty means no body
	Body   []byte
	Header http.Header // replaces headers that the kernel set, including the security headers
	// Failure is the error that the page or redirect reports: it is counted and logged like one that is answered with a problem.
	Failure error
}

// JSON turns a value into a raw answer.
func JSON(status int, value any) (Raw, error) {
	body, err := json.Marshal(value)
	return Raw{Status: status, Type: MediaJSON, Body: body}, err
}

// Redirect is a 303: the next request is a GET whatever this one was, so no client sends a password on (RFC 9700 §4.12). location must be
// an address that we made or that is on the allow-list.
func Redirect(location string) Raw {
	return Raw{Status: http.StatusSeeOther, Header: http.Header{"Location": {location}}}
}

// MediaJSON is the media type of answers that are not problems.
const MediaJSON = "application/json"

// reply sends a success as JSON.
func reply(ex *exchange, status int, result any) error {
	h := ex.Header()
	if a, ok := result.(interface {
		answer() (int, http.Header, []*http.Cookie, any)
	}); ok {
		own, header, cookies, body := a.answer()
		if own != 0 {
			status = own
		}
		replaceHeaders(h, header)
		for _, cookie := range cookies {
			http.SetCookie(ex.ResponseWriter, cookie)
		}
		result = body
	}
	body, err := json.Marshal(result)
	if err != nil {
		return err
	}
	h["Content-Type"] = jsonType
	ex.answer(status, body)
	return nil
}

var jsonType = []string{MediaJSON} // shared by all answers: header values are replaced, never changed

func replyRaw(ex *exchange, status int, raw Raw) {
	if raw.Status != 0 {
		status = raw.Status
	}
	h := ex.Header()
	if raw.Type != "" {
		setHeader(h, "Content-Type", raw.Type)
	}
	replaceHeaders(h, raw.Header)
	ex.answer(status, raw.Body)
}

func replaceHeaders(h, with http.Header) {
	for key, values := range with {
		key = http.CanonicalHeaderKey(key)
		if key == "Vary" { // keep what the answer already varies with
			values = slices.Concat(h[key], values)
		}
		h[key] = values
	}
}
