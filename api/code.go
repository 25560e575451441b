package api

// Code is the stable, machine-readable name of a failure. Clients treat a code they don't know as a failure of its status.
type Code = string

// 400: the request is malformed or invalid.
const (
	CodeInvalidRequest   Code = "invalid_request"
	CodeValidationFailed Code = "validation_failed" // several members
	CodeInvalidToken     Code = "invalid_token"
	CodeInvalidState     Code = "invalid_state"
	CodeInvalidCursor    Code = "invalid_cursor"
	CodeUnknownService   Code = "unknown_service"
	CodeInvalidCode      Code = "invalid_code" // of a second factor
	CodePasswordTooShort Code = "password_too_short"
	CodePasswordTooLong  Code = "password_too_long"
	CodePasswordCommon   Code = "password_common"
)

// 401: the credentials do not count.
const (
	CodeInvalidCredentials Code = "invalid_credentials"
	CodeMFARequired        Code = "mfa_required" // right so far: the challenge in the answer asks for a second factor
	CodeTokenMissing       Code = "token_missing"
	CodeTokenInvalid       Code = "token_invalid" // expired, ended or of another kind, all alike
)

// 403: the credentials count, but not for this.
const (
	CodeForbidden         Code = "forbidden"
	CodeEmailNotVerified  Code = "email_not_verified"
	CodeWrongAudience     Code = "wrong_audience"
	CodeTargetOutranks    Code = "target_outranks"
	CodeReauthRequired    Code = "reauth_required"
	CodeEnrolmentRequired Code = "enrolment_required" // a second factor must be added first

	CodeAccessDenied       Code = "access_denied"
	CodeAccountNotAllowed  Code = "account_not_allowed"
	CodeAccountDisabled    Code = "account_disabled"
	CodeRegistrationClosed Code = "registration_closed"
	CodeEmailRequired      Code = "email_required"
)

// 404 and 405.
const (
	CodeNotFound         Code = "not_found"
	CodeMethodNotAllowed Code = "method_not_allowed"
)

// 409: the state of things is against it.
const (
	CodeEmailTaken           Code = "email_taken"
	CodeNameTaken            Code = "name_taken"
	CodeSessionLimitReached  Code = "session_limit_reached"
	CodeWrongService         Code = "wrong_service"
	CodeLastAdmin            Code = "last_admin"
	CodeSystemRole           Code = "system_role"
	CodeRoleInUse            Code = "role_in_use"
	CodeConfirmationRequired Code = "confirmation_required"
	CodePlatformService      Code = "platform_service"
	CodePermissionInUse      Code = "permission_in_use"
	CodeLimitReached         Code = "limit_reached"
	CodeRotationPending      Code = "rotation_pending"
	CodeTokenEnded           Code = "token_ended"
	CodeLinkRequired         Code = "link_required"
	CodeIdentityTaken        Code = "identity_taken"
	CodeLastIdentity         Code = "last_identity"
	CodeNoFactor             Code = "no_factor"
	CodeLastWayIn            Code = "last_way_in"
	CodeCredentialTaken      Code = "credential_taken"
	CodeFactorRequired       Code = "factor_required"
)

// CodePreconditionFailed is of a 412: it is not the version that If-Match names.
const CodePreconditionFailed Code = "precondition_failed"

// The codes of warnings beside a success.
const (
	WarningByReference  Code = "permissions_by_reference" // tokens of the principal don't list their permissions any more
	WarningExpiryCapped Code = "expiry_capped"            // it ends with the right of the one who made it
	WarningUnheldScopes Code = "unheld_scopes"            // the service account does not hold all that the scopes name
)

// 413, 415 and 429.
const (
	CodeBodyTooLarge         Code = "body_too_large"
	CodeUnsupportedMediaType Code = "unsupported_media_type"
	CodeRateLimited          Code = "rate_limited"
)

// 5xx: not the client's fault.
const (
	CodeInternal            Code = "internal"
	CodeProviderFailed      Code = "provider_failed"
	CodeProviderUnavailable Code = "provider_unavailable"
	CodeUnavailable         Code = "unavailable"
	CodeBusy                Code = "busy"
)
