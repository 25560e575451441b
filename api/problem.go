package api

// ProblemMediaType is the media type of a Problem (RFC 9457 §3).
const ProblemMediaType = "application/problem+json"

// Problem is the body of every failure: RFC 9457 problem details, with the members of the service's older envelope as
// extensions.
type Problem struct {
	// Type is a URN made of the code. It is a name, not a location.
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	// Detail is for a person. It never repeats what was sent.
	Detail string `json:"detail"`
	// Code is for programs.
	Code Code `json:"code"`
	// RequestID is what to quote when asking for help; it is also in the X-Request-Id header.
	RequestID string `json:"request_id"`
	Success   bool   `json:"success"` // always false
	// Message repeats Detail, for clients of the older envelope.
	Message string `json:"message"`
	// Errors says which members of the input were wrong.
	Errors []FieldProblem `json:"errors,omitempty"`
	// NeedsVerification is true with email_not_verified, else absent.
	NeedsVerification bool `json:"needs_verification,omitempty"`
	// Continuation is for POST /api/oauth/complete, where a login through a provider may go on.
	Continuation string `json:"continuation,omitempty"`
	// Limit is how many there may be, with limit_reached.
	Limit *int `json:"limit,omitempty"`
	// Holders is how many hold the role, counted to 1000, and IncludedBy how many roles include it, with role_in_use.
	Holders    *int `json:"holders,omitempty"`
	IncludedBy *int `json:"included_by,omitempty"`
	// Roles is how many roles name the permission, with permission_in_use.
	Roles *int `json:"roles,omitempty"`
	// Challenge is for POST /api/auth/mfa/verify, and ExpiresIn is how many seconds it works, with mfa_required. Methods are the ways to prove a
	// second factor (webauthn, totp, recovery), the best first; with reauth_required and no_factor, too, where the account has some.
	Challenge string   `json:"challenge,omitempty"`
	Methods   []string `json:"methods,omitempty"`
	ExpiresIn int64    `json:"expires_in,omitempty"`
	// TriesLeft is how many more codes the challenge takes, with invalid_code.
	TriesLeft *int `json:"tries_left,omitempty"`
	// ACR is the lowest level of the login that would be enough, and MaxAge how many seconds ago it may have been proved (absent: it doesn't
	// matter), with reauth_required; as in the WWW-Authenticate header (RFC 9470). With no_factor it is the level that would have been proved.
	ACR    string `json:"acr,omitempty"`
	MaxAge int64  `json:"max_age,omitempty"`
}

// Warning is something to know about a success.
type Warning struct {
	Code    Code   `json:"code"`
	Message string `json:"message"`
}

// FieldProblem is what is wrong with one member of the input, and what is accepted.
type FieldProblem struct {
	Field   string `json:"field"`
	Code    string `json:"code"`
	Message string `json:"message"`
}

// ProblemType is the Type of problems with a code.
func ProblemType(code Code) string { return "urn:signet:problem:" + code }
