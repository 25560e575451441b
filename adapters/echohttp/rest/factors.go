package rest

import (
	"context"
	"encoding/base64"
	"net/http"
	"time"

	"github.com/signet-auth/signet/adapters/echohttp"
	"github.com/signet-auth/signet/api"
	"github.com/signet-auth/signet/app/factor"
	"github.com/signet-auth/signet/app/signin"
	"github.com/signet-auth/signet/domain"
)

// Factors is the routes by which people prove a second factor and keep their own.
type Factors struct{ Service *factor.Service }

// Mount adds the routes.
func (r *Factors) Mount(a *echohttp.API) {
	echohttp.Handle(a, http.MethodPost, "/api/auth/mfa/verify", echohttp.Op{
		ID: "verifyFactor", Proxied: true, Tag: echohttp.TagFactors, Summary: "Complete a login that was answered with mfa_required", Strict: true,
		Description: "With the challenge of that answer and exactly one of code and recovery_code. A challenge works for 10 minutes and takes 5 tries; service, device_name and transport are those of the login. A code counts once.",
		Errors: []*domain.Error{
			domain.ErrInvalidRequest, domain.ErrInvalidCode, domain.ErrInvalidToken, domain.ErrUnknownService, domain.ErrForbidden,
			domain.ErrSessionLimitReached, domain.ErrRateLimited,
		},
	}, r.verify)
	echohttp.Handle(a, http.MethodPost, "/api/auth/step-up", echohttp.Op{
		ID: "stepUp", Tag: echohttp.TagFactors, Summary: "Prove a factor within a session", Auth: echohttp.BearerAuth, Unenrolled: true, Strict: true,
		Description: "For what answers reauth_required, here or at another service (RFC 9470). Exactly one of code, recovery_code and, for accounts without factors, password. The session goes on with the tokens of the answer, at the level that was proved; its earlier refresh tokens end.",
		Errors: []*domain.Error{
			domain.ErrInvalidRequest, domain.ErrInvalidCode, domain.ErrInvalidCredentials, domain.ErrUnknownService, domain.ErrForbidden,
			domain.ErrWrongAudience, domain.ErrEnrolmentRequired, domain.ErrNoFactor, domain.ErrRateLimited, domain.ErrBusy,
		},
	}, r.stepUp)
	echohttp.Handle(a, http.MethodGet, "/api/auth/factors", echohttp.Op{
		ID: "listFactors", Tag: echohttp.TagFactors, Summary: "The factors of the caller", Auth: echohttp.BearerAuth, Unenrolled: true,
		Errors: []*domain.Error{domain.ErrForbidden, domain.ErrWrongAudience},
	}, r.list)
	echohttp.Handle(a, http.MethodPost, "/api/auth/factors/totp", echohttp.Op{
		ID: "enrolTotp", Tag: echohttp.TagFactors, Summary: "Begin to add an authenticator app", Auth: echohttp.BearerAuth, Unenrolled: true, Strict: true, Status: http.StatusCreated,
		Description: "Needs a recent login, by a factor if there is one, and a verified address. It counts once it is confirmed, by the same session and within 10 minutes; one that still waits is replaced.",
		Errors: []*domain.Error{
			domain.ErrInvalidRequest, domain.ErrForbidden, domain.ErrWrongAudience, domain.ErrReauthRequired, domain.ErrEmailNotVerified, domain.ErrLimitReached,
		},
	}, r.enrol)
	echohttp.Handle(a, http.MethodPost, "/api/auth/factors/totp/{id}/confirm", echohttp.Op{
		ID: "confirmTotp", Tag: echohttp.TagFactors, Summary: "Confirm an authenticator app by one of its codes", Auth: echohttp.BearerAuth, Unenrolled: true, Strict: true,
		Description: "This session goes on with the tokens of the answer. The first factor makes ten recovery codes, which are shown once, ends all other sessions and voids a change of the address that is under way.",
		Errors: []*domain.Error{
			domain.ErrInvalidRequest, domain.ErrInvalidCode, domain.ErrForbidden, domain.ErrWrongAudience, domain.ErrReauthRequired, domain.ErrNotFound,
			domain.ErrLimitReached, domain.ErrRateLimited,
		},
	}, r.confirm)
	echohttp.Handle(a, http.MethodPatch, "/api/auth/factors/{id}", echohttp.Op{
		ID: "renameFactor", Tag: echohttp.TagFactors, Summary: "Rename a factor", Auth: echohttp.BearerAuth, Unenrolled: true, Strict: true,
		Errors: []*domain.Error{domain.ErrInvalidRequest, domain.ErrForbidden, domain.ErrWrongAudience, domain.ErrNotFound},
	}, r.rename)
	echohttp.Handle(a, http.MethodDelete, "/api/auth/factors/{id}", echohttp.Op{
		ID: "removeFactor", Tag: echohttp.TagFactors, Summary: "Remove a factor", Auth: echohttp.BearerAuth, Unenrolled: true,
		Description: "Needs a recent login by a factor. All other sessions end, and this one goes on with the tokens of the answer, at the level that the remaining factors prove. Recovery codes go with the last factor.",
		Errors:      []*domain.Error{domain.ErrForbidden, domain.ErrWrongAudience, domain.ErrReauthRequired, domain.ErrNotFound, domain.ErrFactorRequired},
	}, r.remove)
	echohttp.Handle(a, http.MethodPost, "/api/auth/factors/recovery-codes", echohttp.Op{
		ID: "renewRecoveryCodes", Tag: echohttp.TagFactors, Summary: "Make new recovery codes", Auth: echohttp.BearerAuth, Unenrolled: true, Status: http.StatusCreated,
		Description: "Needs a recent login by a factor. The codes before are void; the new ones are shown once.",
		Errors:      []*domain.Error{domain.ErrForbidden, domain.ErrWrongAudience, domain.ErrReauthRequired, domain.ErrNoFactor},
	}, r.renewCodes)
}

// fewCodes is how many recovery codes are left when people are told.
const fewCodes = 3

func (r *Factors) verify(ctx context.Context, caller echohttp.Caller, in api.MFAVerifyRequest) (echohttp.Answer[api.MFAVerifyResponse], error) {
	answer := echohttp.Answer[api.MFAVerifyResponse]{}
	out, err := r.Service.Verify(ctx, factor.VerifyInput{
		From: caller.Origin, Challenge: domain.NewSecret(in.Challenge), Offer: offer(in.Code, in.RecoveryCode), MayCookie: caller.CheckCookieOrigin,
	})
	if err != nil {
		return answer, err
	}
	answer.Body.LoginResponse, answer.Cookies = loginBody(caller, out.Tokens)
	if out.CodesLeft <= fewCodes {
		answer.Body.RecoveryCodesLeft = &out.CodesLeft
	}
	return answer, nil
}

func offer(code, recovery string) factor.Offer {
	return factor.Offer{Code: domain.NewSecret(code), RecoveryCode: domain.NewSecret(recovery)}
}

func (r *Factors) stepUp(ctx context.Context, caller echohttp.Caller, in api.StepUpRequest) (echohttp.Answer[api.StepUpResponse], error) {
	answer := echohttp.Answer[api.StepUpResponse]{}
	out, err := r.Service.StepUp(ctx, factor.StepUpInput{
		Actor: caller.Actor, From: caller.Origin, Offer: offer(in.Code, in.RecoveryCode), Password: domain.NewSecret(in.Password), Service: in.Service,
	})
	if err != nil {
		return answer, err
	}
	answer.Body.Success = true
	answer.Body.SessionTokens, answer.Cookies = sessionTokens(caller, out)
	return answer, nil
}

// sessionTokens are the tokens with which a session goes on.
func sessionTokens(caller echohttp.Caller, out signin.Tokens) (body api.SessionTokens, cookies []*http.Cookie) {
	body = api.SessionTokens{
		AccessToken: out.Access.Token.Reveal(), TokenType: api.TokenTypeBearer, ExpiresIn: expiresIn(out.Access),
		ACR: out.Session.Level.String(), AuthTime: unix(out.Session.AuthTime),
	}
	body.RefreshToken, cookies = caller.DeliverRefreshToken(out.Session, out.RefreshToken, out.IdleUntil)
	return body, cookies
}

func (r *Factors) list(ctx context.Context, caller echohttp.Caller, _ struct{}) (api.FactorsResponse, error) {
	out, err := r.Service.List(ctx, caller.Actor)
	return api.FactorsResponse{
		Success: true, Factors: each(out.Factors, factorBody), ACR: caller.Actor.Level.String(), Methods: append([]string{}, out.Ways...),
		RecoveryCodes: codesBody(out.Codes), Policy: api.FactorPolicy{Required: out.Required},
	}, err
}

func codesBody(c domain.RecoveryCodes) api.RecoveryCodes {
	return api.RecoveryCodes{Left: c.Left, CreatedAt: when(c.CreatedAt)}
}

func factorBody(f domain.Factor) api.Factor {
	return api.Factor{
		ID: string(f.ID), Kind: string(f.Kind), Name: f.Name, BackedUp: f.Credential.BackedUp,
		Transports: append([]string{}, f.Credential.Transports...), RPID: f.Credential.RPID, CreatedAt: f.CreatedAt,
		LastUsedAt: when(f.LastUsedAt), Suspended: !f.SuspendedAt.IsZero(),
	}
}

func (r *Factors) enrol(ctx context.Context, caller echohttp.Caller, in api.EnrolTOTPRequest) (api.EnrolTOTPResponse, error) {
	out, err := r.Service.EnrolTOTP(ctx, factor.EnrolInput{Actor: caller.Actor, From: caller.Origin, Name: in.Name})
	if err != nil {
		return api.EnrolTOTPResponse{}, err
	}
	return api.EnrolTOTPResponse{
		Success: true, ID: string(out.Factor.ID), Secret: out.Key.Text.Reveal(), URI: out.Key.URI.Reveal(),
		QR: "data:image/png;base64," + base64.StdEncoding.EncodeToString(out.Key.QR), ExpiresIn: int64(domain.EnrolTTL / time.Second),
	}, nil
}

func (r *Factors) confirm(ctx context.Context, caller echohttp.Caller, in api.ConfirmTOTPRequest) (echohttp.Answer[api.FactorAddedResponse], error) {
	answer := echohttp.Answer[api.FactorAddedResponse]{}
	out, err := r.Service.ConfirmTOTP(ctx, factor.ConfirmInput{
		Actor: caller.Actor, From: caller.Origin, Factor: domain.FactorID(in.ID), Code: domain.NewSecret(in.Code),
	})
	if err != nil {
		return answer, err
	}
	answer.Body = api.FactorAddedResponse{
		Success: true, Factor: factorBody(out.Factor), RecoveryCodes: each(out.Codes, domain.Secret.Reveal), EmailChangeVoid: out.Voided,
	}
	answer.Body.SessionTokens, answer.Cookies = sessionTokens(caller, out.Tokens)
	return answer, nil
}

func (r *Factors) rename(ctx context.Context, caller echohttp.Caller, in api.RenameFactorRequest) (api.FactorResponse, error) {
	f, err := r.Service.Rename(ctx, caller.Actor, domain.FactorID(in.ID), in.Name)
	return api.FactorResponse{Success: true, Factor: factorBody(f)}, err
}

func (r *Factors) remove(ctx context.Context, caller echohttp.Caller, in api.RemoveFactorRequest) (echohttp.Answer[api.FactorRemovedResponse], error) {
	answer := echohttp.Answer[api.FactorRemovedResponse]{}
	out, err := r.Service.Remove(ctx, caller.Actor, caller.Origin, domain.FactorID(in.ID))
	if err != nil {
		return answer, err
	}
	answer.Body.Success = true
	answer.Body.SessionTokens, answer.Cookies = sessionTokens(caller, out)
	return answer, nil
}

func (r *Factors) renewCodes(ctx context.Context, caller echohttp.Caller, _ struct{}) (api.RecoveryCodesResponse, error) {
	codes, err := r.Service.RenewCodes(ctx, caller.Actor, caller.Origin)
	return api.RecoveryCodesResponse{Success: true, RecoveryCodes: each(codes, domain.Secret.Reveal)}, err
}
