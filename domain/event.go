package domain

import (
	"maps"
	"strconv"
	"strings"
	"time"
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
