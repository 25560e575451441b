package domain

import (
	"maps"
	"strconv"
	"strings"
	"time"
)

// EventType names what happened, for the audit log.
type EventType string

// The events of accounts, sessions and keys.
const (
	EventUserRegistered       EventType = "user.registered"
	EventUserVerified         EventType = "user.verified"
	EventUserUpdated          EventType = "user.updated"
	EventUserEmailChanged     EventType = "user.email_changed"
	EventEmailChangeRequested EventType = "user.email_change_requested"
	EventUserDisabled         EventType = "user.disabled"
	EventUserEnabled          EventType = "user.enabled"
	EventUserDeleted          EventType = "user.deleted"
	EventUserLocked           EventType = "user.locked"
	EventUserExported         EventType = "user.exported"
	EventLoginSucceeded       EventType = "login.succeeded"
	EventLoginFailed          EventType = "login.failed"
	EventSessionEnded         EventType = "session.ended"
	EventRefreshReused        EventType = "token.refresh_reused"
	EventRefreshRecovered     EventType = "token.refresh_recovered"
	EventPasswordChanged      EventType = "password.changed"
	EventResetRequested       EventType = "password.reset_requested"
	EventPasswordReset        EventType = "password.reset"
	EventIdentityLinked       EventType = "identity.linked"
	EventIdentityUnlinked     EventType = "identity.unlinked"
	EventServiceCreated       EventType = "service.created"
	EventServiceUpdated       EventType = "service.updated"
	EventServiceDeleted       EventType = "service.deleted"
	EventRoleCreated          EventType = "role.created"
	EventRoleUpdated          EventType = "role.updated"
	EventRoleDeleted          EventType = "role.deleted"
	EventPermissionCreated    EventType = "permission.created"
	EventPermissionUpdated    EventType = "permission.updated"
	EventPermissionDeleted    EventType = "permission.deleted"
	EventGrantAdded           EventType = "grant.added"
	EventGrantUpdated         EventType = "grant.updated"
	EventGrantRemoved         EventType = "grant.removed"
	EventAppTokenCreated      EventType = "app_token.created"
	EventAppTokenUpdated      EventType = "app_token.updated"
	EventAppTokenRotated      EventType = "app_token.rotated"
	EventAppTokenRevoked      EventType = "app_token.revoked"
	EventAppTokenDeleted      EventType = "app_token.deleted"
	EventKeyCreated           EventType = "key.created"
	EventKeyActivated         EventType = "key.activated"
	EventKeyRevoked           EventType = "key.revoked"
	EventBackupRestored       EventType = "backup.restored"
)

// Outcome says whether the action succeeded.
type Outcome string

// The outcomes.
const (
	Succeeded Outcome = "success"
	Failed    Outcome = "failure"
)

// Event is one line of the audit log: final, and without personal data. Data that identifies a person beyond an id (address, user agent, a
// typed identifier) is in Trace, which is stored beside it and can be erased.
type Event struct {
	ID          EventID
	At          time.Time
	Type        EventType
	Outcome     Outcome
	ActorKind   ActorKind
	ActorID     PrincipalID
	SubjectKind string
	SubjectID   string
	ServiceID   ServiceID
	SessionID   SessionID
	RequestID   string
	Details     map[string]string
	Trace       Trace
}

// Trace is the erasable part of an event. It is stored only when it is not empty.
type Trace struct {
	IP         string
	UserAgent  string
	Identifier string
}

// NewEvent is a successful event by the actor, from that origin, about a subject. The audit recorder stamps it.
func NewEvent(kind EventType, actor Actor, from Origin, subjectKind, subject string) Event {
	return Event{
		Type: kind, Outcome: Succeeded,
		ActorKind: actor.Kind, ActorID: actor.ID, SessionID: actor.SessionID,
		SubjectKind: subjectKind, SubjectID: subject, RequestID: from.RequestID,
		Trace: Trace{IP: from.IP, UserAgent: from.UserAgent},
	}
}

// UserEvent is a NewEvent about a user.
func UserEvent(kind EventType, actor Actor, from Origin, user UserID) Event {
	return NewEvent(kind, actor, from, "user", string(user))
}

// In is the event with the service that owns its object.
func (e Event) In(service ServiceID) Event {
	e.ServiceID = service
	return e
}

// maxDetail is how much of a list one detail has; the rest is counted.
const maxDetail = 4000

// WithList is the event with a list as a detail, cut to 4 KB, and the number of omitted items.
func (e Event) WithList(key string, items []string) Event {
	if len(items) == 0 {
		return e
	}
	n, size := 0, 0
	for n < len(items) && size+len(items[n])+1 <= maxDetail {
		size += len(items[n]) + 1
		n++
	}
	e = e.With(key, strings.Join(items[:n], " "))
	if n < len(items) {
		e = e.With("more", strconv.Itoa(len(items)-n))
	}
	return e
}

// Stamped is the event with its id and time.
func (e Event) Stamped(id EventID, at time.Time) Event {
	e.ID, e.At = id, at
	return e
}

// Place is the event's place in the log, which has the newest first.
func (e Event) Place() Cursor { return Cursor{At: e.At, ID: string(e.ID)} }

// With is the event with one more detail. Values must be free of personal data and secrets.
func (e Event) With(key, value string) Event {
	details := make(map[string]string, len(e.Details)+1)
	maps.Copy(details, e.Details)
	details[key] = value
	e.Details = details
	return e
}
