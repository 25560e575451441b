package api

import (
	"fmt"
	"io"
	"log/slog"
)

const redacted = "[redacted]"

func conceal(f fmt.State) { _, _ = io.WriteString(f, redacted) }

// The methods below keep bodies with secrets out of logs, under every verb and every slog handler. Encoding them as JSON,
// which is what they are for, is not affected.

// Format prints a placeholder.
func (RegisterRequest) Format(f fmt.State, _ rune) { conceal(f) }

// LogValue is a placeholder.
func (RegisterRequest) LogValue() slog.Value { return slog.StringValue(redacted) }

// Format prints a placeholder.
func (VerifyEmailLinkRequest) Format(f fmt.State, _ rune) { conceal(f) }

// LogValue is a placeholder.
func (VerifyEmailLinkRequest) LogValue() slog.Value { return slog.StringValue(redacted) }

// Format prints a placeholder.
func (VerifyEmailRequest) Format(f fmt.State, _ rune) { conceal(f) }

// LogValue is a placeholder.
func (VerifyEmailRequest) LogValue() slog.Value { return slog.StringValue(redacted) }

// Format prints a placeholder.
func (LoginRequest) Format(f fmt.State, _ rune) { conceal(f) }

// LogValue is a placeholder.
func (LoginRequest) LogValue() slog.Value { return slog.StringValue(redacted) }

// Format prints a placeholder.
func (LoginResponse) Format(f fmt.State, _ rune) { conceal(f) }

// LogValue is a placeholder.
func (LoginResponse) LogValue() slog.Value { return slog.StringValue(redacted) }

// Format prints a placeholder.
func (RefreshRequest) Format(f fmt.State, _ rune) { conceal(f) }

// LogValue is a placeholder.
func (RefreshRequest) LogValue() slog.Value { return slog.StringValue(redacted) }

// Format prints a placeholder.
func (RefreshResponse) Format(f fmt.State, _ rune) { conceal(f) }

// LogValue is a placeholder.
func (RefreshResponse) LogValue() slog.Value { return slog.StringValue(redacted) }

// Format prints a placeholder.
func (LogoutRequest) Format(f fmt.State, _ rune) { conceal(f) }

// LogValue is a placeholder.
func (LogoutRequest) LogValue() slog.Value { return slog.StringValue(redacted) }

// Format prints a placeholder.
func (ResetPasswordRequest) Format(f fmt.State, _ rune) { conceal(f) }

// LogValue is a placeholder.
func (ResetPasswordRequest) LogValue() slog.Value { return slog.StringValue(redacted) }

// Format prints a placeholder.
func (ResetPasswordLinkRequest) Format(f fmt.State, _ rune) { conceal(f) }

// LogValue is a placeholder.
func (ResetPasswordLinkRequest) LogValue() slog.Value { return slog.StringValue(redacted) }

// Format prints a placeholder.
func (ResetPasswordFormRequest) Format(f fmt.State, _ rune) { conceal(f) }

// LogValue is a placeholder.
func (ResetPasswordFormRequest) LogValue() slog.Value { return slog.StringValue(redacted) }

// Format prints a placeholder.
func (ChangePasswordRequest) Format(f fmt.State, _ rune) { conceal(f) }

// LogValue is a placeholder.
func (ChangePasswordRequest) LogValue() slog.Value { return slog.StringValue(redacted) }

// Format prints a placeholder.
func (ChangePasswordResponse) Format(f fmt.State, _ rune) { conceal(f) }

// LogValue is a placeholder.
func (ChangePasswordResponse) LogValue() slog.Value { return slog.StringValue(redacted) }

// Format prints a placeholder: a mail carries links and codes.
func (InboxMessage) Format(f fmt.State, _ rune) { conceal(f) }

// LogValue is a placeholder.
func (InboxMessage) LogValue() slog.Value { return slog.StringValue(redacted) }

// Format prints a placeholder.
func (ChangeEmailRequest) Format(f fmt.State, _ rune) { conceal(f) }

// LogValue is a placeholder.
func (ChangeEmailRequest) LogValue() slog.Value { return slog.StringValue(redacted) }

// Format prints a placeholder.
func (ConfirmEmailRequest) Format(f fmt.State, _ rune) { conceal(f) }

// LogValue is a placeholder.
func (ConfirmEmailRequest) LogValue() slog.Value { return slog.StringValue(redacted) }

// Format prints a placeholder.
func (ChangeEmailLinkRequest) Format(f fmt.State, _ rune) { conceal(f) }

// LogValue is a placeholder.
func (ChangeEmailLinkRequest) LogValue() slog.Value { return slog.StringValue(redacted) }

// Format prints a placeholder.
func (CloseRequest) Format(f fmt.State, _ rune) { conceal(f) }

// LogValue is a placeholder.
func (CloseRequest) LogValue() slog.Value { return slog.StringValue(redacted) }

// Format prints a placeholder: it is all that is known about a person.
func (ExportResponse) Format(f fmt.State, _ rune) { conceal(f) }

// LogValue is a placeholder.
func (ExportResponse) LogValue() slog.Value { return slog.StringValue(redacted) }

// Format prints a placeholder.
func (Token) Format(f fmt.State, _ rune) { conceal(f) }

// LogValue is a placeholder.
func (Token) LogValue() slog.Value { return slog.StringValue(redacted) }

// Format prints a placeholder.
func (TokenResponse) Format(f fmt.State, _ rune) { conceal(f) }

// LogValue is a placeholder.
func (TokenResponse) LogValue() slog.Value { return slog.StringValue(redacted) }

// Format prints a placeholder.
func (RotateTokenResponse) Format(f fmt.State, _ rune) { conceal(f) }

// LogValue is a placeholder.
func (RotateTokenResponse) LogValue() slog.Value { return slog.StringValue(redacted) }

// Format prints a placeholder.
func (OAuthTokenRequest) Format(f fmt.State, _ rune) { conceal(f) }

// LogValue is a placeholder.
func (OAuthTokenRequest) LogValue() slog.Value { return slog.StringValue(redacted) }

// Format prints a placeholder.
func (OAuthTokenResponse) Format(f fmt.State, _ rune) { conceal(f) }

// LogValue is a placeholder.
func (OAuthTokenResponse) LogValue() slog.Value { return slog.StringValue(redacted) }

// Format prints a placeholder.
func (OAuthRequest) Format(f fmt.State, _ rune) { conceal(f) }

// LogValue is a placeholder.
func (OAuthRequest) LogValue() slog.Value { return slog.StringValue(redacted) }

// Format prints a placeholder.
func (MFAVerifyRequest) Format(f fmt.State, _ rune) { conceal(f) }

// LogValue is a placeholder.
func (MFAVerifyRequest) LogValue() slog.Value { return slog.StringValue(redacted) }

// Format prints a placeholder.
func (MFAVerifyResponse) Format(f fmt.State, _ rune) { conceal(f) }

// LogValue is a placeholder.
func (MFAVerifyResponse) LogValue() slog.Value { return slog.StringValue(redacted) }

// Format prints a placeholder.
func (StepUpRequest) Format(f fmt.State, _ rune) { conceal(f) }

// LogValue is a placeholder.
func (StepUpRequest) LogValue() slog.Value { return slog.StringValue(redacted) }

// Format prints a placeholder.
func (StepUpResponse) Format(f fmt.State, _ rune) { conceal(f) }

// LogValue is a placeholder.
func (StepUpResponse) LogValue() slog.Value { return slog.StringValue(redacted) }

// Format prints a placeholder.
func (SessionTokens) Format(f fmt.State, _ rune) { conceal(f) }

// LogValue is a placeholder.
func (SessionTokens) LogValue() slog.Value { return slog.StringValue(redacted) }

// Format prints a placeholder.
func (EnrolTOTPResponse) Format(f fmt.State, _ rune) { conceal(f) }

// LogValue is a placeholder.
func (EnrolTOTPResponse) LogValue() slog.Value { return slog.StringValue(redacted) }

// Format prints a placeholder.
func (ConfirmTOTPRequest) Format(f fmt.State, _ rune) { conceal(f) }

// LogValue is a placeholder.
func (ConfirmTOTPRequest) LogValue() slog.Value { return slog.StringValue(redacted) }

// Format prints a placeholder.
func (FactorAddedResponse) Format(f fmt.State, _ rune) { conceal(f) }

// LogValue is a placeholder.
func (FactorAddedResponse) LogValue() slog.Value { return slog.StringValue(redacted) }

// Format prints a placeholder.
func (FactorRemovedResponse) Format(f fmt.State, _ rune) { conceal(f) }

// LogValue is a placeholder.
func (FactorRemovedResponse) LogValue() slog.Value { return slog.StringValue(redacted) }

// Format prints a placeholder.
func (RecoveryCodesResponse) Format(f fmt.State, _ rune) { conceal(f) }

// LogValue is a placeholder.
func (RecoveryCodesResponse) LogValue() slog.Value { return slog.StringValue(redacted) }
