package domain

import (
	"strconv"
	"strings"
)

// maxMetadata is how much a person may keep with their account: settings of front ends, not documents.
const maxMetadata = 8 << 10

// noMetadata is the initial value.
const noMetadata = "{}"

// NewMetadata makes what is stored of free-form JSON whose syntax the edge has checked: one object, without the white space between its
// parts; nothing is that of nobody. Numbers keep their digits, and their size counts as if they were written out: a database that writes
// them out would turn the few bytes of 1e100000 into a hundred thousand digits.
func NewMetadata(field, text string) (string, error) {
	if text == "" {
		return noMetadata, nil
	}
	tooLarge := ErrInvalidFields(FieldError{
		Field: field, Code: "too_long", Text: field + " must have at most " + strconv.Itoa(maxMetadata) + " bytes, with its numbers written out",
	})
	if len(text) > maxMetadata {
		return "", tooLarge
	}
	compact, written := compactJSON(text)
	if written > maxMetadata {
		return "", tooLarge
	}
	if compact == "" || compact[0] != '{' {
		return "", ErrInvalidFields(FieldError{Field: field, Code: "invalid_type", Text: field + " must be an object"})
	}
	return compact, nil
}

// compactJSON drops white space between tokens, and says how long the text is with its numbers written out.
func compactJSON(text string) (compact string, written int) {
	var out strings.Builder
	for i := 0; i < len(text); {
		end := i + 1
		switch c := text[i]; {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			i = end
			continue
		case c == '"':
			end = endOfString(text, i)
		case c == '-' || c >= '0' && c <= '9':
			for end < len(text) && strings.IndexByte("0123456789+-.eE", text[end]) >= 0 {
				end++
			}
			written += exponent(text[i:end])
		}
		out.WriteString(text[i:end])
		i = end
	}
	return out.String(), written + out.Len()
}

// endOfString is the end of the string that begins at i.
func endOfString(text string, i int) int {
	for i++; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(text)
}

// exponent is by how many places a number moves its point, either way.
func exponent(number string) int {
	at := strings.IndexAny(number, "eE")
	if at < 0 {
		return 0
	}
	digits := strings.TrimLeft(strings.TrimLeft(number[at+1:], "+-"), "0")
	if digits == "" {
		return 0
	}
	if len(digits) > 6 {
		return 2 * maxMetadata // far beyond any bound, and the sum of many still fits an int
	}
	n, _ := strconv.Atoi(digits)
	return n
}
