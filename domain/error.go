package domain

import (
	"errors"
	"maps"
	"strings"
	"time"
)

// Kind says what sort of failure an Error is; the HTTP adapter maps kinds to statuses in one table.
type Kind uint8

// The kinds. The zero value is Internal, so an error that nobody classified is never shown to a client.
const (
	Internal Kind = iota
	Invalid
	Unauthenticated
	Forbidden
	NotFound
	Conflict
	Stale // the version is not the one that the client named
	Limited
	Unavailable
	Upstream // a provider returned an unusable answer
)

// Error is a failure with a stable code for programs, a text fit for the client, and a private cause for the log.
type Error struct {
	Kind   Kind
	Code   string
	Text   string
	Fields []FieldError
	// RetryAfter is how long the client should wait; set with Limited and Unavailable.
	RetryAfter time.Duration
	// Quota tells which limit was hit; set with Limited.
	Quota *Quota
	// Demand is the login that would be enough; set with ErrReauthRequired and ErrNoFactor.
	Demand *Demand
	// Challenge is how the login goes on; set with ErrMFARequired.
	Challenge *Challenge
	// Facts are further values for programs, by their names in the answer.
	Facts map[string]int

	cause error
}

// FieldError says what is wrong with one member of the input and what is accepted. It never repeats the value.
type FieldError struct{ Field, Code, Text string }

// Quota is the state of a limit, for RateLimit headers.
type Quota struct {
	Limit     int
	Remaining int
	Window    time.Duration
	Reset     time.Duration
}

// Error is the client's text and, behind it, the cause, for logs.
func (e *Error) Error() string {
	if e.cause == nil {
		return e.Code + ": " + e.Text
	}
	return e.Code + ": " + e.Text + ": " + e.cause.Error()
}

// Unwrap is the private cause.
func (e *Error) Unwrap() error { return e.cause }

// Is matches errors of the same kind and code, whatever their text or cause.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Kind == e.Kind && t.Code == e.Code
}

// Because is a copy of e with a private cause.
func (e *Error) Because(cause error) *Error {
	c := *e
	c.cause = cause
	return &c
}

// Saying is a copy of e with another text for the client.
func (e *Error) Saying(text string) *Error {
	c := *e
	c.Text = text
	return &c
}

// The facts.
const (
	FactLimit      = "limit"       // of limit_reached: how many there may be
	FactHolders    = "holders"     // of role_in_use: how many hold the role, counted to 1 000
	FactIncludedBy = "included_by" // of role_in_use: how many roles include it
	FactRoles      = "roles"       // of permission_in_use: how many roles name it
	FactTriesLeft  = "tries_left"  // of invalid_code at a challenge: how many more it takes
)

// Noting is a copy of e with a fact for programs.
func (e *Error) Noting(name string, value int) *Error {
	c := *e
	c.Facts = maps.Clone(e.Facts)
	if c.Facts == nil {
		c.Facts = map[string]int{}
	}
	c.Facts[name] = value
	return &c
}

// Demanding is a copy of e that says which login would be enough.
func (e *Error) Demanding(d Demand) *Error {
	c := *e
	c.Demand = &d
	return &c
}

// Challenging is a copy of e that says how the login goes on.
func (e *Error) Challenging(ch Challenge) *Error {
	c := *e
	c.Challenge = &ch
	return &c
}

// In is a copy of e about one member of the input.
func (e *Error) In(field, code, text string) *Error {
	c := *e
	c.Fields = []FieldError{{Field: field, Code: code, Text: text}}
	return &c
}

// After is a copy of e that asks the client to wait.
func (e *Error) After(d time.Duration) *Error {
	c := *e
	c.RetryAfter = d
	return &c
}

// RefusalCode is the code of an error that kept an actor from gaining rights, from acting on a principal with more rights, or from removing
// the last administrator; empty for any other. These refusals are events of the audit log, because an attack from inside looks like this.
func RefusalCode(err error) string {
	for _, refusal := range []error{ErrTargetOutranks, ErrLastAdmin, ErrNotCovered} {
		var e *Error
		if errors.Is(err, refusal) && errors.As(err, &e) {
			return e.Code
		}
	}
	return ""
}

// ErrInvalidFields is the error of one or more bad members of the input. One member keeps its own code if it has a documented one (such as
// password_too_short) and is invalid_request otherwise; several are validation_failed. The members are named in either
// case.
func ErrInvalidFields(fields ...FieldError) *Error {
	texts := make([]string, len(fields))
	for i, f := range fields {
		texts[i] = f.Text
	}
	e := &Error{Kind: Invalid, Code: "validation_failed", Text: strings.Join(texts, "; "), Fields: fields}
	if len(fields) == 1 {
		e.Code = "invalid_request"
		if strings.HasPrefix(fields[0].Code, "password_") {
			e.Code = fields[0].Code
		}
	}
	return e
}

// MergeFields joins the field errors of several checks into one error, or nil when none failed. Any other error among them is returned as
// it is, since the client did not cause it.
func MergeFields(errs ...error) error {
	var fields []FieldError
	for _, err := range errs {
		if err == nil {
			continue
		}
		var e *Error
		if !errors.As(err, &e) || len(e.Fields) == 0 {
			return err
		}
		fields = append(fields, e.Fields...)
	}
	if len(fields) == 0 {
		return nil
	}
	return ErrInvalidFields(fields...)
}

// TextOf is the text of an error that clients may see; empty for one that they may not.
func TextOf(err error) string {
	var e *Error
	if errors.As(err, &e) && e.Kind != Internal {
		return e.Text
	}
	return ""
}
