package domain

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Required is the error of a member that is missing or empty; its text is part of the wire contract.
func Required(field string) FieldError {
	return FieldError{Field: field, Code: "required", Text: field + " is required"}
}

// CheckLine validates a short text of one line, such as a name: at most limit characters, no control characters and no bidirectional
// controls (with which an attacker could make a mail or an audit line look different).
func CheckLine(field, text string, limit int) error {
	if !utf8.ValidString(text) || strings.ContainsFunc(text, unprintable) {
		return ErrInvalidFields(FieldError{Field: field, Code: "invalid", Text: field + " must not contain control characters"})
	}
	if utf8.RuneCountInString(text) > limit {
		return ErrInvalidFields(FieldError{Field: field, Code: "too_long", Text: fmt.Sprintf("%s must have at most %d characters", field, limit)})
	}
	return nil
}

// Line is a text of one line as it is stored: outer white space is removed, and runs of spaces inside become one. Control characters stay,
// for CheckLine to refuse.
func Line(text string) string {
	text = strings.TrimSpace(text)
	space := func(r rune) bool { return unicode.Is(unicode.Zs, r) }
	return strings.Join(strings.FieldsFunc(text, space), " ")
}

// withoutSeparators is a code without the spaces and dashes that group it: those of any script, since phones and word processors replace
// what was typed by others (no-break spaces, en dashes).
func withoutSeparators(code string) string {
	return strings.Map(func(r rune) rune {
		if unicode.In(r, unicode.White_Space, unicode.Dash) {
			return -1
		}
		return r
	}, code)
}

// checkName validates the name of an object as it is stored. It refuses names in the form of an id, which references would treat as an id.
func checkName(name string, limit int) error {
	if name == "" {
		return ErrInvalidFields(Required("name"))
	}
	if _, isID := ParseID[string](name); isID {
		return ErrInvalidFields(FieldError{Field: "name", Code: "invalid", Text: "name must not have the form of an id (a UUID)"})
	}
	return CheckLine("name", name, limit)
}

// maxDescription is how long a description of a service, a role or a permission may be, in characters.
const maxDescription = 500

// CheckDescription validates the description of an object.
func CheckDescription(text string) error { return CheckLine("description", text, maxDescription) }

// Fold is the form of a name that uniqueness is judged by.
func Fold(name string) string { return strings.ToLower(name) }

func unprintable(r rune) bool {
	return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' || // line and paragraph separators
		r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069' // bidirectional controls
}

// Clip cuts a text that a client chose and that is only displayed (a user agent, a device name): control characters are dropped and at most
// limit characters kept, so that it can't grow rows or forge log lines.
func Clip(text string, limit int) string {
	text = strings.ToValidUTF8(text, "")
	text = strings.Map(func(r rune) rune {
		if unprintable(r) {
			return -1
		}
		return r
	}, text)
	if utf8.RuneCountInString(text) <= limit {
		return text
	}
	return string([]rune(text)[:limit])
}
