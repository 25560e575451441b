package api

// ForgotPasswordRequest is the body of POST /api/password/forgot.
type ForgotPasswordRequest struct {
	ProxiedClient

	Email string `json:"email" validate:"required,max=254"`
}

// ResetPasswordRequest is the body of POST /api/password/reset.
type ResetPasswordRequest struct {
	ProxiedClient

	Token       string `json:"token" validate:"required"`
	NewPassword string `json:"new_password,omitempty" validate:"required_without=Password"`
	// Password is new_password under the name that older clients send it by.
	Password string `json:"password,omitempty"`
}

// ResetPasswordLinkRequest is GET /api/password/reset/{token}.
type ResetPasswordLinkRequest struct {
	Token string `json:"-" path:"token" validate:"required"`
}

// ResetPasswordFormRequest is what the form of that page posts.
type ResetPasswordFormRequest struct {
	Token       string `json:"-" path:"token" validate:"required"`
	NewPassword string `json:"-" formData:"new_password"`
	// Repeated is the password once more: it can't be seen while it is typed.
	Repeated string `json:"-" formData:"repeated"`
}

// ChangePasswordRequest is the body of POST /api/auth/change-password.
type ChangePasswordRequest struct {
	// CurrentPassword is required unless the account has none.
	CurrentPassword string `json:"current_password,omitempty"`
	NewPassword     string `json:"new_password" required:"true" minLength:"1"` // judged with the other, so that both may be named as missing
}

// ChangePasswordResponse is its success. The tokens replace those of this session.
type ChangePasswordResponse struct {
	Success     bool   `json:"success"`
	Message     string `json:"message"`
	AccessToken string `json:"access_token"`
	// RefreshToken is absent when it travels by cookie.
	RefreshToken string `json:"refresh_token,omitempty"`
	TokenType    string `json:"token_type"`
	ExpiresIn    int64  `json:"expires_in"` // s, of the access token
}
