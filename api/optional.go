package api

import "encoding/json"

// Optional is a member of a PATCH: absent keeps what is there, null clears it, and so does an empty value where the member's rules allow one.
// A pointer could not tell absent from null.
type Optional[T any] struct {
	Given bool
	Null  bool // it was given as null
	Value T    // zero for null
}

// Pointer is nil for an absent member.
func (o Optional[T]) Pointer() *T {
	if !o.Given {
		return nil
	}
	return &o.Value
}

// Member is the value and whether one was given that is not null, for those who describe and validate bodies by reflection.
func (o Optional[T]) Member() (value any, given bool) { return o.Value, o.Given && !o.Null }

// IsZero makes the tag omitzero leave an absent member out.
func (o Optional[T]) IsZero() bool { return !o.Given }

// MarshalJSON writes the value.
func (o Optional[T]) MarshalJSON() ([]byte, error) { return json.Marshal(o.Value) }

// UnmarshalJSON is called for members that are there, null included.
func (o *Optional[T]) UnmarshalJSON(data []byte) error {
	*o = Optional[T]{Given: true}
	if string(data) == "null" {
		o.Null = true // a json.RawMessage would keep the word
		return nil
	}
	return json.Unmarshal(data, &o.Value)
}
