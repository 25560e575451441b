package echohttp

import (
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"github.com/signet-auth/signet/domain"
)

// input reads a request into a struct, each member from its own place and from no other: json or formData from the body, path and query
// from theirs. Echo's binder mixes them, so that a member of the body could replace the id of the path. An input is made once per route.
type input struct {
	body      *shape // nil: none is read
	strict    bool
	form      []param // the fields of a form in the body, lists where a field may be repeated; not together with body
	params    []param
	validated bool // there is something to validate
}

// param is a member that comes from the path or the query.
type param struct {
	name  string
	query bool
	index []int
	kind  reflect.Kind
}

// inputOf panics when the type can't be read: that is a bug, found at start.
func inputOf(t reflect.Type, strict bool) *input {
	if t.Kind() != reflect.Struct {
		panic("echohttp: a request must be a struct, not " + t.String())
	}
	in := &input{strict: strict}
	for _, field := range reflect.VisibleFields(t) {
		if _, has := field.Tag.Lookup("validate"); has {
			in.validated = true
		}
		if name, inForm := field.Tag.Lookup("formData"); inForm {
			in.form = append(in.form, param{name: name, index: field.Index, kind: field.Type.Kind()})
		}
		path, inPath := field.Tag.Lookup("path")
		query, inQuery := field.Tag.Lookup("query")
		if !inPath && !inQuery {
			continue
		}
		if field.Tag.Get("json") != "-" {
			panic("echohttp: " + t.String() + "." + field.Name + ` needs json:"-", or the body could set it`)
		}
		p := param{name: path + query, query: inQuery, index: field.Index, kind: field.Type.Kind()}
		if !slices.Contains([]reflect.Kind{reflect.String, reflect.Int, reflect.Int64, reflect.Bool}, p.kind) {
			panic("echohttp: " + t.String() + "." + field.Name + " can't be a parameter")
		}
		in.params = append(in.params, p)
	}
	if s := shapeOf(t); len(s.names) > 0 {
		in.body = s
	}
	for _, p := range in.form {
		if in.body != nil || p.kind != reflect.String && p.kind != reflect.Slice {
			panic("echohttp: " + t.String() + " can't be read from a form: its fields are texts, or lists of texts, and json:\"-\"")
		}
	}
	return in
}

// read fills target, a pointer to the struct, and validates it.
func (in *input) read(ex *exchange, c echo.Context, target any, check *validation) error {
	r := c.Request()
	if in.body != nil {
		if err := decode(ex, r, in.body, in.strict, target); err != nil {
			return err
		}
	}
	if in.form != nil {
		if err := in.readForm(ex, r, reflect.ValueOf(target).Elem()); err != nil {
			return err
		}
	}
	if len(in.params) > 0 {
		if err := in.readParams(c, r, reflect.ValueOf(target).Elem()); err != nil {
			return err
		}
	}
	if in.validated {
		return check.check(target)
	}
	return nil
}

func (in *input) readParams(c echo.Context, r *http.Request, target reflect.Value) error {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return domain.ErrInvalidRequest.Saying("The query is malformed")
	}
	var errs []error
	for _, p := range in.params {
		field := target.FieldByIndex(p.index)
		if p.query {
			errs = append(errs, p.fromQuery(query, field))
		} else if !p.set(field, c.Param(p.name)) {
			return domain.ErrNotFound // a malformed id is an unknown one
		}
	}
	return domain.MergeFields(errs...)
}

// fromQuery reads a parameter and refuses one that was given twice, because a proxy in front may have checked the other value.
func (p param) fromQuery(query url.Values, field reflect.Value) error {
	values := query[p.name]
	var text string
	switch {
	case len(values) == 0:
		return nil
	case len(values) > 1:
		text = p.name + " must be given once"
	case !utf8.ValidString(values[0]) || strings.ContainsFunc(values[0], unicode.IsControl):
		text = p.name + " must not contain control characters"
	case !p.set(field, values[0]):
		text = p.name + " must be " + accepted(field.Type())
	default:
		return nil
	}
	return domain.ErrInvalidFields(domain.FieldError{Field: p.name, Code: "invalid", Text: text})
}

func (p param) set(field reflect.Value, text string) bool {
	switch p.kind {
	case reflect.String:
		field.SetString(text)
	case reflect.Bool:
		if text != "true" && text != "false" {
			return false
		}
		field.SetBool(text == "true")
	default:
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || field.OverflowInt(n) {
			return false
		}
		field.SetInt(n)
	}
	return true
}
