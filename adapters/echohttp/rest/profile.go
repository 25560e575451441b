package rest

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/signet-auth/signet/adapters/echohttp"
	"github.com/signet-auth/signet/api"
	"github.com/signet-auth/signet/app/federation"
	"github.com/signet-auth/signet/app/profile"
	"github.com/signet-auth/signet/domain"
)

// Profile is the routes of /api/auth by which people change their account.
type Profile struct {
	Service   *profile.Service
	Providers *federation.Service // tells which are configured
}

// Mount adds the routes.
func (r *Profile) Mount(a *echohttp.API) {
	echohttp.Handle(a, http.MethodPatch, "/api/auth/me", echohttp.Op{
		ID: "updateMe", Tag: echohttp.TagAccount, Summary: "Change names, language and metadata", Auth: echohttp.BearerAuth, Strict: true,
		Description: "A member that is absent stays as it is; null clears it. metadata is a JSON object of at most 8 KB and replaces the one before as a whole.",
		Errors:      []*domain.Error{domain.ErrInvalidRequest, domain.ErrTokenInvalid, domain.ErrWrongAudience},
	}, r.update)
	echohttp.Handle(a, http.MethodPost, "/api/auth/change-email", echohttp.Op{
		ID: "changeEmail", Tag: echohttp.TagAccount, Summary: "Ask for another address", Status: http.StatusAccepted, Auth: echohttp.BearerAuth, Strict: true,
		Description: "The new address gets a mail with a link that verifies it; until then the old one stays, and is told. The answer is the same when the new address belongs to another account. An account without a password needs a recent login instead.",
		Errors: []*domain.Error{
			domain.ErrInvalidRequest, domain.ErrInvalidCredentials, domain.ErrTokenInvalid, domain.ErrWrongAudience, domain.ErrReauthRequired,
			domain.ErrRateLimited, domain.ErrBusy,
		},
	}, r.changeEmail)
	echohttp.Handle(a, http.MethodPost, "/api/auth/change-email/confirm", echohttp.Op{
		ID: "confirmEmail", Tag: echohttp.TagAccount, Summary: "Prove the new address by the token of the link", Strict: true,
		Description: "The address is changed, sessions go on, and both mailboxes are told.",
		Errors:      []*domain.Error{domain.ErrInvalidToken, domain.ErrRateLimited},
	}, r.confirmEmail)
}

func (r *Profile) changeEmail(ctx context.Context, caller echohttp.Caller, in api.ChangeEmailRequest) (api.MessageResponse, error) {
	err := r.Service.ChangeEmail(ctx, profile.ChangeEmailInput{
		Actor: caller.Actor, From: caller.Origin, NewEmail: in.NewEmail, Password: domain.NewSecret(in.Password),
	})
	return api.MessageResponse{Success: true, Message: "Follow the link in the mail to the new address to change to it"}, err
}

func (r *Profile) confirmEmail(ctx context.Context, caller echohttp.Caller, in api.ConfirmEmailRequest) (api.MessageResponse, error) {
	err := r.Service.ConfirmEmail(ctx, profile.ConfirmEmailInput{From: caller.Origin, Token: domain.NewSecret(in.Token)})
	return api.MessageResponse{Success: true, Message: api.MessageEmailChanged}, err
}

func (r *Profile) update(ctx context.Context, caller echohttp.Caller, in api.UpdateMeRequest) (api.MeResponse, error) {
	out, err := r.Service.Update(ctx, profile.UpdateInput{
		Actor: caller.Actor, From: caller.Origin,
		FirstName: in.FirstName.Pointer(), LastName: in.LastName.Pointer(), Locale: in.Locale.Pointer(), Metadata: rawText(in.Metadata),
	})
	if err != nil {
		return api.MeResponse{}, err
	}
	body := userBody(out.User)
	body.Identities = identityBodies(r.Providers, out.Identities)
	return api.MeResponse{Success: true, User: body}, nil
}

// rawText is free-form JSON as text, nil when it is absent and empty for null.
func rawText(member api.Optional[json.RawMessage]) *string {
	raw := member.Pointer()
	if raw == nil {
		return nil
	}
	text := string(*raw)
	return &text
}
