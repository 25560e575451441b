package rest

import (
	"context"
	"net/http"

	"github.com/signet-auth/signet/adapters/echohttp"
	"github.com/signet-auth/signet/api"
	"github.com/signet-auth/signet/app/permission"
	"github.com/signet-auth/signet/domain"
)

// Permissions is the routes of /api/roles/permissions.
type Permissions struct{ Service *permission.Service }

// Mount adds the routes.
func (r *Permissions) Mount(a *echohttp.API) {
	echohttp.Handle(a, http.MethodGet, "/api/roles/permissions", echohttp.Op{
		ID: "listPermissions", Tag: echohttp.TagRoles, Summary: "Permissions that exist, newest first", Auth: echohttp.BearerAuth,
		Description: "All with role:read at the platform; else those of the services whose roles the caller may read, and the shared ones. Without limit and cursor up to 1000 are listed.",
		Errors:      []*domain.Error{domain.ErrForbidden, domain.ErrNotFound, domain.ErrInvalidCursor},
	}, r.list)
	echohttp.Handle(a, http.MethodPost, "/api/roles/permissions", echohttp.Op{
		ID: "createPermission", Tag: echohttp.TagRoles, Summary: "Register a permission", Auth: echohttp.BearerAuth, Status: http.StatusCreated, Strict: true,
		Description: "Needs role:write at the platform or signet.role:write at the service; a shared one the platform's. A name must exist to count: from then on wildcards match it.",
		Errors:      []*domain.Error{domain.ErrForbidden, domain.ErrNotFound, domain.ErrNameTaken, domain.ErrPlatformService, domain.ErrLimitReached},
	}, r.create)
	echohttp.Handle(a, http.MethodPut, "/api/roles/permissions/{id}", echohttp.Op{
		ID: "updatePermission", Tag: echohttp.TagRoles, Summary: "Describe a permission", Auth: echohttp.BearerAuth, Strict: true,
		Errors: []*domain.Error{domain.ErrForbidden, domain.ErrNotFound, domain.ErrSystemRole},
	}, r.update)
	echohttp.Handle(a, http.MethodDelete, "/api/roles/permissions/{id}", echohttp.Op{
		ID: "deletePermission", Tag: echohttp.TagRoles, Summary: "Remove a permission", Auth: echohttp.BearerAuth, Strict: true,
		Description: "Needs role:delete at the platform or signet.role:write at the service. One that roles name needs force=true, and must be held for good; a shared one that is named stays.",
		Errors:      []*domain.Error{domain.ErrForbidden, domain.ErrNotFound, domain.ErrSystemRole, domain.ErrPermissionInUse},
	}, r.delete)
}

func (r *Permissions) list(ctx context.Context, caller echohttp.Caller, in api.ListPermissionsRequest) (api.ListPermissionsResponse, error) {
	out, err := r.Service.List(ctx, permission.ListInput{
		Actor: caller.Actor, Service: in.Service, Search: in.Search, Paging: wholePaging(in.Limit, in.Cursor),
	})
	return api.ListPermissionsResponse{Success: true, Permissions: each(out.Permissions, permissionBody), NextCursor: out.Next}, err
}

func (r *Permissions) create(ctx context.Context, caller echohttp.Caller, in api.CreatePermissionRequest) (api.PermissionResponse, error) {
	if in.Service != nil && *in.Service == "" {
		return api.PermissionResponse{}, domain.ErrInvalidFields(domain.FieldError{
			Field: "service_id", Code: "invalid", Text: "service_id must name a service; leave it out for a permission that all services share",
		})
	}
	created, err := r.Service.Create(ctx, permission.CreateInput{
		Actor: caller.Actor, From: caller.Origin, Service: valueOf(in.Service), Name: in.Name, Description: in.Description.Value,
	})
	return permissionResponse(created), err
}

func (r *Permissions) update(ctx context.Context, caller echohttp.Caller, in api.UpdatePermissionRequest) (api.PermissionResponse, error) {
	changed, err := r.Service.Describe(ctx, permission.DescribeInput{
		Actor: caller.Actor, From: caller.Origin, Permission: in.Permission, Description: in.Description.Pointer(),
	})
	return permissionResponse(changed), err
}

func (r *Permissions) delete(ctx context.Context, caller echohttp.Caller, in api.DeletePermissionRequest) (api.MessageResponse, error) {
	err := r.Service.Delete(ctx, permission.DeleteInput{Actor: caller.Actor, From: caller.Origin, Permission: in.Permission, Force: in.Force})
	return api.MessageResponse{Success: true, Message: "The permission is deleted"}, err
}

func permissionResponse(p domain.Permission) api.PermissionResponse {
	return api.PermissionResponse{Success: true, PermissionID: string(p.ID), Permission: permissionBody(p)}
}

func permissionBody(p domain.Permission) api.Permission {
	return api.Permission{
		ID: string(p.ID), Name: p.Name, Description: p.Description, ServiceID: orNull(p.ServiceID), IsReserved: domain.IsReserved(p.Name),
		ManagedBy: orNull(p.ManagedBy), CreatedAt: p.CreatedAt,
	}
}
