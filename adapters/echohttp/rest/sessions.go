package rest

import (
	"context"
	"net/http"

	"github.com/signet-auth/signet/adapters/echohttp"
	"github.com/signet-auth/signet/api"
	"github.com/signet-auth/signet/app/session"
	"github.com/signet-auth/signet/domain"
)

// Sessions is the routes of /api/auth/sessions.
type Sessions struct{ Service *session.Service }

// Mount adds the routes.
func (r *Sessions) Mount(a *echohttp.API) {
	echohttp.Handle(a, http.MethodGet, "/api/auth/sessions", echohttp.Op{
		ID: "listSessions", Tag: echohttp.TagSessions, Summary: "Where the caller is signed in, newest first", Auth: echohttp.BearerAuth, Unenrolled: true,
		Errors: []*domain.Error{domain.ErrInvalidCursor, domain.ErrWrongAudience},
	}, r.list)
	echohttp.Handle(a, http.MethodDelete, "/api/auth/sessions", echohttp.Op{
		ID: "endOtherSessions", Tag: echohttp.TagSessions, Summary: "End all sessions of the caller but the one that asks", Auth: echohttp.BearerAuth, Unenrolled: true,
		Errors: []*domain.Error{domain.ErrWrongAudience},
	}, r.endOthers)
	echohttp.Handle(a, http.MethodDelete, "/api/auth/sessions/{id}", echohttp.Op{
		ID: "endSession", Tag: echohttp.TagSessions, Summary: "End one session of the caller, the one that asks too", Auth: echohttp.BearerAuth, Unenrolled: true,
		Description: "not_found: unknown, somebody else's, or over.",
		Errors:      []*domain.Error{domain.ErrWrongAudience, domain.ErrNotFound},
	}, r.endOne)
	echohttp.Handle(a, http.MethodGet, "/api/auth/sessions/stats", echohttp.Op{
		ID: "sessionStats", Tag: echohttp.TagSessions, Summary: "How many sessions are live, and how many users have one", Auth: echohttp.BearerAuth,
		Description: "Needs user:read at the platform. May be 60 s old.",
		Errors:      []*domain.Error{domain.ErrForbidden, domain.ErrWrongAudience},
	}, r.stats)
}

func (r *Sessions) list(ctx context.Context, caller echohttp.Caller, in api.ListSessionsRequest) (api.ListSessionsResponse, error) {
	out, err := r.Service.List(ctx, session.ListInput{Actor: caller.Actor, Paging: paging(in.Limit, in.Cursor)})
	if err != nil {
		return api.ListSessionsResponse{}, err
	}
	body := api.ListSessionsResponse{Success: true, Sessions: make([]api.ListedSession, len(out.Sessions)), NextCursor: out.Next}
	for i, s := range out.Sessions {
		body.Sessions[i] = listedSession(s, r.Service.Policy(), caller.Actor.SessionID)
	}
	return body, nil
}

func (r *Sessions) endOne(ctx context.Context, caller echohttp.Caller, in api.EndSessionRequest) (api.MessageResponse, error) {
	err := r.Service.EndOne(ctx, session.EndOneInput{Actor: caller.Actor, From: caller.Origin, ID: in.ID})
	return api.MessageResponse{Success: true, Message: "The session has ended"}, err
}

func (r *Sessions) endOthers(ctx context.Context, caller echohttp.Caller, _ struct{}) (api.EndSessionsResponse, error) {
	n, err := r.Service.EndOthers(ctx, session.EndOthersInput{Actor: caller.Actor, From: caller.Origin})
	return api.EndSessionsResponse{Success: true, Revoked: n}, err
}

func (r *Sessions) stats(ctx context.Context, caller echohttp.Caller, _ struct{}) (api.SessionStatsResponse, error) {
	n, err := r.Service.Stats(ctx, caller.Actor)
	return api.SessionStatsResponse{Success: true, ActiveSessions: n.Sessions, UsersWithSessions: n.Users}, err
}

// listedSession is a session as its owner sees it.
func listedSession(s domain.Session, policy domain.SessionPolicy, current domain.SessionID) api.ListedSession {
	return api.ListedSession{
		ID: string(s.ID), JTI: string(s.ID), Current: s.ID == current, CreatedAt: s.CreatedAt, LastSeenAt: s.LastSeenAt,
		ExpiresAt: s.ExpiresAt, IdleExpiresAt: s.IdleExpiresAt(policy), IP: s.IP, UserAgent: s.UserAgent, DeviceName: s.DeviceName, Static: s.Static,
	}
}
