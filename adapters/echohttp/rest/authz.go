package rest

import (
	"context"
	"net/http"
	"slices"

	"github.com/signet-auth/signet/adapters/echohttp"
	"github.com/signet-auth/signet/api"
	"github.com/signet-auth/signet/app/authz"
	"github.com/signet-auth/signet/domain"
)

// Authz is the routes by which services and people ask what somebody may do.
type Authz struct{ Service *authz.Service }

const aboutAsking = "Everybody may ask about themselves: what the credential that is sent may do. About others it takes role:read at the platform or signet.role:read at the service; a service may ask about anybody at itself."

// Mount adds the routes.
func (r *Authz) Mount(a *echohttp.API) {
	echohttp.Handle(a, http.MethodPost, "/api/authz/check", echohttp.Op{
		ID: "check", Tag: echohttp.TagQuestions, Summary: "Whether principals may do things at services, up to 100 at once", Auth: echohttp.BearerAuth,
		Strict: true, UnmeteredForServices: true, AppTokenHeader: true, Ordered: true,
		Description: aboutAsking + " Unknown principals, services and permissions are false. Roles count that ask for no more than acr; needs_acr is what would be enough.",
		Errors:      []*domain.Error{domain.ErrForbidden, domain.ErrWrongAudience},
	}, r.check)
	echohttp.Handle(a, http.MethodPost, "/api/authz/explain", echohttp.Op{
		ID: "explain", Tag: echohttp.TagQuestions, Summary: "Why somebody may do something, or what is missing", Auth: echohttp.BearerAuth, Strict: true,
		AppTokenHeader: true,
		Description:    aboutAsking, Errors: []*domain.Error{domain.ErrForbidden, domain.ErrWrongAudience},
	}, r.explain)
	echohttp.Handle(a, http.MethodGet, "/api/roles/user/{user_id}/permissions", echohttp.Op{
		ID: "listUserPermissions", Tag: echohttp.TagQuestions, Summary: "All that a principal may do, at the services that the caller may see", Auth: echohttp.BearerAuth, Strict: true,
		AppTokenHeader: true,
		Description:    aboutAsking, Errors: []*domain.Error{domain.ErrForbidden, domain.ErrWrongAudience, domain.ErrNotFound},
	}, r.permissions)
	echohttp.Handle(a, http.MethodGet, "/api/roles/services/user", echohttp.Op{
		ID: "listOwnServices", Tag: echohttp.TagQuestions, Summary: "The services in which the caller holds a role", Auth: echohttp.BearerAuth,
		Errors: []*domain.Error{domain.ErrInvalidCursor, domain.ErrForbidden, domain.ErrWrongAudience},
	}, r.ownServices)
}

// question is about the caller only if user_id is absent. If it is present but empty, as for a user who is not logged in, the answer must
// not be about the caller's own rights.
func question(caller echohttp.Caller, c api.Check) authz.Question {
	level, _ := domain.ParseLevel(c.ACR)
	q := authz.Question{Principal: string(caller.Actor.ID), Service: c.Service, Permission: c.Permission, Level: level}
	if c.UserID.Given {
		q.Principal = c.UserID.Value
	}
	return q
}

func (r *Authz) check(ctx context.Context, caller echohttp.Caller, in api.CheckRequest) (api.CheckResponse, error) {
	questions := each(in.Checks, func(c api.Check) authz.Question { return question(caller, c) })
	out, err := r.Service.Check(ctx, authz.CheckInput{Actor: caller.Actor, Checks: questions})
	return api.CheckResponse{
		Success: true, CS: caller.AsOf, ValidUntil: when(out.ValidUntil), Results: each(out.Answers, func(a authz.Answer) api.CheckResult {
			return api.CheckResult{Allowed: a.Allowed, NeedsACR: domain.MinLevelName(a.NeedsLevel)}
		}),
	}, err
}

func (r *Authz) explain(ctx context.Context, caller echohttp.Caller, in api.Check) (api.ExplainResponse, error) {
	out, err := r.Service.Explain(ctx, authz.ExplainInput{Actor: caller.Actor, Question: question(caller, in)})
	body := api.ExplainResponse{Success: true, Allowed: out.Allowed, NeedsACR: domain.MinLevelName(out.Level), Path: each(out.Path, func(s authz.Step) api.ExplainStep {
		return api.ExplainStep{Type: s.Type, ID: s.ID, Name: s.Name, ExpiresAt: when(s.ExpiresAt)}
	})}
	if !out.Allowed {
		body.Missing = &api.ExplainMissing{Reason: string(out.Missing), Role: out.Role, EndedAt: when(out.EndedAt)}
	}
	return body, err
}

func (r *Authz) permissions(ctx context.Context, caller echohttp.Caller, in api.PermissionsRequest) (api.PermissionsResponse, error) {
	out, err := r.Service.Permissions(ctx, authz.PermissionsInput{Actor: caller.Actor, User: in.User, Service: in.Service})
	body := api.PermissionsResponse{Success: true, Permissions: []string{}, ByService: out.ByService, IsActive: out.IsActive, Truncated: out.Truncated}
	for key, names := range out.ByService {
		for _, name := range names {
			body.Permissions = append(body.Permissions, key+"/"+name)
		}
	}
	slices.Sort(body.Permissions)
	return body, err
}

func (r *Authz) ownServices(ctx context.Context, caller echohttp.Caller, in api.PageRequest) (api.OwnServicesResponse, error) {
	out, err := r.Service.OwnServices(ctx, authz.OwnServicesInput{Actor: caller.Actor, Paging: wholePaging(in.Limit, in.Cursor)})
	return api.OwnServicesResponse{Success: true, NextCursor: out.Next, Services: each(out.Services, func(s authz.OwnService) api.OwnService {
		return api.OwnService{Service: serviceBody(s.Service), Permissions: append([]string{}, s.Permissions...), Roles: each(s.Roles, func(o authz.OwnRole) api.OwnRole {
			return api.OwnRole{ID: string(o.ID), Name: o.Name, ExpiresAt: when(o.ExpiresAt), Direct: o.Direct}
		})}
	})}, err
}
