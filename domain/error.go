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

// The failures that more than one use case answers with. Compare with errors.Is.
var (
	ErrInvalidRequest      = &Error{Kind: Invalid, Code: "invalid_request", Text: "The request is not valid"}
	ErrInvalidToken        = &Error{Kind: Invalid, Code: "invalid_token", Text: "Invalid or expired token"}
	ErrInvalidCursor       = &Error{Kind: Invalid, Code: "invalid_cursor", Text: "The cursor is not one of this list. Begin without one, and take next_cursor from the answer"}
	ErrInvalidState        = &Error{Kind: Invalid, Code: "invalid_state", Text: "This login has ended, or began in another browser. Begin again"}
	ErrUnknownService      = &Error{Kind: Invalid, Code: "unknown_service", Text: "Unknown or inactive service"}
	ErrInvalidCredentials  = &Error{Kind: Unauthenticated, Code: "invalid_credentials", Text: "Invalid email or password"}
	ErrInvalidClient       = &Error{Kind: Unauthenticated, Code: "invalid_client", Text: "Authenticate with the service's key and an application token of it"}
	ErrTokenMissing        = &Error{Kind: Unauthenticated, Code: "token_missing", Text: "A bearer token is required in the Authorization header"}
	ErrTokenInvalid        = &Error{Kind: Unauthenticated, Code: "token_invalid", Text: "The token is invalid, expired or ended"}
	ErrForbidden           = &Error{Kind: Forbidden, Code: "forbidden", Text: "Not allowed"}
	ErrEmailNotVerified    = &Error{Kind: Forbidden, Code: "email_not_verified", Text: "Email not verified. Follow the link in the mail we sent, or ask for a new one"}
	ErrWrongAudience       = &Error{Kind: Forbidden, Code: "wrong_audience", Text: "This token was issued for another service"}
	ErrTargetOutranks      = &Error{Kind: Forbidden, Code: "target_outranks", Text: "Not allowed: the target has rights that you don't have"}
	ErrReauthRequired      = &Error{Kind: Forbidden, Code: "reauth_required", Text: "Log in again to do this"}
	ErrAccessDenied        = &Error{Kind: Forbidden, Code: "access_denied", Text: "The login was cancelled, or the provider refused it"}
	ErrAccountNotAllowed   = &Error{Kind: Forbidden, Code: "account_not_allowed", Text: "This account of the provider may not log in here"}
	ErrAccountDisabled     = &Error{Kind: Forbidden, Code: "account_disabled", Text: "This account is disabled"}
	ErrRegistrationClosed  = &Error{Kind: Forbidden, Code: "registration_closed", Text: "New accounts can't be made this way"}
	ErrEmailRequired       = &Error{Kind: Forbidden, Code: "email_required", Text: "The provider gave no address that we may use. Give one and confirm it"}
	ErrNotFound            = &Error{Kind: NotFound, Code: "not_found", Text: "Not found"}
	ErrEmailTaken          = &Error{Kind: Conflict, Code: "email_taken", Text: "This email address is already registered"}
	ErrNameTaken           = &Error{Kind: Conflict, Code: "name_taken", Text: "This name is already in use"}
	ErrWrongService        = &Error{Kind: Conflict, Code: "wrong_service", Text: "This role belongs to another service"}
	ErrSystemRole          = &Error{Kind: Conflict, Code: "system_role", Text: "This is built into Signet and can't be changed in this way"}
	ErrRoleInUse           = &Error{Kind: Conflict, Code: "role_in_use", Text: "This role is held or included; with force=true it is taken away"}
	ErrPermissionInUse     = &Error{Kind: Conflict, Code: "permission_in_use", Text: "Roles name this permission; with force=true it is taken out of them"}
	ErrPlatformService     = &Error{Kind: Conflict, Code: "platform_service", Text: "Not possible for the platform itself"}
	ErrLimitReached        = &Error{Kind: Conflict, Code: "limit_reached", Text: "The limit is reached: no more can be added"}
	ErrRotationPending     = &Error{Kind: Conflict, Code: "rotation_pending", Text: "This token has two live secrets. Say with supersede which of them ends now"}
	ErrTokenEnded          = &Error{Kind: Conflict, Code: "token_ended", Text: "This token has ended. Make another one"}
	ErrPreconditionFailed  = &Error{Kind: Stale, Code: "precondition_failed", Text: "It changed since you read it: read it again"}
	ErrSessionLimitReached = &Error{Kind: Conflict, Code: "session_limit_reached", Text: "Too many sessions. End one of them first"}
	ErrLastAdmin           = &Error{Kind: Conflict, Code: "last_admin", Text: "This is the last administrator. Make another one first"}
	ErrLinkRequired        = &Error{Kind: Conflict, Code: "link_required", Text: "There is an account with this address. Log in to it, then confirm the link"}
	ErrIdentityTaken       = &Error{Kind: Conflict, Code: "identity_taken", Text: "This account of the provider belongs to another user"}
	ErrLastIdentity        = &Error{Kind: Conflict, Code: "last_identity", Text: "This is the last way into the account. Set a password or link another one first"}
	ErrConfirmationNeeded  = &Error{Kind: Conflict, Code: "confirmation_required", Text: "Confirm with POST: following a link is not enough, because mail scanners follow links too"}
	ErrRateLimited         = &Error{Kind: Limited, Code: "rate_limited", Text: "Too many requests. Try again later"}
	ErrUnavailable         = &Error{Kind: Unavailable, Code: "unavailable", Text: "Temporarily unavailable. Try again shortly", RetryAfter: time.Second}
	ErrBusy                = &Error{Kind: Unavailable, Code: "busy", Text: "Too many logins at the moment. Try again shortly", RetryAfter: time.Second}
	ErrProviderUnavailable = &Error{Kind: Unavailable, Code: "provider_unavailable", Text: "The provider can't be reached. Try again shortly", RetryAfter: 10 * time.Second}
	ErrProviderFailed      = &Error{Kind: Upstream, Code: "provider_failed", Text: "The provider's answer can't be used"}
	ErrInternal            = &Error{Kind: Internal, Code: "internal", Text: "Something went wrong on our side"}
)

// ErrForged is the cause behind ErrTokenInvalid when Signet never made the token: a bad signature, an unknown key or id. It
// is what limits on forgeries count, and clients can't tell it from an expired or ended token.
var ErrForged = errors.New("forged")

// ErrNotCovered is the cause behind ErrForbidden when an actor tried to give, or take away, a right that they don't hold.
var ErrNotCovered = errors.New("not covered")

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
// password_too_short) and is invalid_request otherwise; several are validation_failed.
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
