package domain

import (
	"fmt"
	"io"
)

const redacted = "[redacted]"

// Secret holds a password, token or code. It prints as "[redacted]" under every verb and in every encoding, so that a struct logged by
// mistake leaks nothing; Reveal is the only way to read it, and easy to grep for.
//
// The value is behind a pointer because fmt does not call our methods for unexported fields and for %p: there it prints an address. Don't
// compare secrets with ==, which would compare the addresses.
type Secret struct {
	_     [0]func()
	value *string // nil: empty
}

// NewSecret wraps a value.
func NewSecret(value string) Secret {
	if value == "" {
		return Secret{}
	}
	return Secret{value: &value}
}

// Reveal is the value itself. It must not reach a log, an error or a stored column.
func (s Secret) Reveal() string {
	if s.value == nil {
		return ""
	}
	return *s.value
}

// IsZero tells whether it is empty.
func (s Secret) IsZero() bool { return s.value == nil }

// Format prints the placeholder under every verb that fmt hands over, %#v and %x included.
func (Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// String is the placeholder.
func (Secret) String() string { return redacted }

// MarshalText is the placeholder: text encoders and log handlers call it.
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// MarshalJSON is the placeholder.
func (Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }
