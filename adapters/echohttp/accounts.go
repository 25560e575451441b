package echohttp

import (
	"context"
	"net/http"
	"time"

	"github.com/signet-auth/signet/api"
	"github.com/signet-auth/signet/app/auth"
	"github.com/signet-auth/signet/app/session"
	"github.com/signet-auth/signet/domain"
)

// Accounts is the routes of /api/auth that begin and end a person's stay.
type Accounts struct {
	Register     *auth.Register
	Verification *auth.VerifyEmail
	Resend       *auth.ResendVerification
	Login        *auth.Login
	Refresh      *auth.Refresh
	Logout       *auth.Logout
	Me           *auth.Me
	Validate     *auth.ValidateJWT
	// ConsumeOnAnyGet makes every GET of a verification link consume it but a browser's (VERIFY_GET=consume), for callers of
	// the original service. Mail scanners consume it too then.
	ConsumeOnAnyGet bool
}

const accountsTag = "Accounts"

// Mount adds the routes.
func (r *Accounts) Mount(a *API) {
	Handle(a, http.MethodPost, "/api/auth/register", Op{
		ID: "register", Tag: accountsTag, Summary: "Begin an account", Status: http.StatusCreated,
		Description: "Sends a mail with a link and a code that prove the mailbox. The answer is the same whether or not the address has an account.",
		Errors:      []*domain.Error{domain.ErrInvalidRequest, domain.ErrForbidden, domain.ErrEmailTaken, domain.ErrBusy},
	}, r.register)
	Handle(a, http.MethodPost, "/api/auth/verify-email", Op{
		ID: "verifyEmail", Tag: accountsTag, Summary: "Prove a mailbox by the token of the link, or by address and code", Strict: true,
		Errors: []*domain.Error{domain.ErrInvalidToken, domain.ErrRateLimited},
	}, r.verify)
	Handle(a, http.MethodPost, "/api/auth/verify-email/resend", Op{
		ID: "resendVerification", Tag: accountsTag, Summary: "Send the mail that proves a mailbox once more", Status: http.StatusAccepted, Strict: true,
		Description: "The answer is the same for every address.",
		Errors:      []*domain.Error{domain.ErrInvalidRequest},
	}, r.resend)
	Handle(a, http.MethodPost, "/api/auth/login", Op{
		ID: "login", Tag: accountsTag, Summary: "Begin a session with a password",
		Description: "Unknown address, wrong password, disabled and locked account are one answer: invalid_credentials.",
		Errors: []*domain.Error{
			domain.ErrInvalidRequest, domain.ErrUnknownService, domain.ErrInvalidCredentials, domain.ErrEmailNotVerified,
			domain.ErrSessionLimitReached, domain.ErrRateLimited, domain.ErrBusy,
		},
	}, r.login)
	Handle(a, http.MethodPost, "/api/auth/refresh", Op{
		ID: "refresh", Tag: accountsTag, Summary: "Exchange a refresh token for its successor and a fresh access token", Auth: UnverifiedAuth,
		Description: "The refresh token is a member of the body, or the bearer token; the body wins. Sent again within seconds, it is answered with the same successor; sent again later, it ends the session.",
		Errors:      []*domain.Error{domain.ErrInvalidRequest, domain.ErrUnknownService, domain.ErrTokenInvalid},
	}, r.refresh)
	Handle(a, http.MethodPost, "/api/auth/logout", Op{
		ID: "logout", Tag: accountsTag, Summary: "End a session", Auth: UnverifiedAuth,
		Description: "Takes the access token as bearer, also one whose time or session is over, or the refresh token in the body.",
		Errors:      []*domain.Error{domain.ErrTokenMissing, domain.ErrTokenInvalid},
	}, r.logout)
	Handle(a, http.MethodGet, "/api/auth/me", Op{
		ID: "me", Tag: accountsTag, Summary: "The user of the token", Auth: BearerAuth,
		Errors: []*domain.Error{domain.ErrTokenInvalid},
	}, r.me)
	Handle(a, http.MethodGet, "/api/auth/validate-jwt", Op{
		ID: "validateJwt", Tag: accountsTag, Summary: "Whether a token is good now, whose it is and what it allows", Auth: BearerAuth, Unmetered: true,
		Description: "For services that do not verify tokens themselves. Permissions are those held now at the token's audience.",
		Errors:      []*domain.Error{domain.ErrTokenInvalid},
	}, r.validate)
	r.mountLinks(a)
}

func (r *Accounts) register(ctx context.Context, caller Caller, in api.RegisterRequest) (api.RegisterResponse, error) {
	out, err := r.Register.Handle(ctx, auth.RegisterInput{
		From: caller.Origin, Email: in.Email, Password: domain.NewSecret(in.Password),
		FirstName: in.FirstName, LastName: in.LastName, Locale: in.Locale,
	})
	message := "Registered. Log in, and follow the link in the mail we sent to prove the address"
	if out.Pending {
		message = "Registered. Follow the link in the mail we sent, or enter its code, to verify the address"
	}
	return api.RegisterResponse{Success: true, UserID: string(out.UserID), Message: message}, err
}

func (r *Accounts) verify(ctx context.Context, caller Caller, in api.VerifyEmailRequest) (api.MessageResponse, error) {
	_, err := r.Verification.Handle(ctx, auth.VerifyEmailInput{
		From: caller.Origin, Token: domain.NewSecret(in.Token), Email: in.Email, Code: domain.NewSecret(in.Code),
	})
	return verified, err
}

var verified = api.MessageResponse{Success: true, Message: "Email verified successfully"}

func (r *Accounts) resend(ctx context.Context, caller Caller, in api.ResendVerificationRequest) (api.MessageResponse, error) {
	err := r.Resend.Handle(ctx, auth.ResendVerificationInput{From: caller.Origin, Email: in.Email})
	return api.MessageResponse{Success: true, Message: "If this address waits for verification, a new mail is on its way"}, err
}

func (r *Accounts) login(ctx context.Context, caller Caller, in api.LoginRequest) (api.LoginResponse, error) {
	out, err := r.Login.Handle(ctx, auth.LoginInput{
		From: caller.Origin, Email: in.Email, Password: domain.NewSecret(in.Password), Service: in.Service, DeviceName: in.DeviceName,
	})
	if err != nil {
		return api.LoginResponse{}, err
	}
	return api.LoginResponse{
		Success: true, AccessToken: out.Access.Token.Reveal(), RefreshToken: out.RefreshToken.Reveal(),
		TokenType: api.TokenTypeBearer, ExpiresIn: expiresIn(out.Access), User: userBody(out.User), SessionID: string(out.Session.ID),
		Session: api.Session{ID: string(out.Session.ID), ExpiresAt: out.Session.ExpiresAt, IdleExpiresAt: out.IdleUntil},
	}, nil
}

// refresh takes the token from the body, else from the Authorization header, where the clients of the original service have it.
func (r *Accounts) refresh(ctx context.Context, caller Caller, in api.RefreshRequest) (api.RefreshResponse, error) {
	token := domain.NewSecret(in.RefreshToken)
	if token.IsZero() {
		token = caller.Bearer
	}
	out, err := r.Refresh.Handle(ctx, auth.RefreshInput{From: caller.Origin, Token: token, Service: in.Service})
	if err != nil {
		return api.RefreshResponse{}, err
	}
	return api.RefreshResponse{
		Success: true, AccessToken: out.Access.Token.Reveal(), RefreshToken: out.RefreshToken.Reveal(),
		TokenType: api.TokenTypeBearer, ExpiresIn: expiresIn(out.Access),
	}, nil
}

func (r *Accounts) logout(ctx context.Context, caller Caller, in api.LogoutRequest) (api.MessageResponse, error) {
	err := r.Logout.Handle(ctx, auth.LogoutInput{From: caller.Origin, AccessToken: caller.Bearer, RefreshToken: domain.NewSecret(in.RefreshToken)})
	return api.MessageResponse{Success: true, Message: "Logged out"}, err
}

func (r *Accounts) me(ctx context.Context, caller Caller, _ struct{}) (api.MeResponse, error) {
	user, err := r.Me.Handle(ctx, caller.Actor)
	return api.MeResponse{Success: true, User: userBody(user)}, err
}

func (r *Accounts) validate(ctx context.Context, caller Caller, _ struct{}) (api.ValidateResponse, error) {
	out, err := r.Validate.Handle(ctx, caller.Actor)
	if err != nil {
		return api.ValidateResponse{}, err
	}
	permissions := out.Permissions
	if permissions == nil {
		permissions = []string{}
	}
	return api.ValidateResponse{
		Success: true, UserID: string(out.User.ID), User: userBody(out.User), SessionID: string(out.SessionID),
		Audience: out.Audience, Permissions: permissions,
	}, nil
}

func expiresIn(t session.AccessToken) int64 { return int64(t.ExpiresIn / time.Second) }

func userBody(u domain.User) api.User {
	body := api.User{
		ID: string(u.ID), Email: u.Email.Canonical(), FirstName: u.FirstName, LastName: u.LastName, Locale: u.Locale,
		IsActive: u.State == domain.Active, IsEmailVerified: u.IsEmailVerified(), CreatedAt: u.CreatedAt, UpdatedAt: u.UpdatedAt,
		Metadata: []byte(u.Metadata), Identities: []api.Identity{},
	}
	if !u.LastLoginAt.IsZero() {
		body.LastLoginAt, body.LastLogin = &u.LastLoginAt, &u.LastLoginAt
	}
	return body
}
