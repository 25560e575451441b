package domain

import (
	"errors"
	"time"
)

// The catalogue of failures: each has its kind, its code and its text here and nowhere else. Use cases say more with Saying, In and
// Noting; compare with errors.Is. What only HTTP can refuse (a method, a media type) is in the HTTP adapter. package api lists the codes
// that clients see, and a test compares the two.
var (
	ErrInvalidRequest      = &Error{Kind: Invalid, Code: "invalid_request", Text: "The request is not valid"}
	ErrInvalidToken        = &Error{Kind: Invalid, Code: "invalid_token", Text: "Invalid or expired token"}
	ErrInvalidCursor       = &Error{Kind: Invalid, Code: "invalid_cursor", Text: "The cursor does not belong to this list. Begin without one, and take next_cursor from the answer"}
	ErrInvalidState        = &Error{Kind: Invalid, Code: "invalid_state", Text: "This sign-in has ended, or it began in another browser. Begin again"}
	ErrInvalidCode         = &Error{Kind: Invalid, Code: "invalid_code", Text: "The code is wrong, or it was used before"}
	ErrUnknownService      = &Error{Kind: Invalid, Code: "unknown_service", Text: "Unknown or inactive service"}
	ErrInvalidCredentials  = &Error{Kind: Unauthenticated, Code: "invalid_credentials", Text: "Invalid email or password"}
	ErrInvalidClient       = &Error{Kind: Unauthenticated, Code: "invalid_client", Text: "Authenticate with the service's key and one of its application tokens"}
	ErrMFARequired         = &Error{Kind: Unauthenticated, Code: "mfa_required", Text: "A second factor is required to sign in"}
	ErrTokenMissing        = &Error{Kind: Unauthenticated, Code: "token_missing", Text: "A bearer token is required in the Authorization header"}
	ErrTokenInvalid        = &Error{Kind: Unauthenticated, Code: "token_invalid", Text: "The token is invalid, expired or ended"}
	ErrForbidden           = &Error{Kind: Forbidden, Code: "forbidden", Text: "Not allowed"}
	ErrEmailNotVerified    = &Error{Kind: Forbidden, Code: "email_not_verified", Text: "Email not verified. Follow the link in the mail we sent, or ask for a new one"}
	ErrWrongAudience       = &Error{Kind: Forbidden, Code: "wrong_audience", Text: "This token was issued for another service"}
	ErrTargetOutranks      = &Error{Kind: Forbidden, Code: "target_outranks", Text: "Not allowed: the target has rights that you don't have"}
	ErrReauthRequired      = &Error{Kind: Forbidden, Code: "reauth_required", Text: "Sign in again to do this"}
	ErrEnrolmentRequired   = &Error{Kind: Forbidden, Code: "enrolment_required", Text: "A second factor is required here. Add one first"}
	ErrAccessDenied        = &Error{Kind: Forbidden, Code: "access_denied", Text: "The sign-in was cancelled, or the provider refused it"}
	ErrAccountNotAllowed   = &Error{Kind: Forbidden, Code: "account_not_allowed", Text: "This account of the provider may not sign in here"}
	ErrAccountDisabled     = &Error{Kind: Forbidden, Code: "account_disabled", Text: "This account is disabled"}
	ErrRegistrationClosed  = &Error{Kind: Forbidden, Code: "registration_closed", Text: "New accounts can't be made this way"}
	ErrEmailRequired       = &Error{Kind: Forbidden, Code: "email_required", Text: "The provider gave no address that we may use. Enter an address and confirm it"}
	ErrNotFound            = &Error{Kind: NotFound, Code: "not_found", Text: "Not found"}
	ErrEmailTaken          = &Error{Kind: Conflict, Code: "email_taken", Text: "This email address is already registered"}
	ErrNameTaken           = &Error{Kind: Conflict, Code: "name_taken", Text: "This name is already in use"}
	ErrWrongService        = &Error{Kind: Conflict, Code: "wrong_service", Text: "This role belongs to another service"}
	ErrSystemRole          = &Error{Kind: Conflict, Code: "system_role", Text: "This is built into Signet and can't be changed in this way"}
	ErrRoleInUse           = &Error{Kind: Conflict, Code: "role_in_use", Text: "Somebody holds this role, or another role includes it. Use force=true to delete it anyway"}
	ErrPermissionInUse     = &Error{Kind: Conflict, Code: "permission_in_use", Text: "Roles contain this permission. Use force=true to delete it and remove it from them"}
	ErrPlatformService     = &Error{Kind: Conflict, Code: "platform_service", Text: "Not possible for the platform itself"}
	ErrLimitReached        = &Error{Kind: Conflict, Code: "limit_reached", Text: "The limit is reached: no more can be added"}
	ErrRotationPending     = &Error{Kind: Conflict, Code: "rotation_pending", Text: "This token has two live secrets. Set supersede to the one that should end now"}
	ErrTokenEnded          = &Error{Kind: Conflict, Code: "token_ended", Text: "This token has ended. Make another one"}
	ErrPreconditionFailed  = &Error{Kind: Stale, Code: "precondition_failed", Text: "It has changed since you read it. Read it again"}
	ErrSessionLimitReached = &Error{Kind: Conflict, Code: "session_limit_reached", Text: "Too many sessions. End one of them first"}
	ErrLastAdmin           = &Error{Kind: Conflict, Code: "last_admin", Text: "This is the last administrator. Make another one first"}
	ErrLinkRequired        = &Error{Kind: Conflict, Code: "link_required", Text: "There is an account with this address. Sign in to it, then confirm the link"}
	ErrIdentityTaken       = &Error{Kind: Conflict, Code: "identity_taken", Text: "This account of the provider belongs to another user"}
	ErrLastIdentity        = &Error{Kind: Conflict, Code: "last_identity", Text: "This is the last way into the account. Set a password, add a passkey or link another provider first"}
	ErrLastWayIn           = &Error{Kind: Conflict, Code: "last_way_in", Text: "This is the last way into the account. Set a password, add a passkey or link a provider first"}
	ErrCredentialTaken     = &Error{Kind: Conflict, Code: "credential_taken", Text: "This credential is in use already"}
	ErrNoFactor            = &Error{Kind: Conflict, Code: "no_factor", Text: "The account can prove nothing in this way: acr is the level that it can reach. GET /api/auth/factors says how; without factors, sign in again"}
	ErrFactorRequired      = &Error{Kind: Conflict, Code: "factor_required", Text: "A second factor is required here. Add another one before you remove the last"}
	ErrConfirmationNeeded  = &Error{Kind: Conflict, Code: "confirmation_required", Text: "Confirm with POST: following a link is not enough, because mail scanners follow links too"}
	ErrRateLimited         = &Error{Kind: Limited, Code: "rate_limited", Text: "Too many requests. Try again later"}
	ErrUnavailable         = &Error{Kind: Unavailable, Code: "unavailable", Text: "Temporarily unavailable. Try again shortly", RetryAfter: time.Second}
	ErrBusy                = &Error{Kind: Unavailable, Code: "busy", Text: "Too many sign-ins at the moment. Try again shortly", RetryAfter: time.Second}
	ErrProviderUnavailable = &Error{Kind: Unavailable, Code: "provider_unavailable", Text: "The provider can't be reached. Try again shortly", RetryAfter: 10 * time.Second}
	ErrProviderFailed      = &Error{Kind: Upstream, Code: "provider_failed", Text: "The provider's answer can't be used"}
	ErrInternal            = &Error{Kind: Internal, Code: "internal", Text: "Something went wrong on our side"}
)

// The errors of client_credentials, token introspection and revocation (RFC 6749 §5.2, RFC 8707 §2, RFC 7009 §2.2.1).
var (
	ErrUnsupportedGrant = &Error{Kind: Invalid, Code: "unsupported_grant_type", Text: "grant_type must be client_credentials"}
	ErrInvalidTarget    = &Error{Kind: Invalid, Code: "invalid_target", Text: "The audience must be one active service at which this client's account holds a role"}
	ErrInvalidScope     = &Error{Kind: Invalid, Code: "invalid_scope", Text: "scope must list names of permissions that the client's account holds at the audience"}
	ErrUnsupportedToken = &Error{Kind: Invalid, Code: "unsupported_token_type", Text: "Access tokens can't be revoked one by one: they end within minutes, or with their application token"}
)

// The errors of the key commands.
var (
	// ErrKeyTooFresh refuses a rotation to a key that verifiers may not have fetched.
	ErrKeyTooFresh = &Error{Kind: Conflict, Code: "key_too_fresh", Text: "The next key has been published for less than 24 hours; " +
		"services that keep the key set could refuse its tokens"}
	// ErrNoKeys is the error for a deployment whose first server has not started yet.
	ErrNoKeys = &Error{Kind: NotFound, Code: "no_keys", Text: "There are no signing keys yet: the first start of the server makes them"}
	// ErrNoSuchKey is the error for a kid that does not exist or is revoked already.
	ErrNoSuchKey = &Error{Kind: NotFound, Code: "key_not_found", Text: "There is no such key, or it has been revoked or removed already"}
)

// What a store answers when a row is there already. Use cases turn these into failures that a client understands.
var (
	ErrDuplicate  = &Error{Kind: Conflict, Code: "duplicate", Text: "This already exists"}
	ErrIDTaken    = &Error{Kind: Conflict, Code: "id_taken", Text: "This id is taken"}
	ErrKeyExists  = &Error{Kind: Conflict, Code: "key_exists", Text: "This key already exists"}
	ErrFlowExists = &Error{Kind: Conflict, Code: "flow_exists", Text: "Another request has already created it"}
)

// ErrForged is the cause behind ErrTokenInvalid when Signet never made the token: a bad signature, an unknown key or id. It
// is what limits on forgeries count, and clients can't tell it from an expired or ended token.
var ErrForged = errors.New("forged")

// ErrNotCovered is the cause behind ErrForbidden when an actor tried to give, or take away, a right that they don't hold.
var ErrNotCovered = errors.New("not covered")
