package api

// RegisterRequest is the body of POST /api/auth/register.
type RegisterRequest struct {
	ProxiedClient

	Email     string `json:"email" validate:"required,max=254"`
	Password  string `json:"password" validate:"required"`
	FirstName string `json:"first_name,omitempty" validate:"max=100"`
	LastName  string `json:"last_name,omitempty" validate:"max=100"`
	Locale    string `json:"locale,omitempty" validate:"max=35"` // BCP 47
}

// RegisterResponse is its success, 201.
type RegisterResponse struct {
	Success bool `json:"success"`
	// UserID is the id this registration will have. Store it after the verification.
	UserID  string `json:"user_id"`
	Message string `json:"message"`
}

// VerifyEmailLinkRequest is GET or POST /api/auth/verify-email/{token}.
type VerifyEmailLinkRequest struct {
	Token string `json:"-" path:"token" validate:"required"`
}

// VerifyEmailRequest is the body of POST /api/auth/verify-email: the token of the link, or the address and the code.
type VerifyEmailRequest struct {
	ProxiedClient

	Token string `json:"token,omitempty"`
	Email string `json:"email,omitempty" validate:"max=254"`
	Code  string `json:"code,omitempty" validate:"max=16"`
}

// ResendVerificationRequest is the body of POST /api/auth/verify-email/resend.
type ResendVerificationRequest struct {
	ProxiedClient

	Email string `json:"email" validate:"required,max=254"`
}

// MessageResponse is a success that has nothing to tell but that it is one.
type MessageResponse struct {
	Success bool   `json:"success"`
	Message string `json:"message"`
}

// The messages of successes that a call and the page of a link both answer with.
const (
	MessageEmailVerified = "Email verified successfully"
	MessageEmailChanged  = "Email address changed"
)
