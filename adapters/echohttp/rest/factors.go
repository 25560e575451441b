package rest

import (
	"context"
	"encoding/base64"
	"encoding/json"
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
	echohttp.Handle(a, http.MethodPost, "/api/auth/mfa/options", echohttp.Op{
		ID: "verifyFactorOptions", Proxied: true, Tag: echohttp.TagFactors, Summary: "Ask for a signature that completes a login", Strict: true,
		Description: "For the method webauthn of an answer mfa_required: publicKey goes to navigator.credentials.get, its credential with state to POST /api/auth/mfa/verify within 5 minutes.",
		Errors:      []*domain.Error{domain.ErrInvalidToken, domain.ErrNoFactor, domain.ErrRateLimited},
	}, r.verifyOptions)
	echohttp.Handle(a, http.MethodPost, "/api/auth/passkey/options", echohttp.Op{
		ID: "passkeyOptions", Proxied: true, Tag: echohttp.TagFactors, Summary: "Ask for the signature of any passkey", Strict: true,
		Description: "Begins a login without a password and without an address, also for autofill (mediation conditional): publicKey goes to navigator.credentials.get, its credential with state to POST /api/auth/passkey/login within 5 minutes. Nothing is stored.",
		Errors:      []*domain.Error{domain.ErrUnavailable},
	}, r.loginOptions)
	echohttp.Handle(a, http.MethodPost, "/api/auth/passkey/login", echohttp.Op{
		ID: "passkeyLogin", Proxied: true, Tag: echohttp.TagLogin, Summary: "Begin a session with a passkey", Strict: true,
		Description: "With the state and the credential for POST /api/auth/passkey/options, which work once. No second factor is asked for: a passkey whose user was verified is both. Whatever is wrong behind the state is one answer: invalid_credentials.",
		Errors: []*domain.Error{
			domain.ErrInvalidRequest, domain.ErrInvalidToken, domain.ErrUnknownService, domain.ErrInvalidCredentials, domain.ErrForbidden,
			domain.ErrSessionLimitReached, domain.ErrRateLimited, domain.ErrUnavailable,
		},
	}, r.login)
	echohttp.Handle(a, http.MethodPost, "/api/auth/mfa/verify", echohttp.Op{
		ID: "verifyFactor", Proxied: true, Tag: echohttp.TagFactors, Summary: "Complete a login that was answered with mfa_required", Strict: true,
		Description: "With the challenge of that answer and exactly one of code, recovery_code and, with its state of POST /api/auth/mfa/options, credential. A challenge works for 10 minutes and takes 5 tries; service, device_name and transport are those of the login. A code or signature counts once. With remember_device the answer brings a device_token, by cookie where the session's refresh token is: logins that send it are not asked for a factor, until TRUSTED_DEVICE is over or the account's credentials change.",
		Errors: []*domain.Error{
			domain.ErrInvalidRequest, domain.ErrInvalidCode, domain.ErrInvalidToken, domain.ErrUnknownService, domain.ErrForbidden,
			domain.ErrSessionLimitReached, domain.ErrRateLimited,
		},
	}, r.verify)
	echohttp.Handle(a, http.MethodPost, "/api/auth/step-up/options", echohttp.Op{
		ID: "stepUpOptions", Tag: echohttp.TagFactors, Summary: "Ask for a signature that raises the session", Auth: echohttp.BearerAuth, Unenrolled: true,
		Description: "publicKey goes to navigator.credentials.get, its credential with state to POST /api/auth/step-up within 5 minutes.",
		Errors:      []*domain.Error{domain.ErrForbidden, domain.ErrWrongAudience, domain.ErrNoFactor},
	}, r.stepUpOptions)
	echohttp.Handle(a, http.MethodPost, "/api/auth/step-up", echohttp.Op{
		ID: "stepUp", Tag: echohttp.TagFactors, Summary: "Prove a factor within a session", Auth: echohttp.BearerAuth, Unenrolled: true, Strict: true,
		Description: "For what answers reauth_required, here or at another service (RFC 9470). Exactly one of code, recovery_code, credential (with its state of POST /api/auth/step-up/options) and, for accounts without factors, password. The session goes on with the tokens of the answer, at the level that was proved; its earlier refresh tokens end.",
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
	echohttp.Handle(a, http.MethodPost, "/api/auth/factors/webauthn/options", echohttp.Op{
		ID: "enrolKeyOptions", Tag: echohttp.TagFactors, Summary: "Begin to add a passkey or a security key", Auth: echohttp.BearerAuth, Unenrolled: true, Strict: true,
		Description: "Needs a recent login, by a factor if there is one, and a verified address. kind passkey also logs in alone, security_key is a second factor only. publicKey goes to navigator.credentials.create, its credential with state to POST /api/auth/factors/webauthn, by the same session and within 5 minutes.",
		Errors: []*domain.Error{
			domain.ErrInvalidRequest, domain.ErrForbidden, domain.ErrWrongAudience, domain.ErrReauthRequired, domain.ErrEmailNotVerified, domain.ErrLimitReached,
			domain.ErrUnavailable,
		},
	}, r.enrolKey)
	echohttp.Handle(a, http.MethodPost, "/api/auth/factors/webauthn", echohttp.Op{
		ID: "addKey", Tag: echohttp.TagFactors, Summary: "Add the passkey or security key that was made", Auth: echohttp.BearerAuth, Unenrolled: true, Strict: true, Status: http.StatusCreated,
		Description: "This session goes on with the tokens of the answer. The first factor makes ten recovery codes, which are shown once, ends all other sessions and voids a change of the address that is under way.",
		Errors: []*domain.Error{
			domain.ErrInvalidRequest, domain.ErrInvalidToken, domain.ErrForbidden, domain.ErrWrongAudience, domain.ErrReauthRequired,
			domain.ErrCredentialTaken, domain.ErrLimitReached, domain.ErrRateLimited, domain.ErrUnavailable,
		},
	}, r.addKey)
	echohttp.Handle(a, http.MethodPost, "/api/auth/factors/{id}/resume", echohttp.Op{
		ID: "resumeFactor", Tag: echohttp.TagFactors, Summary: "Let a suspended key prove again", Auth: echohttp.BearerAuth, Unenrolled: true,
		Description: "A key is suspended when its counter says that there may be a copy of it. Needs another factor, or a recovery code, that was proved since then.",
		Errors:      []*domain.Error{domain.ErrForbidden, domain.ErrWrongAudience, domain.ErrReauthRequired, domain.ErrNotFound, domain.ErrNoFactor},
	}, r.resume)
	echohttp.Handle(a, http.MethodPost, "/api/auth/factors/undo", echohttp.Op{
		ID: "undoFactors", Tag: echohttp.TagFactors, Summary: "Undo a first factor by the token of the mail about it", Strict: true,
		Description: "For owners whose account somebody else has protected: all factors and recovery codes go, all sessions end, and a mail with a link to set a new password follows.",
		Errors:      []*domain.Error{domain.ErrInvalidToken, domain.ErrRateLimited},
	}, r.undo)
	echohttp.Handle(a, http.MethodPatch, "/api/auth/factors/{id}", echohttp.Op{
		ID: "renameFactor", Tag: echohttp.TagFactors, Summary: "Rename a factor", Auth: echohttp.BearerAuth, Unenrolled: true, Strict: true,
		Errors: []*domain.Error{domain.ErrInvalidRequest, domain.ErrForbidden, domain.ErrWrongAudience, domain.ErrNotFound},
	}, r.rename)
	echohttp.Handle(a, http.MethodDelete, "/api/auth/factors/{id}", echohttp.Op{
		ID: "removeFactor", Tag: echohttp.TagFactors, Summary: "Remove a factor", Auth: echohttp.BearerAuth, Unenrolled: true,
		Description: "Needs a recent login by a factor. All other sessions end, and this one goes on with the tokens of the answer, at the level that the remaining factors prove. Recovery codes go with the last factor.",
		Errors:      []*domain.Error{domain.ErrForbidden, domain.ErrWrongAudience, domain.ErrReauthRequired, domain.ErrNotFound, domain.ErrLastWayIn, domain.ErrFactorRequired},
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
		From: caller.Origin, Challenge: domain.NewSecret(in.Challenge), Offer: offer(in.Code, in.RecoveryCode, in.WebAuthnResponse), Remember: in.RememberDevice,
		MayCookie: caller.CheckCookieOrigin,
	})
	if err != nil {
		return answer, err
	}
	answer.Body.LoginResponse, answer.Cookies = loginBody(caller, out.Tokens)
	var device []*http.Cookie
	answer.Body.DeviceToken, device = caller.DeliverDeviceToken(out.Session, out.DeviceToken, out.DeviceUntil)
	answer.Cookies = append(answer.Cookies, device...)
	answer.Body.RecoveryCodesLeft = few(out.CodesLeft)
	return answer, nil
}

// few is how many recovery codes are left, or nil when there are enough.
func few(left *int) *int {
	if left != nil && *left > fewCodes {
		return nil
	}
	return left
}

func offer(code, recovery string, key api.WebAuthnResponse) factor.Offer {
	response := key.Credential
	if string(response) == "null" { // which is as none in every other member, but json.RawMessage keeps the word
		response = nil
	}
	return factor.Offer{Code: domain.NewSecret(code), RecoveryCode: domain.NewSecret(recovery), State: key.State, Response: response}
}

func optionsBody(asked factor.Asked) api.WebAuthnOptionsResponse {
	return api.WebAuthnOptionsResponse{
		Success: true, State: asked.State, ExpiresIn: int64(asked.TTL / time.Second), PublicKey: json.RawMessage(asked.Options),
	}
}

func (r *Factors) verifyOptions(ctx context.Context, caller echohttp.Caller, in api.MFAOptionsRequest) (api.WebAuthnOptionsResponse, error) {
	asked, err := r.Service.VerifyOptions(ctx, caller.Origin, domain.NewSecret(in.Challenge))
	return optionsBody(asked), err
}

func (r *Factors) stepUpOptions(ctx context.Context, caller echohttp.Caller, _ struct{}) (api.WebAuthnOptionsResponse, error) {
	asked, err := r.Service.StepUpOptions(ctx, caller.Actor, caller.Origin)
	return optionsBody(asked), err
}

func (r *Factors) loginOptions(context.Context, echohttp.Caller, api.PasskeyOptionsRequest) (api.WebAuthnOptionsResponse, error) {
	asked, err := r.Service.LoginOptions()
	return optionsBody(asked), err
}

func (r *Factors) login(ctx context.Context, caller echohttp.Caller, in api.PasskeyLoginRequest) (echohttp.Answer[api.LoginResponse], error) {
	answer := echohttp.Answer[api.LoginResponse]{}
	byCookie := in.Transport == api.TransportCookie
	if byCookie {
		if err := caller.CheckCookieOrigin(); err != nil {
			return answer, err
		}
	}
	out, err := r.Service.Login(ctx, factor.LoginInput{
		From: caller.Origin, State: in.State, Response: in.Credential, Service: in.Service, DeviceName: in.DeviceName, Cookie: byCookie,
	})
	if err != nil {
		return answer, err
	}
	answer.Body, answer.Cookies = loginBody(caller, out)
	return answer, nil
}

func (r *Factors) enrolKey(ctx context.Context, caller echohttp.Caller, in api.EnrolKeyRequest) (api.WebAuthnOptionsResponse, error) {
	asked, err := r.Service.EnrolKey(ctx, factor.EnrolKeyInput{Actor: caller.Actor, From: caller.Origin, Kind: domain.FactorKind(in.Kind)})
	return optionsBody(asked), err
}

func (r *Factors) addKey(ctx context.Context, caller echohttp.Caller, in api.AddKeyRequest) (echohttp.Answer[api.FactorAddedResponse], error) {
	out, err := r.Service.AddKey(ctx, factor.AddKeyInput{Actor: caller.Actor, From: caller.Origin, State: in.State, Response: in.Credential, Name: in.Name})
	return added(caller, out, err)
}

func (r *Factors) resume(ctx context.Context, caller echohttp.Caller, in api.ResumeFactorRequest) (api.FactorResponse, error) {
	f, err := r.Service.Resume(ctx, caller.Actor, caller.Origin, domain.FactorID(in.ID))
	return api.FactorResponse{Success: true, Factor: factorBody(f)}, err
}

func (r *Factors) stepUp(ctx context.Context, caller echohttp.Caller, in api.StepUpRequest) (echohttp.Answer[api.StepUpResponse], error) {
	answer := echohttp.Answer[api.StepUpResponse]{}
	out, err := r.Service.StepUp(ctx, factor.StepUpInput{
		Actor: caller.Actor, From: caller.Origin, Offer: offer(in.Code, in.RecoveryCode, in.WebAuthnResponse), Password: domain.NewSecret(in.Password), Service: in.Service,
	})
	if err != nil {
		return answer, err
	}
	answer.Body.Success = true
	answer.Body.SessionTokens, answer.Cookies = sessionTokens(caller, out.Tokens)
	answer.Body.RecoveryCodesLeft = few(out.CodesLeft)
	return answer, nil
}

// sessionTokens are the tokens with which a session goes on.
func sessionTokens(caller echohttp.Caller, out signin.Tokens) (body api.SessionTokens, cookies []*http.Cookie) {
	body = api.SessionTokens{
		AccessToken: out.Access.Token.Reveal(), TokenType: api.TokenTypeBearer, ExpiresIn: expiresIn(out.Access),
		ACR: out.Session.Level.String(), AuthTime: unix(out.Session.AuthTime),
		NeedsACR: domain.MinLevelName(out.Access.NeedsLevel),
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
	out, err := r.Service.ConfirmTOTP(ctx, factor.ConfirmInput{
		Actor: caller.Actor, From: caller.Origin, Factor: domain.FactorID(in.ID), Code: domain.NewSecret(in.Code),
	})
	return added(caller, out, err)
}

// added is the answer to a new factor.
func added(caller echohttp.Caller, out factor.Added, err error) (echohttp.Answer[api.FactorAddedResponse], error) {
	answer := echohttp.Answer[api.FactorAddedResponse]{}
	if err != nil {
		return answer, err
	}
	answer.Body = api.FactorAddedResponse{
		Success: true, Factor: factorBody(out.Factor), RecoveryCodes: each(out.Codes, domain.Secret.Reveal), EmailChangeVoid: out.Voided,
	}
	answer.Body.SessionTokens, answer.Cookies = sessionTokens(caller, out.Tokens)
	return answer, nil
}

func (r *Factors) undo(ctx context.Context, caller echohttp.Caller, in api.UndoFactorsRequest) (api.MessageResponse, error) {
	err := r.Service.Undo(ctx, factor.UndoInput{From: caller.Origin, Token: domain.NewSecret(in.Token)})
	return api.MessageResponse{Success: true, Message: api.MessageFactorsUndone}, err
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
