package rest

import (
	"context"
	"net/http"

	"github.com/signet-auth/signet/adapters/echohttp"
	"github.com/signet-auth/signet/api"
	"github.com/signet-auth/signet/app/service"
	"github.com/signet-auth/signet/domain"
)

// Services is the routes of /api/roles/services.
type Services struct{ Service *service.Service }

// Mount adds the routes.
func (r *Services) Mount(a *echohttp.API) {
	echohttp.Handle(a, http.MethodGet, "/api/roles/services", echohttp.Op{
		ID: "listServices", Tag: echohttp.TagServices, Summary: "Services, newest first", Auth: echohttp.BearerAuth,
		Description: "Needs service:read at the platform. Without it the services are listed whose roles, tokens or settings the caller looks after. Without limit and cursor up to 1000 are listed.",
		Errors:      []*domain.Error{domain.ErrForbidden, domain.ErrInvalidCursor},
	}, r.list)
	echohttp.Handle(a, http.MethodPost, "/api/roles/services", echohttp.Op{
		ID: "createService", Tag: echohttp.TagServices, Summary: "Register a service", Auth: echohttp.BearerAuth, Status: http.StatusCreated,
		Description: "Needs service:write at the platform. The service comes with a service account, its reserved permissions, and the roles admin, user and readonly. The caller gets none of them.",
		Errors:      []*domain.Error{domain.ErrInvalidRequest, domain.ErrForbidden, domain.ErrNameTaken, domain.ErrLimitReached},
	}, r.create)
	echohttp.Handle(a, http.MethodGet, "/api/roles/services/{service_id}", echohttp.Op{
		ID: "getService", Tag: echohttp.TagServices, Summary: "One service, by id or key", Auth: echohttp.BearerAuth, Strict: true,
		Errors: []*domain.Error{domain.ErrForbidden, domain.ErrNotFound},
	}, r.get)
	echohttp.Handle(a, http.MethodPut, "/api/roles/services/{service_id}", echohttp.Op{
		ID: "updateService", Tag: echohttp.TagServices, Summary: "Change a service", Auth: echohttp.BearerAuth,
		Description: "Needs service:write at the platform, or signet.service:write at the service for all but is_active. When it is switched off, its tokens and the grants at it stop working within a second. Members that are left out stay. To switch it, or to lower min_acr, takes the platform's. With If-Match only that version is changed.",
		Errors: []*domain.Error{
			domain.ErrInvalidRequest, domain.ErrForbidden, domain.ErrNotFound, domain.ErrNameTaken, domain.ErrPlatformService, domain.ErrPreconditionFailed,
		},
	}, r.update)
	echohttp.Handle(a, http.MethodDelete, "/api/roles/services/{service_id}", echohttp.Op{
		ID: "deleteService", Tag: echohttp.TagServices, Summary: "Delete a service for good", Auth: echohttp.BearerAuth,
		Description: "Needs service:delete at the platform. Its tokens and grants end at once; its key is never used again.",
		Errors:      []*domain.Error{domain.ErrForbidden, domain.ErrNotFound, domain.ErrPlatformService},
	}, r.delete)
}

func (r *Services) list(ctx context.Context, caller echohttp.Caller, in api.PageRequest) (api.ListServicesResponse, error) {
	out, err := r.Service.List(ctx, service.ListInput{Actor: caller.Actor, Paging: wholePaging(in.Limit, in.Cursor)})
	return api.ListServicesResponse{Success: true, Services: each(out.Services, serviceBody), NextCursor: out.Next}, err
}

func (r *Services) create(ctx context.Context, caller echohttp.Caller, in api.CreateServiceRequest) (echohttp.Answer[api.ServiceResponse], error) {
	level, err := domain.ParseMinLevel(in.MinACR.Value)
	if err != nil {
		return echohttp.Answer[api.ServiceResponse]{}, err
	}
	created, err := r.Service.Create(ctx, service.CreateInput{
		MinLevel: level, Actor: caller.Actor, From: caller.Origin, Name: in.Name, Key: in.Key, Description: in.Description.Value, TokenType: domain.TokenType(in.TokenType),
	})
	return serviceResponse(created), err
}

func (r *Services) get(ctx context.Context, caller echohttp.Caller, in api.ServiceRequest) (echohttp.Answer[api.ServiceResponse], error) {
	found, err := r.Service.Get(ctx, caller.Actor, in.Service)
	return serviceResponse(found), err
}

func (r *Services) update(ctx context.Context, caller echohttp.Caller, in api.UpdateServiceRequest) (echohttp.Answer[api.ServiceResponse], error) {
	change := domain.ServiceChange{Name: in.Name.Pointer(), Description: in.Description.Pointer(), Active: in.IsActive}
	var err error
	if change.MinLevel, err = minLevel(in.MinACR); err != nil {
		return echohttp.Answer[api.ServiceResponse]{}, err
	}
	if in.TokenType != "" {
		typ := domain.TokenType(in.TokenType)
		change.TokenType = &typ
	}
	changed, err := r.Service.Update(ctx, service.UpdateInput{
		Actor: caller.Actor, From: caller.Origin, Service: in.Service, Change: change, IfMatch: caller.IfMatch(),
	})
	return serviceResponse(changed), err
}

func (r *Services) delete(ctx context.Context, caller echohttp.Caller, in api.ServiceRequest) (api.MessageResponse, error) {
	err := r.Service.Delete(ctx, service.DeleteInput{Actor: caller.Actor, From: caller.Origin, Service: in.Service})
	return api.MessageResponse{Success: true, Message: "The service is deleted"}, err
}

func serviceResponse(s domain.Service) echohttp.Answer[api.ServiceResponse] {
	return echohttp.WithVersion(api.ServiceResponse{Success: true, ServiceID: string(s.ID), Service: serviceBody(s)}, s.Version)
}

func serviceBody(s domain.Service) api.Service {
	return api.Service{
		ID: string(s.ID), Key: s.Key, Name: s.Name, Description: s.Description, IsActive: s.IsActive(), IsPlatform: s.IsPlatform(),
		TokenType: string(s.TokenType), MinACR: orNull(domain.MinLevelName(s.MinLevel)), Version: s.Version, ManagedBy: orNull(s.ManagedBy), CreatedAt: s.CreatedAt, UpdatedAt: s.UpdatedAt,
	}
}

// minLevel is the level of a member min_acr; nil for an absent one.
func minLevel(member api.Optional[string]) (*domain.Level, error) {
	level, err := domain.ParseMinLevel(member.Value)
	if err != nil || !member.Given {
		return nil, err
	}
	return &level, nil
}

// orNull is a text for a member that is null when there is none.
func orNull[T ~string](text T) *string {
	if text == "" {
		return nil
	}
	s := string(text)
	return &s
}
