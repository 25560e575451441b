package rest

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/signet-auth/signet/adapters/echohttp"
	"github.com/signet-auth/signet/api"
	"github.com/signet-auth/signet/app/access"
	"github.com/signet-auth/signet/app/auth"
	"github.com/signet-auth/signet/app/federation"
	"github.com/signet-auth/signet/app/signin"
	"github.com/signet-auth/signet/domain"
)

// Auth is the routes of /api/auth by which people sign up, log in and out, and find out whose token they have.
type Auth struct {
	Service   *auth.Service
	Providers *federation.Service
}

// Mount adds the routes.
func (r *Auth) Mount(a *echohttp.API) {
	echohttp.Handle(a, http.MethodPost, "/api/auth/register", echohttp.Op{
		ID: "register", Proxied: true, Tag: echohttp.TagRegistration, Summary: "Begin an account", Status: http.StatusCreated,
		Description: "Sends a mail with a link and a code that verify the address, in the language of locale; without one the first of Accept-Language that mails are written in is kept as the locale. The answer is the same whether or not the address has an account.",
		Errors:      []*domain.Error{domain.ErrInvalidRequest, domain.ErrForbidden, domain.ErrRegistrationClosed, domain.ErrEmailTaken, domain.ErrBusy},
	}, r.register)
	echohttp.Handle(a, http.MethodPost, "/api/auth/verify-email", echohttp.Op{
		ID: "verifyEmail", Proxied: true, Tag: echohttp.TagRegistration, Summary: "Prove a mailbox by the token of the link, or by address and code", Strict: true,
		Errors: []*domain.Error{domain.ErrInvalidToken, domain.ErrRateLimited},
	}, r.verify)
	echohttp.Handle(a, http.MethodPost, "/api/auth/verify-email/resend", echohttp.Op{
		ID: "resendVerification", Proxied: true, Tag: echohttp.TagRegistration, Summary: "Send the mail that verifies an address once more", Status: http.StatusAccepted, Strict: true,
		Description: "The answer is the same for every address.",
		Errors:      []*domain.Error{domain.ErrInvalidRequest},
	}, r.resend)
	echohttp.Handle(a, http.MethodPost, "/api/auth/login", echohttp.Op{
		ID: "login", Proxied: true, Tag: echohttp.TagLogin, Summary: "Begin a session with a password",
		Description: "Unknown address, wrong password, disabled and locked account are one answer: invalid_credentials. An account with a second factor answers mfa_required and a challenge for POST /api/auth/mfa/verify, unless it remembers the device by device_token or its cookie. With transport \"cookie\" the refresh token comes in a cookie that scripts can't read (an Origin that is sent must be an allowed one), and so do all that follow it.",
		Errors: []*domain.Error{
			domain.ErrInvalidRequest, domain.ErrUnknownService, domain.ErrInvalidCredentials, domain.ErrMFARequired, domain.ErrEnrolmentRequired, domain.ErrEmailNotVerified, domain.ErrForbidden,
			domain.ErrSessionLimitReached, domain.ErrRateLimited, domain.ErrBusy,
		},
	}, r.login)
	echohttp.Handle(a, http.MethodPost, "/api/auth/refresh", echohttp.Op{
		ID: "refresh", Proxied: true, Tag: echohttp.TagLogin, Summary: "Exchange a refresh token for its successor and a fresh access token", Auth: echohttp.UnverifiedAuth,
		Description: "The refresh token is a member of the body, the session cookie (with the header X-Signet: 1 and an allowed Origin) or the bearer token; the first of them wins. Sent again within seconds (REFRESH_GRACE), it is answered with the same successor; within REFRESH_RETRY, if the successor was not used, with a new one; later it ends the session. A session begun with transport \"cookie\" gets the successor by cookie only.",
		Errors:      []*domain.Error{domain.ErrInvalidRequest, domain.ErrUnknownService, domain.ErrTokenInvalid, domain.ErrForbidden, domain.ErrEnrolmentRequired},
	}, r.refresh)
	echohttp.Handle(a, http.MethodPost, "/api/auth/logout", echohttp.Op{
		ID: "logout", Tag: echohttp.TagLogin, Summary: "End a session", Auth: echohttp.UnverifiedAuth,
		Description: "Takes the access token as bearer, also one whose time or session is over, the refresh token in the body, or the session cookie (with the header X-Signet: 1 and an allowed Origin). The cookie is deleted.",
		Errors:      []*domain.Error{domain.ErrTokenMissing, domain.ErrTokenInvalid, domain.ErrForbidden},
	}, r.logout)
	echohttp.Handle(a, http.MethodGet, "/api/auth/me", echohttp.Op{
		ID: "me", Tag: echohttp.TagAccount, Summary: "The user of the token", Auth: echohttp.BearerAuth, Unenrolled: true,
		Errors: []*domain.Error{domain.ErrTokenInvalid},
	}, r.me)
	echohttp.Handle(a, http.MethodGet, "/api/auth/validate-jwt", echohttp.Op{
		ID: "validateJwt", Tag: echohttp.TagLogin, Summary: "Whether a token is good now, whose it is and what it allows", Auth: echohttp.BearerAuth, Unenrolled: true, Unmetered: true, Ordered: true,
		Description: "For services that do not verify tokens themselves. Permissions are those held now at the token's audience. A service's own access token is answered with the service.",
		Errors:      []*domain.Error{domain.ErrTokenInvalid},
	}, r.validate)
}

func (r *Auth) register(ctx context.Context, caller echohttp.Caller, in api.RegisterRequest) (api.RegisterResponse, error) {
	out, err := r.Service.Register(ctx, auth.RegisterInput{
		From: caller.Origin, Email: in.Email, Password: domain.NewSecret(in.Password),
		FirstName: in.FirstName, LastName: in.LastName, Locale: in.Locale, AcceptLanguage: caller.AcceptLanguage,
	})
	message := "Registered. Sign in, and follow the link in the mail we sent to verify the address"
	if out.Pending {
		message = "Registered. Follow the link in the mail we sent, or enter its code, to verify the address"
	}
	return api.RegisterResponse{Success: true, UserID: string(out.UserID), Message: message}, err
}

func (r *Auth) verify(ctx context.Context, caller echohttp.Caller, in api.VerifyEmailRequest) (api.MessageResponse, error) {
	err := r.Service.VerifyEmail(ctx, auth.VerifyEmailInput{
		From: caller.Origin, Token: domain.NewSecret(in.Token), Email: in.Email, Code: domain.NewSecret(in.Code),
	})
	return api.MessageResponse{Success: true, Message: api.MessageEmailVerified}, err
}

func (r *Auth) resend(ctx context.Context, caller echohttp.Caller, in api.ResendVerificationRequest) (api.MessageResponse, error) {
	err := r.Service.ResendVerification(ctx, auth.ResendVerificationInput{From: caller.Origin, Email: in.Email})
	return api.MessageResponse{Success: true, Message: "If this address waits for verification, a new mail is on its way"}, err
}

func (r *Auth) login(ctx context.Context, caller echohttp.Caller, in api.LoginRequest) (echohttp.Answer[api.LoginResponse], error) {
	answer := echohttp.Answer[api.LoginResponse]{}
	byCookie := in.Transport == api.TransportCookie
	if byCookie {
		if err := caller.CheckCookieOrigin(); err != nil {
			return answer, err
		}
	}
	out, err := r.Service.Login(ctx, auth.LoginInput{
		From: caller.Origin, Email: in.Email, Password: domain.NewSecret(in.Password), Service: in.Service, DeviceName: in.DeviceName,
		Cookie: byCookie, Device: caller.DeviceToken(in.DeviceToken),
	})
	if err != nil {
		return answer, err
	}
	answer.Body, answer.Cookies = loginBody(caller, out)
	return answer, nil
}

// loginBody is the body for a session that has begun, by whatever means.
func loginBody(caller echohttp.Caller, out signin.Tokens) (body api.LoginResponse, cookies []*http.Cookie) {
	body = api.LoginResponse{
		Success: true, AccessToken: out.Access.Token.Reveal(),
		TokenType: api.TokenTypeBearer, ExpiresIn: expiresIn(out.Access), User: userBody(out.User), SessionID: string(out.Session.ID),
		Session: api.Session{ID: string(out.Session.ID), ExpiresAt: out.Session.ExpiresAt, IdleExpiresAt: out.IdleUntil},
		ACR:     out.Session.Level.String(), NeedsACR: domain.MinLevelName(out.Access.NeedsLevel), EnrolmentRequired: out.MustEnrol,
	}
	body.RefreshToken, cookies = caller.DeliverRefreshToken(out.Session, out.RefreshToken, out.IdleUntil)
	return body, cookies
}

func (r *Auth) refresh(ctx context.Context, caller echohttp.Caller, in api.RefreshRequest) (echohttp.Answer[api.RefreshResponse], error) {
	answer := echohttp.Answer[api.RefreshResponse]{}
	token, by, err := refreshToken(caller, in.RefreshToken)
	if err != nil {
		return answer, err
	}
	out, err := r.Service.Refresh(ctx, auth.RefreshInput{From: caller.Origin, Token: token, By: by, Service: in.Service})
	if err != nil {
		if by == auth.ByCookie && !errors.Is(err, auth.ErrOvertaken) { // the browser may have the newer cookie by now, from another tab
			err = caller.ClearInvalidCookie(err)
		}
		return answer, err
	}
	answer.Body = api.RefreshResponse{
		Success: true, AccessToken: out.Access.Token.Reveal(), TokenType: api.TokenTypeBearer, ExpiresIn: expiresIn(out.Access),
		NeedsACR: domain.MinLevelName(out.Access.NeedsLevel),
	}
	answer.Body.RefreshToken, answer.Cookies = caller.DeliverRefreshToken(out.Session, out.RefreshToken, out.IdleUntil)
	return answer, nil
}

// refreshToken finds the refresh token of a request: in the body, in the cookie, or in the Authorization header, where clients of the
// original service send it. The cookie takes precedence over the header, because front ends put their access token there in every request,
// including this one. If the cookie is not accepted, the header still counts.
func refreshToken(caller echohttp.Caller, body string) (domain.Secret, auth.Carrier, error) {
	if body != "" {
		return domain.NewSecret(body), auth.ByBody, nil
	}
	cookie, err := caller.RefreshCookie()
	if !cookie.IsZero() || caller.Bearer.IsZero() {
		return cookie, auth.ByCookie, err
	}
	return caller.Bearer, auth.ByBearer, nil
}

// logout accepts any token that was sent. The cookie is also deleted when another token logged out, because it belongs to this browser.
func (r *Auth) logout(ctx context.Context, caller echohttp.Caller, in api.LogoutRequest) (echohttp.Answer[api.MessageResponse], error) {
	answer := echohttp.Answer[api.MessageResponse]{Body: api.MessageResponse{Success: true, Message: "Logged out"}}
	token := domain.NewSecret(in.RefreshToken)
	cookie, err := caller.RefreshCookie()
	if err != nil && token.IsZero() && caller.Bearer.IsZero() {
		return answer, err
	}
	err = r.Service.Logout(ctx, auth.LogoutInput{From: caller.Origin, AccessToken: caller.Bearer, RefreshToken: token, Cookie: cookie})
	if err != nil {
		if !cookie.IsZero() {
			err = caller.ClearInvalidCookie(err)
		}
		return answer, err
	}
	if answer.Cookies = caller.ClearRefreshCookie(); answer.Cookies != nil {
		answer.Header = http.Header{"Clear-Site-Data": {siteData}}
	}
	return answer, nil
}

// siteData is what a browser deletes at logout (SE-8): data that pages of our origin stored. It is not "cookies", which would delete those
// of every other host of the domain, nor "cache", which holds none of our answers.
const siteData = `"storage"`

func (r *Auth) me(ctx context.Context, caller echohttp.Caller, _ struct{}) (api.MeResponse, error) {
	out, err := r.Service.Me(ctx, caller.Actor)
	if err != nil {
		return api.MeResponse{}, err
	}
	body := userBody(out.User)
	body.Identities = identityBodies(r.Providers, out.Identities)
	return api.MeResponse{Success: true, User: body}, nil
}

func (r *Auth) validate(ctx context.Context, caller echohttp.Caller, _ struct{}) (api.ValidateResponse, error) {
	out, err := r.Service.ValidateJWT(ctx, caller.Actor)
	if err != nil {
		return api.ValidateResponse{}, err
	}
	permissions := out.Permissions
	if permissions == nil {
		permissions = []string{}
	}
	body := api.ValidateResponse{Success: true, Audience: out.Audience, Permissions: permissions, CS: caller.AsOf, ValidUntil: when(out.ValidUntil)}
	if caller.Actor.Kind == domain.ActorService {
		service := serviceRef(out.Service)
		body.Service = &service
		return body, nil
	}
	user := userBody(out.User)
	body.UserID, body.User, body.SessionID = string(out.User.ID), &user, string(out.SessionID)
	body.ACR, body.AuthTime = caller.Actor.Level.String(), unix(caller.Actor.AuthTime)
	return body, nil
}

func expiresIn(t access.Token) int64 { return int64(t.ExpiresIn / time.Second) }

func userBody(u domain.User) api.User {
	body := api.User{
		ID: string(u.ID), Email: u.Email.Canonical(), FirstName: u.FirstName, LastName: u.LastName, Locale: u.Locale,
		IsActive: u.State == domain.Active, IsEmailVerified: u.IsEmailVerified(), CreatedAt: u.CreatedAt, UpdatedAt: u.UpdatedAt,
		Metadata: []byte(u.Metadata),
	}
	if !u.LastLoginAt.IsZero() {
		body.LastLoginAt, body.LastLogin = &u.LastLoginAt, &u.LastLoginAt
	}
	return body
}
