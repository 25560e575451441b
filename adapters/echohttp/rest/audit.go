package rest

import (
	"context"
	"net/http"
	"time"

	"github.com/signet-auth/signet/adapters/echohttp"
	"github.com/signet-auth/signet/api"
	"github.com/signet-auth/signet/app/auditlog"
	"github.com/signet-auth/signet/domain"
)

// Audit is the route of the audit log.
type Audit struct{ Service *auditlog.Service }

// Mount adds the route.
func (r *Audit) Mount(a *echohttp.API) {
	echohttp.Handle(a, http.MethodGet, "/api/audit", echohttp.Op{
		ID: "listEvents", Tag: echohttp.TagAudit, Summary: "What happened, newest first", Auth: echohttp.BearerAuth,
		Description: "Needs audit:read at the platform; or, for the events about one service's objects, signet.audit:read there, and service. since is the first moment and until the one after the last. ip, user_agent and identifier need user:read too. It is no feed: at is the clock of the replica that wrote the event.",
		Errors:      []*domain.Error{domain.ErrInvalidRequest, domain.ErrInvalidCursor, domain.ErrForbidden, domain.ErrWrongAudience, domain.ErrNotFound},
	}, r.list)
}

func (r *Audit) list(ctx context.Context, caller echohttp.Caller, in api.ListEventsRequest) (api.ListEventsResponse, error) {
	since, err := moment("since", in.Since)
	until, untilErr := moment("until", in.Until)
	if err := domain.MergeFields(err, untilErr); err != nil {
		return api.ListEventsResponse{}, err
	}
	out, err := r.Service.List(ctx, auditlog.ListInput{
		Actor: caller.Actor, By: in.Actor, Subject: in.Subject, Types: in.Type, Outcome: domain.Outcome(in.Outcome), Service: in.Service,
		Since: since, Until: until, Paging: paging(in.Limit, in.Cursor),
	})
	if err != nil {
		return api.ListEventsResponse{}, err
	}
	return api.ListEventsResponse{Success: true, Events: each(out.Events, eventBody), NextCursor: out.Next}, nil
}

// moment is a time in the query; empty: none.
func moment(name, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, domain.ErrInvalidFields(domain.FieldError{
			Field: name, Code: "invalid", Text: name + " must be a time such as 2027-01-31T12:00:00Z (RFC 3339)",
		})
	}
	return at.UTC().Truncate(time.Microsecond), nil
}

func eventBody(e domain.Event) api.Event {
	details := e.Details
	if details == nil {
		details = map[string]string{}
	}
	return api.Event{
		ID: string(e.ID), At: e.At, Type: string(e.Type), Outcome: string(e.Outcome),
		Actor: api.EventParty{Type: string(e.ActorKind), ID: string(e.ActorID)}, Subject: api.EventParty{Type: e.SubjectKind, ID: e.SubjectID},
		ServiceID: string(e.ServiceID), SessionID: string(e.SessionID), RequestID: e.RequestID,
		IP: e.Trace.IP, UserAgent: e.Trace.UserAgent, Identifier: e.Trace.Identifier, Details: details,
	}
}
