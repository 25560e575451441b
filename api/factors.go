package api

import (
	"encoding/json"
	"time"
)

// The kinds of factors, as FactorKind of a Factor.
const (
	FactorTOTP        = "totp"         // an authenticator app
	FactorPasskey     = "passkey"      // also logs in alone
	FactorSecurityKey = "security_key" // a second factor only
)

// MFAVerifyRequest is the body of POST /api/auth/mfa/verify: the challenge of a login, and exactly one of the others.
type MFAVerifyRequest struct {
	ProxiedClient

	Challenge    string `json:"challenge" validate:"required,max=100"`
	Code         string `json:"code,omitempty" validate:"max=100"`          // six digits of an authenticator app; spaces and dashes don't count
	RecoveryCode string `json:"recovery_code,omitempty" validate:"max=100"` // in any case; spaces and dashes don't count
	WebAuthnResponse
	// RememberDevice asks for no second factor on this device for a while. With a recovery code it has no effect.
	RememberDevice bool `json:"remember_device,omitempty"`
}

// WebAuthnResponse is what a browser or an app made of a WebAuthnOptionsResponse: its state as it came, and toJSON() of the PublicKeyCredential,
// of 16 KB or less.
type WebAuthnResponse struct {
	State      string          `json:"state,omitempty" validate:"max=1024"`
	Credential json.RawMessage `json:"credential,omitempty"`
}

// WebAuthnOptionsResponse asks for a signature, or for a new passkey or security key.
type WebAuthnOptionsResponse struct {
	Success   bool   `json:"success"`
	State     string `json:"state"`      // to be sent back beside the credential
	ExpiresIn int64  `json:"expires_in"` // s
	// PublicKey is for parseRequestOptionsFromJSON or parseCreationOptionsFromJSON of PublicKeyCredential.
	PublicKey json.RawMessage `json:"publicKey"`
}

// MFAOptionsRequest is the body of POST /api/auth/mfa/options.
type MFAOptionsRequest struct {
	ProxiedClient

	Challenge string `json:"challenge" validate:"required,max=100"`
}

// PasskeyOptionsRequest is the body of POST /api/auth/passkey/options.
type PasskeyOptionsRequest struct{ ProxiedClient }

// PasskeyLoginRequest is the body of POST /api/auth/passkey/login.
type PasskeyLoginRequest struct {
	ProxiedClient

	State      string          `json:"state" validate:"required,max=1024"`
	Credential json.RawMessage `json:"credential" validate:"required"`
	// Service is the key, id or name of the service the access token is for; without it, Signet itself.
	Service    string `json:"service,omitempty" validate:"max=100"`
	DeviceName string `json:"device_name,omitempty" validate:"max=100"`
	Transport  string `json:"transport,omitempty" validate:"omitempty,oneof=body cookie"`
}

// MFAVerifyResponse is its success.
type MFAVerifyResponse struct {
	LoginResponse

	// RecoveryCodesLeft is there when three or fewer are left.
	RecoveryCodesLeft *int `json:"recovery_codes_left,omitempty"`
	// DeviceToken is there when the device is remembered from now on, unless it travels by cookie. Logins there send it.
	DeviceToken string `json:"device_token,omitempty"`
}

// StepUpRequest is the body of POST /api/auth/step-up. It has exactly one of code, recovery_code, credential with its state and, for accounts
// without factors, password.
type StepUpRequest struct {
	Code         string `json:"code,omitempty" validate:"max=100"`
	RecoveryCode string `json:"recovery_code,omitempty" validate:"max=100"`
	Password     string `json:"password,omitempty"`
	WebAuthnResponse
	// Service is the key, id or name of the service the access token is for; without it, Signet itself.
	Service string `json:"service,omitempty" validate:"max=100"`
}

// SessionTokens replace those of the session that asked: its refresh tokens before are void, and its access tokens before stay at the level
// and time that they say.
type SessionTokens struct {
	AccessToken string `json:"access_token"`
	// RefreshToken is absent when it travels by cookie.
	RefreshToken string `json:"refresh_token,omitempty"`
	TokenType    string `json:"token_type"`
	ExpiresIn    int64  `json:"expires_in"` // s, of the access token
	ACR          string `json:"acr"`        // aal1, aal2 or phr
	AuthTime     int64  `json:"auth_time"`  // when that was proved, in seconds since 1970
	// NeedsACR is the lowest level above that at which the person would have more roles at the service.
	NeedsACR string `json:"needs_acr,omitempty"`
}

// StepUpResponse is the success of POST /api/auth/step-up.
type StepUpResponse struct {
	Success bool `json:"success"`
	SessionTokens

	// RecoveryCodesLeft is there when three or fewer are left.
	RecoveryCodesLeft *int `json:"recovery_codes_left,omitempty"`
}

// Factor is a second factor that counts.
type Factor struct {
	ID   string `json:"id"`
	Kind string `json:"kind"`
	Name string `json:"name"`
	// BackedUp, Transports and RPID are of passkeys and security keys.
	BackedUp   bool       `json:"backed_up"`
	Transports []string   `json:"transports"`
	RPID       string     `json:"rp_id,omitempty"`
	CreatedAt  time.Time  `json:"created_at"`
	LastUsedAt *time.Time `json:"last_used_at"`
	Suspended  bool       `json:"suspended"`
}

// RecoveryCodes is what is left of the codes, which are made together.
type RecoveryCodes struct {
	Left      int        `json:"left"`
	CreatedAt *time.Time `json:"created_at"`
}

// FactorsResponse is the success of GET /api/auth/factors.
type FactorsResponse struct {
	Success       bool          `json:"success"`
	Factors       []Factor      `json:"factors"`
	RecoveryCodes RecoveryCodes `json:"recovery_codes"`
	ACR           string        `json:"acr"` // of the token that asks
	Policy        FactorPolicy  `json:"policy"`
	Methods       []string      `json:"methods"` // by which a factor can be proved, the best first: webauthn, totp, recovery
}

// FactorPolicy is what operators demand.
type FactorPolicy struct {
	Required bool `json:"required"` // of everybody a factor (MFA=required)
}

// EnrolTOTPRequest is the body of POST /api/auth/factors/totp.
type EnrolTOTPRequest struct {
	Name string `json:"name,omitempty" validate:"max=100"`
}

// EnrolTOTPResponse is its success. All of it is shown once.
type EnrolTOTPResponse struct {
	Success   bool   `json:"success"`
	ID        string `json:"id"`
	Secret    string `json:"secret"` // base32, to type
	URI       string `json:"uri"`    // otpauth:, for a link on a phone
	QR        string `json:"qr"`     // the same as an image: a data: URL of a PNG
	ExpiresIn int64  `json:"expires_in"`
}

// EnrolKeyRequest is the body of POST /api/auth/factors/webauthn/options.
type EnrolKeyRequest struct {
	Kind string `json:"kind" validate:"required,oneof=passkey security_key"`
}

// AddKeyRequest is the body of POST /api/auth/factors/webauthn.
type AddKeyRequest struct {
	State      string          `json:"state" validate:"required,max=1024"`
	Credential json.RawMessage `json:"credential" validate:"required"`
	Name       string          `json:"name,omitempty" validate:"max=100"`
}

// ConfirmTOTPRequest is POST /api/auth/factors/totp/{id}/confirm.
type ConfirmTOTPRequest struct {
	ID   string `json:"-" path:"id"`
	Code string `json:"code" validate:"required,max=100"`
}

// FactorAddedResponse is its success.
type FactorAddedResponse struct {
	Success bool `json:"success"`
	SessionTokens

	Factor Factor `json:"factor"`
	// RecoveryCodes come with the first factor. They are shown once.
	RecoveryCodes []string `json:"recovery_codes,omitempty"`
	// EmailChangeVoid tells that a change of the address was under way and is void now.
	EmailChangeVoid bool `json:"email_change_void,omitempty"`
}

// RenameFactorRequest is PATCH /api/auth/factors/{id}.
type RenameFactorRequest struct {
	ID   string `json:"-" path:"id"`
	Name string `json:"name" validate:"required,max=100"`
}

// FactorResponse is its success.
type FactorResponse struct {
	Success bool   `json:"success"`
	Factor  Factor `json:"factor"`
}

// ResumeFactorRequest is POST /api/auth/factors/{id}/resume.
type ResumeFactorRequest struct {
	ID string `json:"-" path:"id"`
}

// PasswordRemovedResponse is the success of DELETE /api/auth/password.
type PasswordRemovedResponse struct {
	Success bool `json:"success"`
	SessionTokens
}

// RemoveFactorRequest is DELETE /api/auth/factors/{id}.
type RemoveFactorRequest struct {
	ID string `json:"-" path:"id"`
}

// FactorRemovedResponse is its success.
type FactorRemovedResponse struct {
	Success bool `json:"success"`
	SessionTokens
}

// RecoveryCodesResponse is the success of POST /api/auth/factors/recovery-codes. The codes are shown once.
type RecoveryCodesResponse struct {
	Success       bool     `json:"success"`
	RecoveryCodes []string `json:"recovery_codes"`
}

// UndoFactorsRequest is the body of POST /api/auth/factors/undo.
type UndoFactorsRequest struct {
	Token string `json:"token" validate:"required,max=100"`
}

// FactorUndoLinkRequest is GET or POST /api/auth/factors/undo/{token}.
type FactorUndoLinkRequest struct {
	Token string `json:"-" path:"token" validate:"required"`
}

// MessageFactorsUndone is the message of both.
const MessageFactorsUndone = "All second factors are removed and all sessions have ended. A mail with a link to set a new password is on its way"

// UserFactorsRequest is GET /api/users/{id}/factors.
type UserFactorsRequest struct {
	ID string `json:"-" path:"id"`
}

// UserFactorsResponse is its success.
type UserFactorsResponse struct {
	Success       bool              `json:"success"`
	Factors       []Factor          `json:"factors"`
	RecoveryCodes UserRecoveryCodes `json:"recovery_codes"`
}

// UserRecoveryCodes is how many recovery codes somebody has left.
type UserRecoveryCodes struct {
	Left int `json:"left"`
}

// ResetFactorsRequest is POST /api/users/{id}/factors/reset.
type ResetFactorsRequest struct {
	ID     string `json:"-" path:"id"`
	Reason string `json:"reason" validate:"required,max=200"`
}

// ResetFactorsResponse is its success.
type ResetFactorsResponse struct {
	Success bool `json:"success"`
	Removed int  `json:"removed"` // factors
}

// RelatedOrigins is /.well-known/webauthn (WebAuthn Level 3 §5.11).
type RelatedOrigins struct {
	Origins []string `json:"origins"`
}
