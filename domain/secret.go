package domain

import (
	"fmt"
	"io"
)

const redacted = "[redacted]"

// Secret holds a password, token or code. It prints as "[redacted]" under every verb and in every encoding, so that a struct
// logged in haste leaks nothing; Reveal is the one way out, and easy to grep for.
type Secret struct{ value string }

// NewSecret wraps a value.
func NewSecret(value string) Secret { return Secret{value: value} }

// Reveal is the value itself. It must not reach a log, an error or a stored column.
func (s Secret) Reveal() string { return s.value }

// IsZero tells whether there is nothing in it.
func (s Secret) IsZero() bool { return s.value == "" }

// Format prints the placeholder under every verb, %#v and %x included.
func (Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// String is the placeholder.
func (Secret) String() string { return redacted }

// MarshalText is the placeholder: text encoders and log handlers call it.
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// MarshalJSON is the placeholder.
func (Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }
