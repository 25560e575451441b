package echohttp

import (
	"errors"
	"reflect"
	"strings"
	"unicode"

	"github.com/go-playground/validator/v10"

	"github.com/signet-auth/signet/domain"
)

// validation checks the shape of requests by their validate tags, and says what is wrong in the words of the wire contract.
// Library texts are never used: some repeat the value.
type validation struct {
	validate *validator.Validate
	nullable map[string]bool // members that may be null, by type and name
}

func newValidation() *validation {
	v := validator.New(validator.WithRequiredStructEnabled())
	v.RegisterTagNameFunc(wireName)
	return &validation{v, map[string]bool{}}
}

// wireName is what clients call a field.
func wireName(field reflect.StructField) string {
	for _, key := range []string{"path", "query", "formData", "json"} {
		if name, _, _ := strings.Cut(field.Tag.Get(key), ","); name != "" && name != "-" {
			return name
		}
	}
	return ""
}

func (v *validation) check(request any) error {
	err := v.validate.Struct(request)
	var failed validator.ValidationErrors
	if !errors.As(err, &failed) {
		return err
	}
	fields := make([]domain.FieldError, len(failed))
	for i, f := range failed {
		fields[i] = fieldError(wirePath(f.Namespace()), f, v.nullable[f.Namespace()])
	}
	return domain.ErrInvalidFields(fields...)
}

// wirePath removes the names of Go types, which begin with a capital, from the path of a field.
func wirePath(namespace string) string {
	parts := strings.Split(namespace, ".")[1:]
	path := make([]string, 0, len(parts))
	for _, part := range parts {
		if !unicode.IsUpper(rune(part[0])) {
			path = append(path, part)
		}
	}
	return strings.Join(path, ".")
}

func fieldError(name string, f validator.FieldError, nullable bool) domain.FieldError {
	say := func(code, text string) domain.FieldError {
		return domain.FieldError{Field: name, Code: code, Text: name + " " + text}
	}
	switch f.Tag() {
	case "required", "required_with", "required_without", "required_without_all":
		return domain.Required(name)
	case "max":
		return say("too_long", "must have at most "+f.Param()+unit(f.Kind()))
	case "min":
		return say("too_short", "must have at least "+f.Param()+unit(f.Kind()))
	case "lte":
		return say("too_large", "must be at most "+f.Param())
	case "gte":
		return say("too_small", "must be at least "+f.Param())
	case "oneof":
		words := strings.Fields(f.Param())
		if nullable {
			words = append(words, "null")
		}
		return say("invalid", "must be one of: "+strings.Join(words, ", "))
	}
	return say("invalid", "is not valid")
}

func unit(kind reflect.Kind) string {
	if kind == reflect.String {
		return " characters"
	}
	return " items"
}
