package rest

import (
	"context"
	"net/http"

	"github.com/signet-auth/signet/adapters/echohttp"
	"github.com/signet-auth/signet/api"
	"github.com/signet-auth/signet/app/role"
	"github.com/signet-auth/signet/domain"
)

// Roles is the routes of the roles of services.
type Roles struct{ Service *role.Service }

// Mount adds the routes.
func (r *Roles) Mount(a *echohttp.API) {
	echohttp.Handle(a, http.MethodGet, "/api/roles/service/{service_id}", echohttp.Op{
		ID: "listRoles", Tag: echohttp.TagRoles, Summary: "The roles of a service, newest first", Auth: echohttp.BearerAuth,
		Description: "Needs role:read at the platform or signet.role:read at the service. Without limit and cursor up to 1000 are listed.",
		Errors:      []*domain.Error{domain.ErrForbidden, domain.ErrNotFound, domain.ErrInvalidCursor},
	}, r.list)
	echohttp.Handle(a, http.MethodPost, "/api/roles/service/{service_id}", echohttp.Op{
		ID: "createRole", Tag: echohttp.TagRoles, Summary: "Make a role", Auth: echohttp.BearerAuth, Status: http.StatusCreated,
		Description: "Needs role:write at the platform or signet.role:write at the service, and all that is put into the role, for good.",
		Errors: []*domain.Error{
			domain.ErrInvalidRequest, domain.ErrForbidden, domain.ErrNotFound, domain.ErrNameTaken, domain.ErrWrongService, domain.ErrLimitReached,
		},
	}, r.create)
	echohttp.Handle(a, http.MethodGet, "/api/roles/{role_id}", echohttp.Op{
		ID: "getRole", Tag: echohttp.TagRoles, Summary: "One role, its permissions with all that it includes, and the number of its holders", Auth: echohttp.BearerAuth, Strict: true,
		Errors: []*domain.Error{domain.ErrForbidden, domain.ErrNotFound},
	}, r.get)
	echohttp.Handle(a, http.MethodPut, "/api/roles/{role_id}", echohttp.Op{
		ID: "updateRole", Tag: echohttp.TagRoles, Summary: "Change a role, for all its holders", Auth: echohttp.BearerAuth,
		Description: "Needs role:write at the platform or signet.role:write at the service, and all that is put in or taken out, for good. Members that are left out stay; lists replace what is there. A cycle among includes is named. With If-Match only that version is changed.",
		Errors: []*domain.Error{
			domain.ErrInvalidRequest, domain.ErrForbidden, domain.ErrNotFound, domain.ErrNameTaken, domain.ErrSystemRole, domain.ErrWrongService,
			domain.ErrLastAdmin, domain.ErrPreconditionFailed,
		},
	}, r.update)
	echohttp.Handle(a, http.MethodDelete, "/api/roles/{role_id}", echohttp.Op{
		ID: "deleteRole", Tag: echohttp.TagRoles, Summary: "Delete a role", Auth: echohttp.BearerAuth,
		Description: "Needs role:delete at the platform or signet.role:write at the service, and all that the role comes to, for good. One that is held or included needs force=true.",
		Errors:      []*domain.Error{domain.ErrForbidden, domain.ErrNotFound, domain.ErrSystemRole, domain.ErrRoleInUse, domain.ErrLastAdmin},
	}, r.delete)
}

func (r *Roles) list(ctx context.Context, caller echohttp.Caller, in api.ListRolesRequest) (api.ListRolesResponse, error) {
	out, err := r.Service.List(ctx, role.ListInput{Actor: caller.Actor, Service: in.Service, Paging: wholePaging(in.Limit, in.Cursor)})
	return api.ListRolesResponse{Success: true, Roles: each(out.Roles, roleBody), NextCursor: out.Next}, err
}

func (r *Roles) create(ctx context.Context, caller echohttp.Caller, in api.CreateRoleRequest) (echohttp.Answer[api.RoleResponse], error) {
	permissions, includes, err := roleLists(in.Permissions, in.Includes)
	if err != nil {
		return echohttp.Answer[api.RoleResponse]{}, err
	}
	level, err := domain.ParseMinLevel(in.MinACR.Value)
	if err != nil {
		return echohttp.Answer[api.RoleResponse]{}, err
	}
	created, err := r.Service.Create(ctx, role.CreateInput{
		Actor: caller.Actor, From: caller.Origin, Service: in.Service, Name: in.Name, Description: in.Description.Value,
		Permissions: valueOf(permissions), Includes: valueOf(includes), MinLevel: level,
	})
	return roleResponse(created), err
}

func (r *Roles) get(ctx context.Context, caller echohttp.Caller, in api.RoleRequest) (echohttp.Answer[api.GetRoleResponse], error) {
	out, err := r.Service.Get(ctx, caller.Actor, in.Role)
	body := api.GetRoleResponse{Success: true, Role: roleBody(out.Role), Effective: each(out.Effective, patternText), Holders: out.Holders}
	return echohttp.WithVersion(body, out.Role.Version), err
}

func (r *Roles) update(ctx context.Context, caller echohttp.Caller, in api.UpdateRoleRequest) (echohttp.Answer[api.RoleResponse], error) {
	permissions, includes, err := roleLists(in.Permissions, in.Includes)
	if err != nil {
		return echohttp.Answer[api.RoleResponse]{}, err
	}
	level, err := minLevel(in.MinACR)
	if err != nil {
		return echohttp.Answer[api.RoleResponse]{}, err
	}
	changed, err := r.Service.Update(ctx, role.UpdateInput{
		Actor: caller.Actor, From: caller.Origin, Role: in.Role, IfMatch: caller.IfMatch(), Change: domain.RoleChange{
			Name: in.Name.Pointer(), Description: in.Description.Pointer(), Permissions: permissions, Includes: includes, MinLevel: level,
		},
	})
	return roleResponse(changed), err
}

func (r *Roles) delete(ctx context.Context, caller echohttp.Caller, in api.DeleteRoleRequest) (api.MessageResponse, error) {
	err := r.Service.Delete(ctx, role.DeleteInput{Actor: caller.Actor, From: caller.Origin, Role: in.Role, Force: in.Force})
	return api.MessageResponse{Success: true, Message: "The role is deleted"}, err
}

// roleLists are the lists of a role that the client sent. null is refused, so that a client that lost its list does not empty a role.
func roleLists(permissions, includes api.Optional[[]string]) (p, i *[]string, err error) {
	for field, list := range map[string]api.Optional[[]string]{"permissions": permissions, "includes": includes} {
		if list.Given && list.Value == nil {
			err = domain.MergeFields(err, domain.ErrInvalidFields(domain.FieldError{
				Field: field, Code: "invalid", Text: field + " must be a list: [] empties it, and leaving it out keeps what is there",
			}))
		}
	}
	return permissions.Pointer(), includes.Pointer(), err
}

func valueOf[T any](p *T) (value T) {
	if p != nil {
		value = *p
	}
	return value
}

func roleResponse(r domain.Role) echohttp.Answer[api.RoleResponse] {
	return echohttp.WithVersion(api.RoleResponse{Success: true, RoleID: string(r.ID), Role: roleBody(r)}, r.Version)
}

func roleBody(r domain.Role) api.Role {
	return api.Role{
		ID: string(r.ID), Name: r.Name, Description: r.Description, ServiceID: string(r.ServiceID), IsDefault: r.IsDefault, IsSystem: r.IsSystem,
		Permissions: each(r.Patterns, patternText), Includes: each(r.Includes, func(i domain.IncludedRole) api.IncludedRole {
			return api.IncludedRole{ID: string(i.ID), Name: i.Name}
		}),
		MinACR: orNull(domain.MinLevelName(r.MinLevel)), Version: r.Version, ManagedBy: orNull(r.ManagedBy), CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt,
	}
}

func patternText(p domain.Pattern) string { return string(p) }
