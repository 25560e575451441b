package rest

import (
	"context"
	"net/http"

	"github.com/signet-auth/signet/adapters/echohttp"
	"github.com/signet-auth/signet/api"
	"github.com/signet-auth/signet/app/base"
	"github.com/signet-auth/signet/app/federation"
	"github.com/signet-auth/signet/app/user"
	"github.com/signet-auth/signet/domain"
)

// Users is the routes of /api/users, for administrators of accounts.
type Users struct {
	Service   *user.Service
	Providers *federation.Service
}

// Mount adds the routes.
func (r *Users) Mount(a *echohttp.API) {
	op := func(id, summary, description string, more ...*domain.Error) echohttp.Op {
		return echohttp.Op{
			ID: id, Tag: echohttp.TagUsers, Summary: summary, Description: description, Auth: echohttp.BearerAuth, Strict: true,
			Errors: append([]*domain.Error{domain.ErrForbidden, domain.ErrWrongAudience}, more...),
		}
	}
	reading := func(id, summary, description string, more ...*domain.Error) echohttp.Op {
		return op(id, summary, "Needs user:read at the platform. "+description, more...)
	}
	changing := func(id, needs, summary, description string, more ...*domain.Error) echohttp.Op {
		description = "Needs " + needs + " at the platform, on somebody whose permissions there you hold too. " + description
		return op(id, summary, description, append([]*domain.Error{domain.ErrTargetOutranks, domain.ErrNotFound}, more...)...)
	}
	echohttp.Handle(a, http.MethodGet, "/api/users", reading("listUsers", "Accounts, newest first",
		"A search (an id, or at least two characters that the address or a name begins with) answers up to the newest 200 it finds, without a cursor; truncated tells that there are more.",
		domain.ErrInvalidRequest, domain.ErrInvalidCursor), r.list)
	echohttp.Handle(a, http.MethodGet, "/api/users/{id}", reading("getUser", "One account", "", domain.ErrNotFound), r.get)
	echohttp.Handle(a, http.MethodGet, "/api/users/{id}/sessions", reading("listUserSessions", "Where somebody is logged in, newest first", "",
		domain.ErrNotFound, domain.ErrInvalidCursor), r.sessions)

	echohttp.Handle(a, http.MethodPatch, "/api/users/{id}", changing("updateUser", "user:write (for email user:credentials)", "Change an account",
		"A member that is absent stays as it is; null clears it. Another address counts at once and is not verified: it gets a mail with a link that verifies it, the old one is told, and sessions go on.",
		domain.ErrInvalidRequest, domain.ErrEmailTaken), r.update)
	echohttp.Handle(a, http.MethodDelete, "/api/users/{id}", changing("deleteUser", "user:delete", "Erase an account and all that is held about its user",
		"At once, and for good; the id is never given out again.", domain.ErrLastAdmin), r.delete)
	echohttp.Handle(a, http.MethodPost, "/api/users/{id}/disable", changing("disableUser", "user:write", "Keep somebody out",
		"Sessions end now. Again, it replaces the reason and the end. A closed account stays closed.", domain.ErrInvalidRequest, domain.ErrLastAdmin), r.disable)
	echohttp.Handle(a, http.MethodPost, "/api/users/{id}/enable", changing("enableUser", "user:write", "Let somebody in again",
		"It opens a closed account too, as it was."), r.enable)
	echohttp.Handle(a, http.MethodPost, "/api/users/{id}/end-sessions", changing("endUserSessions", "user:write", "Log somebody out everywhere", ""), r.endSessions)
	echohttp.Handle(a, http.MethodPost, "/api/users/{id}/send-reset", changing("sendReset", "user:write", "Mail somebody a link to set a new password",
		"While they are disabled it opens nothing.", domain.ErrRateLimited), r.sendReset)
	echohttp.Handle(a, http.MethodPost, "/api/users/{id}/verify", changing("verifyUser", "user:credentials", "Say that somebody reads the mailbox of their address", ""), r.verify)
	echohttp.Handle(a, http.MethodDelete, "/api/users/{id}/identities/{iid}", changing("unlinkUserIdentity", "user:credentials",
		"Take a way in through a provider from somebody", "The last one too. Their sessions end."), r.unlink)
	echohttp.Handle(a, http.MethodGet, "/api/users/{id}/factors", reading("listUserFactors", "Somebody's second factors", "", domain.ErrNotFound), r.factors)
	echohttp.Handle(a, http.MethodPost, "/api/users/{id}/factors/reset", changing("resetUserFactors", "user:credentials",
		"Remove all second factors and recovery codes of somebody who lost them",
		"Needs a recent login, by a factor if you have one. Their sessions end, and they get a mail. Nobody resets their own: sign in with a recovery code and remove the factor.",
		domain.ErrInvalidRequest, domain.ErrReauthRequired), r.resetFactors)
}

func (r *Users) list(ctx context.Context, caller echohttp.Caller, in api.ListUsersRequest) (api.ListUsersResponse, error) {
	states := map[string]domain.PrincipalState{"true": domain.Active, "false": domain.Disabled}
	out, err := r.Service.List(ctx, user.ListInput{
		Actor: caller.Actor, Search: in.Search, State: states[in.IsActive], Paging: base.Paging{Cursor: in.Cursor, Limit: in.Limit},
	})
	if err != nil {
		return api.ListUsersResponse{}, err
	}
	return api.ListUsersResponse{Success: true, Users: each(out.Users, r.body), Truncated: out.Truncated, NextCursor: out.Next}, nil
}

func (r *Users) get(ctx context.Context, caller echohttp.Caller, in api.UserRequest) (api.UserResponse, error) {
	return r.answer(r.Service.Get(ctx, caller.Actor, userID(in.ID)))
}

func (r *Users) sessions(ctx context.Context, caller echohttp.Caller, in api.ListUserSessionsRequest) (api.ListSessionsResponse, error) {
	out, err := r.Service.Sessions(ctx, user.SessionsInput{Actor: caller.Actor, User: userID(in.ID), Paging: paging(in.Limit, in.Cursor)})
	if err != nil {
		return api.ListSessionsResponse{}, err
	}
	sessions := each(out.Sessions, func(s domain.Session) api.ListedSession {
		return listedSession(s, r.Service.SessionPolicy(), caller.Actor.SessionID)
	})
	return api.ListSessionsResponse{Success: true, Sessions: sessions, NextCursor: out.Next}, nil
}

func (r *Users) update(ctx context.Context, caller echohttp.Caller, in api.UpdateUserRequest) (api.UserResponse, error) {
	return r.answer(r.Service.Update(ctx, user.UpdateInput{
		ChangeInput: aboutUser(caller, in.ID), FirstName: in.FirstName.Pointer(), LastName: in.LastName.Pointer(), Locale: in.Locale.Pointer(),
		Metadata: rawText(in.Metadata), Email: in.Email.Pointer(),
	}))
}

func (r *Users) delete(ctx context.Context, caller echohttp.Caller, in api.UserRequest) (api.MessageResponse, error) {
	err := r.Service.Delete(ctx, aboutUser(caller, in.ID))
	return api.MessageResponse{Success: true, Message: "The account is erased"}, err
}

func (r *Users) disable(ctx context.Context, caller echohttp.Caller, in api.DisableUserRequest) (api.UserResponse, error) {
	disabling := user.DisableInput{ChangeInput: aboutUser(caller, in.ID), Reason: in.Reason}
	if in.Until != nil {
		disabling.Until = *in.Until
	}
	return r.answer(r.Service.Disable(ctx, disabling))
}

func (r *Users) enable(ctx context.Context, caller echohttp.Caller, in api.UserRequest) (api.UserResponse, error) {
	return r.answer(r.Service.Enable(ctx, aboutUser(caller, in.ID)))
}

func (r *Users) endSessions(ctx context.Context, caller echohttp.Caller, in api.UserRequest) (api.EndUserSessionsResponse, error) {
	n, err := r.Service.EndAll(ctx, aboutUser(caller, in.ID))
	return api.EndUserSessionsResponse{Success: true, Ended: n}, err
}

func (r *Users) sendReset(ctx context.Context, caller echohttp.Caller, in api.UserRequest) (api.MessageResponse, error) {
	err := r.Service.SendReset(ctx, aboutUser(caller, in.ID))
	return api.MessageResponse{Success: true, Message: "A mail with a link to set a new password is on its way"}, err
}

func (r *Users) verify(ctx context.Context, caller echohttp.Caller, in api.UserRequest) (api.UserResponse, error) {
	return r.answer(r.Service.Verify(ctx, aboutUser(caller, in.ID)))
}

func (r *Users) unlink(ctx context.Context, caller echohttp.Caller, in api.UnlinkIdentityRequest) (api.MessageResponse, error) {
	id, _ := domain.ParseID[domain.IdentityID](in.Identity)
	err := r.Service.Unlink(ctx, user.UnlinkInput{ChangeInput: aboutUser(caller, in.ID), Identity: id})
	return api.MessageResponse{Success: true, Message: "The way in is removed"}, err
}

func (r *Users) factors(ctx context.Context, caller echohttp.Caller, in api.UserFactorsRequest) (api.UserFactorsResponse, error) {
	factors, codes, err := r.Service.Factors(ctx, caller.Actor, userID(in.ID))
	return api.UserFactorsResponse{
		Success: true, Factors: each(factors, factorBody), RecoveryCodes: api.UserRecoveryCodes{Left: codes.Left},
	}, err
}

func (r *Users) resetFactors(ctx context.Context, caller echohttp.Caller, in api.ResetFactorsRequest) (api.ResetFactorsResponse, error) {
	n, err := r.Service.ResetFactors(ctx, user.ResetFactorsInput{ChangeInput: aboutUser(caller, in.ID), Reason: in.Reason})
	return api.ResetFactorsResponse{Success: true, Removed: n}, err
}

func aboutUser(caller echohttp.Caller, id string) user.ChangeInput {
	return user.ChangeInput{Actor: caller.Actor, From: caller.Origin, User: userID(id)}
}

// userID is the id in a path; a malformed id matches no user.
func userID(text string) domain.UserID {
	id, _ := domain.ParseID[domain.UserID](text)
	return id
}

func (r *Users) answer(a user.Account, err error) (api.UserResponse, error) {
	if err != nil {
		return api.UserResponse{}, err
	}
	return api.UserResponse{Success: true, User: r.body(a)}, nil
}

func (r *Users) body(a user.Account) api.ManagedUser {
	body := api.ManagedUser{
		User: userBody(a.User), DisabledReason: a.DisabledReason, DisabledUntil: when(a.DisabledUntil), EraseAt: when(a.EraseAt),
	}
	body.Identities = identityBodies(r.Providers, a.Identities)
	return body
}
