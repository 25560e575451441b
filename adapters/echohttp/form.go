package echohttp

import (
	"mime"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"unicode/utf8"

	"github.com/signet-auth/signet/domain"
)

const mediaForm = "application/x-www-form-urlencoded"

var errUnsupportedForm = refuse(http.StatusUnsupportedMediaType, errUnsupportedMedia.public.Code, "The body must be "+mediaForm+" in UTF-8")

// readForm fills the members of target (a struct) from a form, as pages without script post it. Like decode it is strict: a field that is
// given twice is refused, because a proxy in front may have checked the other value. Missing fields are left alone.
func (in *input) readForm(w http.ResponseWriter, r *http.Request, target reflect.Value) error {
	body, err := readBody(w, r)
	if err != nil || len(body) == 0 {
		return err
	}
	if !isForm(r.Header["Content-Type"]) || len(r.Header["Content-Encoding"]) > 0 {
		return errUnsupportedForm
	}
	fields, err := parseForm(string(body))
	if err != nil {
		return err
	}
	for _, p := range in.form {
		values, given := fields[p.name]
		delete(fields, p.name)
		switch {
		case !given:
		case p.kind == reflect.Slice:
			target.FieldByIndex(p.index).Set(reflect.ValueOf(values))
		case len(values) > 1:
			return errDuplicate
		default:
			target.FieldByIndex(p.index).SetString(values[0])
		}
	}
	for _, values := range fields {
		if len(values) > 1 {
			return errDuplicate
		}
	}
	if in.strict && len(fields) > 0 {
		return domain.ErrInvalidRequest.Saying("The body has an unknown field; accepted are: " + strings.Join(names(in.form), ", "))
	}
	return nil
}

// parseForm reads a form. Errors never quote it.
func parseForm(body string) (url.Values, error) {
	fields, err := url.ParseQuery(body)
	if err != nil {
		return nil, errMalformed.Saying("The body is not a valid form")
	}
	for name, values := range fields {
		for _, value := range values {
			switch {
			case !utf8.ValidString(name) || !utf8.ValidString(value):
				return nil, errNotUTF8
			case strings.ContainsRune(name, 0) || strings.ContainsRune(value, 0):
				return nil, errNUL
			}
		}
	}
	return fields, nil
}

func isForm(values []string) bool {
	if len(values) != 1 {
		return false
	}
	media, params, err := mime.ParseMediaType(values[0])
	if err != nil || media != mediaForm {
		return false
	}
	charset, given := params["charset"]
	return !given || strings.EqualFold(charset, "utf-8")
}

func names(params []param) []string {
	all := make([]string, len(params))
	for i, p := range params {
		all[i] = p.name
	}
	return all
}
