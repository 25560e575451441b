package echohttp

import (
	"encoding/json"
	"net/http"
	"slices"
)

// Answer is a result that decides more than its body. Handlers that don't need it return the body itself.
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
	Header http.Header // replaces what the kernel set, the security headers included
	// Failure is what the page or the redirect tells of: it is counted and logged like one that is answered with a problem.
	Failure error
}

// JSON makes a raw answer of a value.
func JSON(status int, value any) (Raw, error) {
	body, err := json.Marshal(value)
	return Raw{Status: status, Type: MediaJSON, Body: body}, err
}

// Redirect is a 303: what follows is a GET whatever this was, so no client sends a password on (RFC 9700 §4.12). location
// must be one that we made or allow-listed.
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
		if key == "Vary" { // the answer varies with what it varied with before, too
			values = slices.Concat(h[key], values)
		}
		h[key] = values
	}
}
