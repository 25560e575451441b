package echohttp

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/signet-auth/signet/api"
	"github.com/signet-auth/signet/app/profile"
	"github.com/signet-auth/signet/domain"
)

// Profile is the routes of /api/auth by which people change their account.
type Profile struct {
	Update *profile.Update
}

// Mount adds the routes.
func (r *Profile) Mount(a *API) {
	Handle(a, http.MethodPatch, "/api/auth/me", Op{
		ID: "updateMe", Tag: accountsTag, Summary: "Change names, language and metadata", Auth: BearerAuth, Strict: true,
		Description: "A member that is absent stays as it is; null clears it. metadata is a JSON object of at most 8 KB and replaces the one before as a whole.",
		Errors:      []*domain.Error{domain.ErrInvalidRequest, domain.ErrTokenInvalid, domain.ErrWrongAudience},
	}, r.update)
}

func (r *Profile) update(ctx context.Context, caller Caller, in api.UpdateMeRequest) (api.MeResponse, error) {
	user, err := r.Update.Handle(ctx, profile.UpdateInput{
		Actor: caller.Actor, From: caller.Origin,
		FirstName: in.FirstName.Pointer(), LastName: in.LastName.Pointer(), Locale: in.Locale.Pointer(), Metadata: rawText(in.Metadata),
	})
	return api.MeResponse{Success: true, User: userBody(user)}, err
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
