package echohttp

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"reflect"
	"strings"

	"github.com/signet-auth/signet/domain"
)

// maxBody is how much of a body is read (ASVS 5.0 1.5.3): the largest legal request is a tenth of it.
const maxBody = 64 << 10

// decode reads a JSON body into target (a pointer), strictly: scan says what is refused. Members that are missing are left
// alone, and so is everything when there is no body; the validation that follows names what is required.
func decode(w http.ResponseWriter, r *http.Request, s *shape, strict bool, target any) error {
	body, err := readBody(w, r)
	if err != nil || len(body) == 0 {
		return err
	}
	if !isJSON(r.Header["Content-Type"]) || len(r.Header["Content-Encoding"]) > 0 {
		return errUnsupportedMedia
	}
	return unmarshal(body, s, strict, target)
}

// readBody returns nothing when there is no body.
func readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	if r.Body == nil || r.Body == http.NoBody || r.ContentLength == 0 {
		return nil, nil
	}
	if r.ContentLength > maxBody {
		return nil, tooLarge(w, r)
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	switch {
	case err != nil:
		return nil, errMalformed.Saying("The body could not be read").Because(err)
	case len(body) > maxBody:
		return nil, tooLarge(w, r)
	}
	return body, nil
}

func unmarshal(body []byte, s *shape, strict bool, target any) error {
	if err := scan(body, s, strict); err != nil {
		return err
	}
	err := json.Unmarshal(body, target)
	var mismatch *json.UnmarshalTypeError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &mismatch) && mismatch.Field != "":
		return domain.ErrInvalidFields(domain.FieldError{
			Field: mismatch.Field, Code: "invalid_type", Text: mismatch.Field + " must be " + accepted(mismatch.Type),
		})
	default:
		// Only types that decode themselves are left; their errors may quote the value.
		return errMalformed.Saying("A member of the body has a value that is not accepted").Because(errors.New("json: own decoding failed"))
	}
}

// maxThrownAway is how much of a body that is too large is read, and thrown away. Closing a connection while the client still sends resets
// it, and many clients then lose the answer.
const maxThrownAway = 1 << 20

// tooLarge reads the rest, within bounds of size and, by the server's read timeout, of time; a client that waits for permission to send
// (RFC 9110 §10.1.1) sends nothing. A body that is even larger closes the connection.
func tooLarge(w http.ResponseWriter, r *http.Request) error {
	if r.Header.Get("Expect") == "" {
		_, _ = io.CopyN(io.Discard, r.Body, maxThrownAway) // an error only concerns the client
	}
	setHeader(w.Header(), "Connection", "close")
	return errBodyTooLarge
}

// isJSON accepts exactly one Content-Type: application/json or a +json type, with no charset but utf-8 (RFC 8259 §8.1). A
// browser form on another site can't send these without asking first (UI-2).
func isJSON(values []string) bool {
	if len(values) != 1 {
		return false
	}
	if values[0] == "application/json" {
		return true
	}
	media, params, err := mime.ParseMediaType(values[0])
	if err != nil || !strings.HasPrefix(media, "application/") {
		return false
	}
	if charset, given := params["charset"]; given && !strings.EqualFold(charset, "utf-8") {
		return false
	}
	return media == "application/json" || strings.HasSuffix(media, "+json")
}

// accepted says in words which JSON a Go type accepts.
func accepted(t reflect.Type) string {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch t.Kind() {
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "true or false"
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return "an integer in range"
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return "a non-negative integer in range"
	case reflect.Float32, reflect.Float64:
		return "a number in range"
	case reflect.Slice, reflect.Array:
		return "an array"
	default:
		return "an object"
	}
}
