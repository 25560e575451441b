package rest

import (
	"context"
	"net/http"
	"time"

	"github.com/signet-auth/signet/adapters/echohttp"
	"github.com/signet-auth/signet/api"
	"github.com/signet-auth/signet/app/apptoken"
	"github.com/signet-auth/signet/domain"
)

// AppTokens is the routes of /api/tokens.
type AppTokens struct{ Service *apptoken.Service }

// Mount adds the routes.
func (r *AppTokens) Mount(a *echohttp.API) {
	const bound = " The caller must hold every platform permission of the service's account, or be that account; what is held for a time is passed on for that time."
	echohttp.Handle(a, http.MethodPost, "/api/tokens", echohttp.Op{
		ID: "createToken", Tag: echohttp.TagAppTokens, Summary: "Make an application token of a service", Auth: echohttp.BearerAuth, Status: http.StatusCreated,
		Description: "Needs token:write at the platform, or signet.token:write at the service. The token is in this answer only." + bound,
		Errors: []*domain.Error{
			domain.ErrInvalidRequest, domain.ErrForbidden, domain.ErrWrongAudience, domain.ErrTargetOutranks, domain.ErrNotFound, domain.ErrPlatformService,
			apptoken.ErrLimitReached,
		},
	}, r.create)
	echohttp.Handle(a, http.MethodGet, "/api/tokens/service/{service_id}", echohttp.Op{
		ID: "listTokens", Tag: echohttp.TagAppTokens, Summary: "The application tokens of a service, newest first", Auth: echohttp.BearerAuth,
		Description: "Needs token:read at the platform, or signet.token:read at the service. The service is named by id or key. Ended tokens stay for 90 days.",
		Errors:      []*domain.Error{domain.ErrInvalidCursor, domain.ErrForbidden, domain.ErrWrongAudience},
	}, r.list)
	echohttp.Handle(a, http.MethodGet, "/api/tokens/service/{service_id}/usage", echohttp.Op{
		ID: "tokenUsage", Tag: echohttp.TagAppTokens, Summary: "How much the tokens of a service are used, by hour", Auth: echohttp.BearerAuth,
		Description: "Needs token:read at the platform, or signet.token:read at the service. Each replica adds what it counted every 10 s.",
		Errors:      []*domain.Error{domain.ErrForbidden, domain.ErrWrongAudience},
	}, r.usage)
	echohttp.Handle(a, http.MethodGet, "/api/tokens/validate", echohttp.Op{
		ID: "validateToken", Tag: echohttp.TagAppTokens, Summary: "Whether an application token is good now, and whose it is", Auth: echohttp.AppTokenAuth, Unmetered: true,
	}, r.validate)
	echohttp.Handle(a, http.MethodGet, "/api/tokens/{id}", echohttp.Op{
		ID: "getToken", Tag: echohttp.TagAppTokens, Summary: "One application token", Auth: echohttp.BearerAuth,
		Description: "Needs token:read at the platform, or signet.token:read at the service.",
		Errors:      []*domain.Error{domain.ErrForbidden, domain.ErrWrongAudience},
	}, r.get)
	echohttp.Handle(a, http.MethodPatch, "/api/tokens/{id}", echohttp.Op{
		ID: "updateToken", Tag: echohttp.TagAppTokens, Summary: "Change name, scopes or end of a token", Auth: echohttp.BearerAuth, Strict: true,
		Description: "Needs token:write at the platform, or signet.token:write at the service. Its secrets stay." + bound,
		Errors:      []*domain.Error{domain.ErrForbidden, domain.ErrWrongAudience, domain.ErrTargetOutranks, domain.ErrTokenEnded},
	}, r.update)
	echohttp.Handle(a, http.MethodDelete, "/api/tokens/{id}", echohttp.Op{
		ID: "deleteToken", Tag: echohttp.TagAppTokens, Summary: "Revoke a token and remove it", Auth: echohttp.BearerAuth,
		Description: "Needs token:delete at the platform, or signet.token:write at the service.",
		Errors:      []*domain.Error{domain.ErrForbidden, domain.ErrWrongAudience},
	}, r.delete)
	echohttp.Handle(a, http.MethodPost, "/api/tokens/{id}/revoke", echohttp.Op{
		ID: "revokeToken", Tag: echohttp.TagAppTokens, Summary: "End a token for good", Auth: echohttp.BearerAuth,
		Description: "Needs token:write at the platform, or signet.token:write at the service. The access tokens that were issued for it end, too. 503 means that it may still live.",
		Errors:      []*domain.Error{domain.ErrForbidden, domain.ErrWrongAudience},
	}, r.revoke)
	echohttp.Handle(a, http.MethodPost, "/api/tokens/{id}/rotate", echohttp.Op{
		ID: "rotateToken", Tag: echohttp.TagAppTokens, Summary: "Get a new secret for a token", Auth: echohttp.BearerAuth, Strict: true, Status: http.StatusCreated,
		Description: "Needs token:write at the platform, or signet.token:write at the service. The secret before lives on for the overlap; while two live, supersede says which ends now." + bound,
		Errors:      []*domain.Error{domain.ErrForbidden, domain.ErrWrongAudience, domain.ErrTargetOutranks, domain.ErrRotationPending, domain.ErrTokenEnded},
	}, r.rotate)
}

func (r *AppTokens) create(ctx context.Context, caller echohttp.Caller, in api.CreateTokenRequest) (api.TokenResponse, error) {
	out, err := r.Service.Create(ctx, apptoken.CreateInput{
		Actor: caller.Actor, From: caller.Origin, Service: in.ServiceID, Name: in.Name,
		End: tokenEnd(in.ExpiresAt, in.ExpiresInDays, in.ExpiresIn), Scopes: scoping(in.Scopes),
	})
	return tokenResponse(out, err)
}

func (r *AppTokens) list(ctx context.Context, caller echohttp.Caller, in api.ListTokensRequest) (api.ListTokensResponse, error) {
	out, err := r.Service.List(ctx, apptoken.ListInput{Actor: caller.Actor, Service: in.ServiceID, Paging: wholePaging(in.Limit, in.Cursor)})
	body := api.ListTokensResponse{Success: true, Tokens: make([]api.Token, len(out.Tokens)), NextCursor: out.Next}
	for i, t := range out.Tokens {
		body.Tokens[i] = tokenBody(t)
	}
	return body, err
}

func (r *AppTokens) get(ctx context.Context, caller echohttp.Caller, in api.TokenRequest) (api.TokenResponse, error) {
	return tokenResponse(r.Service.Get(ctx, tokenTarget(caller, in.ID)))
}

func (r *AppTokens) update(ctx context.Context, caller echohttp.Caller, in api.UpdateTokenRequest) (api.TokenResponse, error) {
	return tokenResponse(r.Service.Update(ctx, apptoken.UpdateInput{
		Target: tokenTarget(caller, in.ID), Name: in.Name, Scopes: scoping(in.Scopes), End: tokenEnd(in.ExpiresAt, nil, nil),
	}))
}

func (r *AppTokens) rotate(ctx context.Context, caller echohttp.Caller, in api.RotateTokenRequest) (api.RotateTokenResponse, error) {
	rotation := domain.Rotation{Supersede: domain.Supersede(in.Supersede)}
	if in.Overlap != nil {
		overlap := time.Duration(min(max(*in.Overlap, -1), int64(domain.MaxOverlap/time.Second)+1)) * time.Second
		rotation.Overlap = &overlap
	}
	out, err := r.Service.Rotate(ctx, apptoken.RotateInput{
		Target: tokenTarget(caller, in.ID), Rotation: rotation, End: tokenEnd(in.ExpiresAt, in.ExpiresInDays, in.ExpiresIn),
	})
	body, err := tokenResponse(out, err)
	return api.RotateTokenResponse{
		Success: true, TokenData: api.RotatedToken{Token: body.TokenData, PreviousExpiresAt: timeOrNull(out.PreviousEnds)}, Warnings: body.Warnings,
	}, err
}

func (r *AppTokens) revoke(ctx context.Context, caller echohttp.Caller, in api.TokenRequest) (api.MessageResponse, error) {
	err := r.Service.Revoke(ctx, tokenTarget(caller, in.ID))
	return api.MessageResponse{Success: true, Message: "The token is revoked"}, err
}

func (r *AppTokens) delete(ctx context.Context, caller echohttp.Caller, in api.TokenRequest) (api.MessageResponse, error) {
	err := r.Service.Delete(ctx, tokenTarget(caller, in.ID))
	return api.MessageResponse{Success: true, Message: "The token is deleted"}, err
}

func (r *AppTokens) validate(ctx context.Context, caller echohttp.Caller, _ struct{}) (api.ValidateTokenResponse, error) {
	out, err := r.Service.Validate(ctx, caller.Actor)
	return api.ValidateTokenResponse{
		Success: true, Service: serviceRef(out.Service),
		Token: api.ValidatedToken{
			ID: string(out.Token.ID), Name: out.Token.Name, Scopes: scopesOrNull(out.Token.Scopes), ExpiresAt: timeOrNull(out.Token.ExpiresAt),
		},
	}, err
}

func (r *AppTokens) usage(ctx context.Context, caller echohttp.Caller, in api.TokenUsageRequest) (api.TokenUsageResponse, error) {
	since, sinceErr := parseTime("since", in.Since)
	until, untilErr := parseTime("until", in.Until)
	if err := domain.MergeFields(sinceErr, untilErr); err != nil {
		return api.TokenUsageResponse{}, err
	}
	all, err := r.Service.Usage(ctx, apptoken.UsageInput{Actor: caller.Actor, Service: in.ServiceID, Token: in.TokenID, Since: since, Until: until})
	body := api.TokenUsageResponse{Success: true, Usage: make([]api.TokenUsage, len(all))}
	for i, u := range all {
		body.Usage[i] = api.TokenUsage{
			TokenID: string(u.Token), UseCount: u.Use.Count, LastUsedAt: timeOrNull(u.Use.LastAt), Buckets: make([]api.UsageBucket, len(u.Hours)),
		}
		for k, h := range u.Hours {
			body.Usage[i].Buckets[k] = api.UsageBucket{Hour: h.Hour, Count: h.Count}
		}
	}
	return body, err
}

func tokenTarget(caller echohttp.Caller, id string) apptoken.Target {
	return apptoken.Target{Actor: caller.Actor, From: caller.Origin, ID: id}
}

func tokenEnd(at api.Optional[time.Time], days, seconds *int64) apptoken.End {
	return apptoken.End{At: at.Pointer(), Days: days, Seconds: seconds}
}

func scoping(scopes api.Optional[[]string]) apptoken.Scoping {
	return apptoken.Scoping{Given: scopes.Given, Texts: scopes.Value}
}

func tokenResponse(out apptoken.Shown, err error) (api.TokenResponse, error) {
	body := api.TokenResponse{Success: true, TokenData: tokenBody(out)}
	if out.Capped {
		body.Warnings = append(body.Warnings, api.Warning{
			Code: api.WarningExpiryCapped, Message: "The token ends with your own right, at " + out.ExpiresAt.Format(time.RFC3339Nano),
		})
	}
	if len(out.Unheld) > 0 {
		body.Warnings = append(body.Warnings, api.Warning{
			Code: api.WarningUnheldScopes, Message: "The service's account holds nothing of what some scopes name (unheld): they permit nothing until it does",
		})
	}
	return body, err
}

func tokenBody(t apptoken.Shown) api.Token {
	use := t.Used()
	body := api.Token{
		ID: string(t.ID), Token: t.Text.Reveal(), Name: t.Name, ServiceID: string(t.ServiceID), Prefix: t.Prefix(),
		Scopes: scopesOrNull(t.Scopes), IsActive: t.Active, ExpiresAt: timeOrNull(t.ExpiresAt), RevokedAt: timeOrNull(t.RevokedAt),
		CreatedAt: t.CreatedAt, LastUsedAt: timeOrNull(use.LastAt), LastUsed: timeOrNull(use.LastAt), LastUsedIP: use.LastIP, UseCount: use.Count,
		Secrets: []api.TokenSecret{}, Unheld: t.Unheld,
	}
	if t.CreatedBy != "" {
		by, active := string(t.CreatedBy), t.Creator.State == domain.Active
		body.CreatedBy, body.CreatorActive = &by, &active
	}
	for _, s := range t.LiveSecrets {
		body.Secrets = append(body.Secrets, api.TokenSecret{
			Prefix: s.Prefix, CreatedAt: s.CreatedAt, ExpiresAt: timeOrNull(domain.EarlierEnd(s.ExpiresAt, t.ExpiresAt)),
			LastUsedAt: timeOrNull(t.Use[s.ID].LastAt),
		})
	}
	return body
}

func serviceRef(s domain.Service) api.ServiceRef {
	return api.ServiceRef{ID: string(s.ID), Key: s.Key, Name: s.Name}
}

// scopesOrNull are null if they narrow nothing, and a list otherwise, even an empty one.
func scopesOrNull(s domain.Scopes) *[]string {
	if !s.Narrows() {
		return nil
	}
	texts := append([]string{}, s.Texts()...)
	return &texts
}

// timeOrNull is null for the zero time.
func timeOrNull(at time.Time) *time.Time {
	if at.IsZero() {
		return nil
	}
	return &at
}

// parseTime reads a time in a query; empty: the zero time.
func parseTime(name, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil || at.Year() < 1970 || at.Year() > 9999 {
		return time.Time{}, domain.ErrInvalidFields(domain.FieldError{
			Field: name, Code: "invalid", Text: name + " must be a time like 2027-06-01T00:00:00Z",
		})
	}
	return at.UTC(), nil
}
