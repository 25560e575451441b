package provider

import (
	"encoding/json"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxSubject is the longest subject (OIDC Core §2), in characters.
const maxSubject = 255

// SubjectOf reads a member that identifies a person: a text of 1 to 255 printable characters, or a positive integer written in decimals.
// The integer is never converted to a float, in which two large ones could become equal. Anything else is refused, including "0": libraries
// turn a missing number into 0, which would be one account for everybody.
func SubjectOf(member any) (subject string, ok bool) {
	switch value := member.(type) {
	case string:
		subject = value
	case json.Number:
		subject = value.String()
		if strings.ContainsFunc(subject, func(r rune) bool { return r < '0' || r > '9' }) {
			return "", false
		}
	}
	if subject == "" || subject == "0" || utf8.RuneCountInString(subject) > maxSubject {
		return "", false
	}
	unfit := func(r rune) bool { return r == utf8.RuneError || !unicode.IsPrint(r) } // invalid UTF-8 would all become the same character
	if strings.ContainsFunc(subject, unfit) {
		return "", false
	}
	return subject, true
}
