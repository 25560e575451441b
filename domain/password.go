package domain

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// PasswordPolicy says which new passwords are accepted (NIST SP 800-63B-4 §3.1.1.2, ASVS 6.2): length only, no composition rules, nothing
// common. It does not apply at login.
type PasswordPolicy struct {
	MinLength int // in code points
	MaxLength int // in code points
	// MaxBytes is the most the configured hash takes, 72 for bcrypt; 0 means no limit of its own. More is refused, never cut.
	MaxBytes int
	// Common tells whether a password is among the known ones that attackers try first.
	Common func(password string) bool
}

// Check validates a new password for the input member of that name. context are words an attacker would try for this very
// account, such as its address; a password that is one of them is refused as common.
func (p PasswordPolicy) Check(field string, password Secret, context ...string) error {
	value := password.Reveal()
	if value == "" {
		return ErrInvalidFields(Required(field))
	}
	if !utf8.ValidString(value) || strings.ContainsRune(value, 0) {
		return ErrInvalidFields(FieldError{Field: field, Code: "invalid", Text: field + " must be valid text without NUL characters"})
	}
	length := utf8.RuneCountInString(value)
	switch {
	case length < p.MinLength:
		return passwordError(field, "password_too_short", fmt.Sprintf("%s must have at least %d characters", field, p.MinLength))
	case length > p.MaxLength:
		return passwordError(field, "password_too_long", fmt.Sprintf("%s must have at most %d characters", field, p.MaxLength))
	case p.MaxBytes > 0 && len(value) > p.MaxBytes:
		return passwordError(field, "password_too_long", fmt.Sprintf("%s must have at most %d bytes", field, p.MaxBytes))
	}
	for _, word := range context {
		if word != "" && strings.EqualFold(word, value) {
			return passwordError(field, "password_common", field+" must not be your own address or name")
		}
	}
	if p.Common != nil && p.Common(value) {
		return passwordError(field, "password_common", field+" is too common: it is among the first that attackers try")
	}
	return nil
}

// Possible tells whether a password typed at login can be correct: one that is too long for the hash gets the answer of a wrong one, at the
// same cost, and is not cut to a prefix that might match. So does one with a
// NUL, which no registration accepts.
func (p PasswordPolicy) Possible(password Secret) bool {
	value := password.Reveal()
	return value != "" && utf8.ValidString(value) && !strings.ContainsRune(value, 0) &&
		len(value) <= 4*p.MaxLength && (p.MaxBytes == 0 || len(value) <= p.MaxBytes)
}

func passwordError(field, code, text string) error {
	return ErrInvalidFields(FieldError{Field: field, Code: code, Text: text})
}
