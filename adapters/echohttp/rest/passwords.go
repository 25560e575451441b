package rest

import (
	"context"
	"net/http"

	"github.com/signet-auth/signet/adapters/echohttp"
	"github.com/signet-auth/signet/api"
	"github.com/signet-auth/signet/app/password"
	"github.com/signet-auth/signet/domain"
)

// Passwords is the routes by which a password is replaced.
type Passwords struct{ Service *password.Service }

// Mount adds the routes.
func (r *Passwords) Mount(a *echohttp.API) {
	echohttp.Handle(a, http.MethodPost, "/api/password/forgot", echohttp.Op{
		ID: "forgotPassword", Proxied: true, Tag: echohttp.TagPasswords, Summary: "Ask for a mail with a link to set a new password",
		Description: "The answer is the same for every address.",
		Errors:      []*domain.Error{domain.ErrInvalidRequest},
	}, r.forgot)
	echohttp.Handle(a, http.MethodPost, "/api/password/reset", echohttp.Op{
		ID: "resetPassword", Proxied: true, Tag: echohttp.TagPasswords, Summary: "Set a new password by the token of the link",
		Description: "Every session of the account ends, and nobody is signed in. A password that is refused does not use the token up. password is taken for new_password.",
		Errors: append([]*domain.Error{
			domain.ErrInvalidRequest, domain.ErrInvalidToken, domain.ErrRateLimited, domain.ErrBusy,
		}, refusedPasswords...),
	}, r.reset)
	echohttp.Handle(a, http.MethodPost, "/api/auth/change-password", echohttp.Op{
		ID: "changePassword", Tag: echohttp.TagPasswords, Summary: "Set a new password by the old one", Auth: echohttp.BearerAuth, Unenrolled: true,
		Description: "This session goes on with the tokens of the answer: its earlier refresh tokens end, and so do all other sessions. An account without a password sets its first one soon after a login.",
		Errors: append([]*domain.Error{
			domain.ErrInvalidRequest,
			{Kind: domain.Invalid, Code: api.CodeValidationFailed, Text: "current_password is required; new_password is required"},
			domain.ErrInvalidCredentials, domain.ErrWrongAudience, domain.ErrReauthRequired, domain.ErrRateLimited, domain.ErrBusy,
		}, refusedPasswords...),
	}, r.change)
	echohttp.Handle(a, http.MethodDelete, "/api/auth/password", echohttp.Op{
		ID: "removePassword", Tag: echohttp.TagPasswords, Summary: "Do without a password", Auth: echohttp.BearerAuth,
		Description: "For an account with a passkey, soon after a login by a factor. This session goes on with the tokens of the answer, and all other sessions end. The mail for a forgotten password gives one again.",
		Errors:      []*domain.Error{domain.ErrForbidden, domain.ErrWrongAudience, domain.ErrReauthRequired, domain.ErrNotFound, domain.ErrLastWayIn},
	}, r.remove)
}

func (r *Passwords) remove(ctx context.Context, caller echohttp.Caller, _ struct{}) (echohttp.Answer[api.PasswordRemovedResponse], error) {
	answer := echohttp.Answer[api.PasswordRemovedResponse]{}
	out, err := r.Service.Remove(ctx, caller.Actor, caller.Origin)
	if err != nil {
		return answer, err
	}
	answer.Body.Success = true
	answer.Body.SessionTokens, answer.Cookies = sessionTokens(caller, out)
	return answer, nil
}

// refusedPasswords are the errors for a password that the policy refuses.
var refusedPasswords = []*domain.Error{
	{Kind: domain.Invalid, Code: api.CodePasswordTooShort, Text: "new_password must have at least 8 characters"},
	{Kind: domain.Invalid, Code: api.CodePasswordTooLong, Text: "new_password must have at most 256 characters"},
	{Kind: domain.Invalid, Code: api.CodePasswordCommon, Text: "new_password is too common: it is among the first that attackers try"},
}

func (r *Passwords) forgot(ctx context.Context, caller echohttp.Caller, in api.ForgotPasswordRequest) (api.MessageResponse, error) {
	err := r.Service.Forgot(ctx, password.ForgotInput{From: caller.Origin, Email: in.Email})
	return api.MessageResponse{Success: true, Message: "If this address has an account, a mail with a link to set a new password is on its way"}, err
}

func (r *Passwords) reset(ctx context.Context, caller echohttp.Caller, in api.ResetPasswordRequest) (api.MessageResponse, error) {
	field, value := "new_password", in.NewPassword
	if value == "" {
		field, value = "password", in.Password
	}
	err := r.Service.Reset(ctx, password.ResetInput{
		From: caller.Origin, Token: domain.NewSecret(in.Token), Field: field, Password: domain.NewSecret(value),
	})
	return api.MessageResponse{Success: true, Message: "The password is set. Sign in with it"}, err
}

func (r *Passwords) change(ctx context.Context, caller echohttp.Caller, in api.ChangePasswordRequest) (echohttp.Answer[api.ChangePasswordResponse], error) {
	answer := echohttp.Answer[api.ChangePasswordResponse]{}
	out, err := r.Service.Change(ctx, password.ChangeInput{
		Actor: caller.Actor, From: caller.Origin, Current: domain.NewSecret(in.CurrentPassword), New: domain.NewSecret(in.NewPassword),
	})
	if err != nil {
		return answer, err
	}
	answer.Body = api.ChangePasswordResponse{
		Success: true, Message: "The password is changed. All other sessions have ended",
		AccessToken: out.Access.Token.Reveal(), TokenType: api.TokenTypeBearer, ExpiresIn: expiresIn(out.Access),
	}
	answer.Body.RefreshToken, answer.Cookies = caller.DeliverRefreshToken(out.Session, out.RefreshToken, out.IdleUntil)
	return answer, nil
}
