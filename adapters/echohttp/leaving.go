package echohttp

import (
	"context"
	"net/http"
	"time"

	"github.com/signet-auth/signet/api"
	"github.com/signet-auth/signet/app/user"
	"github.com/signet-auth/signet/domain"
)

// Leaving is the routes of /api/auth by which people take what is theirs, and leave.
type Leaving struct {
	Close  *user.Close
	Export *user.Export
}

// Mount adds the routes.
func (r *Leaving) Mount(a *API) {
	Handle(a, http.MethodPost, "/api/auth/close", Op{
		ID: "closeAccount", Tag: accountsTag, Summary: "Close the account", Auth: BearerAuth, Strict: true,
		Description: "All sessions end now, and the account logs in like one that does not exist. Its data is erased after 14 days (CLOSE_GRACE) unless an administrator opens it before. An account without a password closes soon after a login.",
		Errors: []*domain.Error{
			domain.ErrInvalidRequest, domain.ErrInvalidCredentials, domain.ErrTokenInvalid, domain.ErrWrongAudience, domain.ErrReauthRequired,
			domain.ErrLastAdmin, domain.ErrRateLimited, domain.ErrBusy,
		},
	}, r.close)
	Handle(a, http.MethodGet, "/api/auth/export", Op{
		ID: "exportAccount", Tag: accountsTag, Summary: "Everything that is held about the user", Auth: BearerAuth, Timeout: 5 * time.Second,
		Description: "Wants a login that is at most 10 minutes old (RECENT_AUTH). Where there is more than an answer should have, truncated names the members that are cut.",
		Errors:      []*domain.Error{domain.ErrTokenInvalid, domain.ErrWrongAudience, domain.ErrReauthRequired},
	}, r.export)
}

func (r *Leaving) close(ctx context.Context, caller Caller, in api.CloseRequest) (api.CloseResponse, error) {
	out, err := r.Close.Handle(ctx, user.CloseInput{Actor: caller.Actor, From: caller.Origin, Password: domain.NewSecret(in.Password)})
	return api.CloseResponse{
		Success: true, Message: "The account is closed. Its data will be erased; until then an administrator can open it again", EraseAt: out.EraseAt,
	}, err
}

func (r *Leaving) export(ctx context.Context, caller Caller, _ struct{}) (api.ExportResponse, error) {
	out, err := r.Export.Handle(ctx, caller.Actor)
	if err != nil {
		return api.ExportResponse{}, err
	}
	return exportBody(out), nil
}
