package rest

import (
	"context"
	"net/http"
	"time"

	"github.com/signet-auth/signet/adapters/echohttp"
	"github.com/signet-auth/signet/api"
	"github.com/signet-auth/signet/app/assignment"
	"github.com/signet-auth/signet/domain"
)

// Assignments is the routes by which roles are given to users and to the accounts of services.
type Assignments struct{ Service *assignment.Service }

// assignErrors are the errors of giving a role and of taking it away.
var assignErrors = []*domain.Error{
	domain.ErrInvalidRequest, domain.ErrForbidden, domain.ErrTargetOutranks, domain.ErrNotFound, domain.ErrWrongService, domain.ErrLastAdmin,
	domain.ErrLimitReached, domain.ErrPlatformService,
}

const (
	aboutAssign = "Needs role:write at the platform or signet.role:write at the service, and all that the role comes to. Given again, expires_at sets another end. What the caller holds until a time they give until then."
	aboutList   = "Needs role:read at the platform or signet.role:read at the service. Roles that have ended are not listed, nor are roles that a listed one includes."
)

// Mount adds the routes.
func (r *Assignments) Mount(a *echohttp.API) {
	r.mountLists(a)
	assign := echohttp.Op{Tag: echohttp.TagRoles, Auth: echohttp.BearerAuth, Status: http.StatusCreated, OtherStatuses: []int{http.StatusOK}, Description: aboutAssign, Errors: assignErrors}
	remove := echohttp.Op{Tag: echohttp.TagRoles, Auth: echohttp.BearerAuth, Description: "A caller can only take away what they could give.", Errors: assignErrors}

	const user, account = "/api/roles/user/{user_id}/service/{service_id}/role/{role_id}", "/api/roles/service-account/{account}/service/{service_id}/role/{role_id}"
	assign.ID, assign.Summary = "assignRole", "Give a user a role (200: it was held already)"
	echohttp.Handle(a, http.MethodPost, user, assign, r.assign)
	remove.ID, remove.Summary = "removeRole", "Take a role from a user"
	echohttp.Handle(a, http.MethodDelete, user, remove, r.remove)

	assign.ID, assign.Summary, assign.Strict = "assignAccountRole", "Give a role to the account of a service (200: it was held already)", true
	echohttp.Handle(a, http.MethodPost, account, assign, r.assignAccount)
	remove.ID, remove.Summary, remove.Strict = "removeAccountRole", "Take a role from the account of a service", true
	echohttp.Handle(a, http.MethodDelete, account, remove, r.removeAccount)

	assign.ID, assign.Summary, assign.Status = "assignRoleToMany", "Give a role to many users at once", http.StatusOK
	assign.OtherStatuses = nil
	echohttp.Handle(a, http.MethodPost, "/api/roles/service/{service_id}/role/{role_id}/assignments", assign, r.assignMany)
}

func (r *Assignments) mountLists(a *echohttp.API) {
	op := func(id, summary string) echohttp.Op {
		return echohttp.Op{
			ID: id, Tag: echohttp.TagRoles, Summary: summary, Auth: echohttp.BearerAuth, Strict: true, Description: aboutList,
			Errors: []*domain.Error{domain.ErrForbidden, domain.ErrNotFound, domain.ErrWrongService, domain.ErrInvalidCursor},
		}
	}
	list := op("listUserRoles", "The roles of a user at a service, newest first")
	list.Strict, list.Description = false, aboutList+" Everybody may see their own. Without limit and cursor up to 1000 are listed."
	echohttp.Handle(a, http.MethodGet, "/api/roles/user/{user_id}/service/{service_id}", list, r.ofUserAt)
	echohttp.Handle(a, http.MethodGet, "/api/roles/service-account/{account}/service/{service_id}", op("listAccountRoles", "The roles of a service's account at a service"), r.ofAccountAt)
	echohttp.Handle(a, http.MethodGet, "/api/roles/user/{user_id}", op("listUserAssignments", "The roles of a user at all services, newest first"), r.ofUser)
	echohttp.Handle(a, http.MethodGet, "/api/roles/service/{service_id}/assignments", op("listServiceAssignments", "Who holds a role at a service, newest first"), r.atService)
	echohttp.Handle(a, http.MethodGet, "/api/roles/service/{service_id}/role/{role_id}/assignments", op("listHolders", "Who holds a role, newest first"), r.ofRole)
}

func userHolder(id string) assignment.Holder {
	return assignment.Holder{Kind: domain.KindUser, Ref: id}
}

func accountHolder(ref string) assignment.Holder {
	return assignment.Holder{Kind: domain.KindServiceAccount, Ref: ref}
}

func target(caller echohttp.Caller, service, role string) assignment.Target {
	return assignment.Target{Actor: caller.Actor, From: caller.Origin, Service: service, Role: role}
}

func end(at api.Optional[time.Time]) assignment.End {
	return assignment.End{Given: at.Given, At: at.Value}
}

func (r *Assignments) assign(ctx context.Context, caller echohttp.Caller, in api.AssignRequest) (echohttp.Answer[api.AssignmentResponse], error) {
	return r.give(ctx, assignment.AssignInput{Target: target(caller, in.Service, in.Role), Holder: userHolder(in.User), End: end(in.ExpiresAt)})
}

func (r *Assignments) assignAccount(ctx context.Context, caller echohttp.Caller, in api.AssignAccountRequest) (echohttp.Answer[api.AssignmentResponse], error) {
	return r.give(ctx, assignment.AssignInput{Target: target(caller, in.Service, in.Role), Holder: accountHolder(in.Account), End: end(in.ExpiresAt)})
}

func (r *Assignments) give(ctx context.Context, in assignment.AssignInput) (echohttp.Answer[api.AssignmentResponse], error) {
	out, err := r.Service.Assign(ctx, in)
	answer := echohttp.Answer[api.AssignmentResponse]{Body: api.AssignmentResponse{
		Success: true, Message: "The role is held already", Assignment: assignmentBody(out.Assignment, true, false), Warnings: capped(out.Capped),
	}}
	if out.ByRef {
		answer.Body.Warnings = append(answer.Body.Warnings, api.Warning{
			Code: api.WarningByReference, Message: "There are too many permissions for a token now: tokens say perm_ref, and the service asks /api/authz/check",
		})
	}
	switch out.Outcome {
	case assignment.Unchanged:
		answer.Status = http.StatusOK
	case assignment.Updated:
		answer.Status, answer.Body.Message = http.StatusOK, "The role is held until another time now"
	case assignment.Assigned, assignment.Unknown, assignment.LimitReached:
		answer.Body.Message = "The role is assigned"
	}
	return answer, err
}

func capped(is bool) []api.Warning {
	if !is {
		return nil
	}
	return []api.Warning{{Code: api.WarningExpiryCapped, Message: "It ends when your own right does"}}
}

func (r *Assignments) remove(ctx context.Context, caller echohttp.Caller, in api.AssignmentRequest) (api.MessageResponse, error) {
	return r.take(ctx, assignment.RemoveInput{Target: target(caller, in.Service, in.Role), Holder: userHolder(in.User)})
}

func (r *Assignments) removeAccount(ctx context.Context, caller echohttp.Caller, in api.AccountAssignmentRequest) (api.MessageResponse, error) {
	return r.take(ctx, assignment.RemoveInput{Target: target(caller, in.Service, in.Role), Holder: accountHolder(in.Account)})
}

func (r *Assignments) take(ctx context.Context, in assignment.RemoveInput) (api.MessageResponse, error) {
	return api.MessageResponse{Success: true, Message: "The role is taken away"}, r.Service.Remove(ctx, in)
}

func (r *Assignments) assignMany(ctx context.Context, caller echohttp.Caller, in api.AssignManyRequest) (api.AssignManyResponse, error) {
	out, err := r.Service.Bulk(ctx, assignment.BulkInput{Target: target(caller, in.Service, in.Role), Users: in.Users, End: end(in.ExpiresAt)})
	body := api.AssignManyResponse{Success: true, Results: make([]api.AssignOutcome, len(out.Outcomes)), Warnings: capped(out.Capped)}
	for i, outcome := range out.Outcomes {
		body.Results[i] = api.AssignOutcome{UserID: in.Users[i], Outcome: string(outcome)}
	}
	return body, err
}

func (r *Assignments) ofUserAt(ctx context.Context, caller echohttp.Caller, in api.ListUserRolesRequest) (api.ListUserRolesResponse, error) {
	return r.roles(ctx, assignment.ListInput{Actor: caller.Actor, Holder: new(userHolder(in.User)), Service: in.Service, Paging: wholePaging(in.Limit, in.Cursor)})
}

func (r *Assignments) ofAccountAt(ctx context.Context, caller echohttp.Caller, in api.ListAccountRolesRequest) (api.ListUserRolesResponse, error) {
	return r.roles(ctx, assignment.ListInput{Actor: caller.Actor, Holder: new(accountHolder(in.Account)), Service: in.Service, Paging: paging(in.Limit, in.Cursor)})
}

func (r *Assignments) roles(ctx context.Context, in assignment.ListInput) (api.ListUserRolesResponse, error) {
	list, err := r.list(ctx, in)
	return api.ListUserRolesResponse{Success: true, Roles: list.Assignments, NextCursor: list.NextCursor}, err
}

func (r *Assignments) ofUser(ctx context.Context, caller echohttp.Caller, in api.ListUserAssignmentsRequest) (api.ListAssignmentsResponse, error) {
	return r.list(ctx, assignment.ListInput{Actor: caller.Actor, Holder: new(userHolder(in.User)), Paging: paging(in.Limit, in.Cursor)})
}

func (r *Assignments) atService(ctx context.Context, caller echohttp.Caller, in api.ListServiceAssignmentsRequest) (api.ListAssignmentsResponse, error) {
	return r.list(ctx, assignment.ListInput{Actor: caller.Actor, Service: in.Service, Paging: paging(in.Limit, in.Cursor)})
}

func (r *Assignments) ofRole(ctx context.Context, caller echohttp.Caller, in api.ListHoldersRequest) (api.ListAssignmentsResponse, error) {
	return r.list(ctx, assignment.ListInput{Actor: caller.Actor, Service: in.Service, Role: in.Role, Paging: paging(in.Limit, in.Cursor)})
}

func (r *Assignments) list(ctx context.Context, in assignment.ListInput) (api.ListAssignmentsResponse, error) {
	out, err := r.Service.List(ctx, in)
	return api.ListAssignmentsResponse{
		Success: true, NextCursor: out.Next,
		Assignments: each(out.Assignments, func(a domain.ListedAssignment) api.Assignment {
			return assignmentBody(a, out.ReadsRoles, out.ReadsUsers)
		}),
	}, err
}

// assignmentBody includes the giver of the role for callers who may read roles, and the address for callers who may read users.
func assignmentBody(a domain.ListedAssignment, readsRoles, readsUsers bool) api.Assignment {
	body := api.Assignment{
		ID: string(a.ID), RoleID: string(a.RoleID), RoleName: a.Role, ServiceID: string(a.ServiceID), ServiceKey: a.ServiceKey, ServiceName: a.ServiceName,
		PrincipalID: string(a.PrincipalID), Kind: string(a.Kind), AssignedAt: a.CreatedAt, CreatedAt: a.CreatedAt, ExpiresAt: when(a.ExpiresAt),
		MinACR: orNull(domain.MinLevelName(a.MinLevel)), ManagedBy: orNull(a.ManagedBy),
	}
	if a.Kind == domain.KindUser {
		body.UserID = string(a.PrincipalID)
	}
	if readsRoles {
		body.GrantedBy = orNull(a.GrantedBy)
	}
	if readsUsers {
		body.Email = a.Email
	}
	return body
}
