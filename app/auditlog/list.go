// Package auditlog shows the audit log: all of it to readers at the platform, and to a service's readers what is about its objects. Package
// app/audit writes it.
package auditlog

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/signet-auth/signet/app/access"
	"github.com/signet-auth/signet/app/base"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

// Service is the use cases. Safe for concurrent use.
type Service struct {
	*base.Base

	directory *access.Directory
	cursors   domain.CursorKeys
}

// New makes the service.
func New(b *base.Base, directory *access.Directory, cursors domain.CursorKeys) *Service {
	return &Service{Base: b, directory: directory, cursors: cursors}
}

// ListInput selects events; zero members select everything.
type ListInput struct {
	base.Paging

	Actor   domain.Actor
	By      string // id of the principal that acted
	Subject string
	Types   string // a comma-separated list, which may have families such as grant.*
	Outcome domain.Outcome
	Service string // id or key
	Since   time.Time
	Until   time.Time // before then
}

// ListOutput is events, newest first, and the cursor of what follows; empty when nothing does.
type ListOutput struct {
	Events []domain.Event
	Next   string
}

// List lists events. An actor who may not read the whole log must name a service whose log they may read; logins and sessions belong to no
// service. Only actors who may read users see the traces of people. It returns domain.ErrForbidden, or domain.ErrNotFound for a service
// that the actor has no right at.
func (s *Service) List(ctx context.Context, in ListInput) (ListOutput, error) {
	if err := s.directory.RequireEver(ctx, in.Actor, domain.ReadAudit); err != nil {
		return ListOutput{}, err
	}
	types, err := domain.ParseEventTypes(in.Types)
	if err != nil {
		return ListOutput{}, err
	}
	service, err := s.service(ctx, in)
	if err != nil {
		return ListOutput{}, err
	}
	readsUsers, err := s.readsUsers(ctx, in.Actor)
	if err != nil {
		return ListOutput{}, err
	}
	filter := store.AuditFilter{
		Types: types, Outcome: in.Outcome, ActorID: domain.PrincipalID(stored(in.By)), SubjectID: stored(in.Subject), ServiceID: service,
		Since: in.Since.UTC(), Until: in.Until.UTC(),
	}
	events, next, err := base.Page(ctx, s.cursors, nameOf(filter, in.Actor), in.Paging, domain.Event.Place,
		func(ctx context.Context, p store.Page) ([]domain.Event, error) {
			filter.Before, filter.Limit = p.After, p.Limit
			return s.Store.Read().Audit.List(ctx, filter)
		})
	if err != nil {
		return ListOutput{}, err
	}
	if !readsUsers {
		for i := range events {
			events[i].Trace = domain.Trace{}
		}
	}
	return ListOutput{Events: events, Next: next}, nil
}

// service is the service whose events are listed, empty for all. Readers at the platform may name a deleted one by its id.
func (s *Service) service(ctx context.Context, in ListInput) (domain.ServiceID, error) {
	err := s.directory.Require(ctx, in.Actor, domain.AuditRead)
	id, isID := domain.ParseID[domain.ServiceID](in.Service)
	switch {
	case err == nil && (isID || in.Service == ""):
		return id, nil
	case err != nil && !access.IsRefusal(err):
		return "", err
	case in.Service == "" && errors.Is(err, domain.ErrReauthRequired):
		return "", err
	case in.Service == "":
		return "", domain.ErrForbidden.Saying("Name a service whose events you may read")
	}
	service, err := s.directory.LoadService(ctx, in.Actor, domain.ReadAudit, in.Service)
	return service.ID, err
}

func (s *Service) readsUsers(ctx context.Context, a domain.Actor) (bool, error) {
	err := s.directory.Require(ctx, a, domain.UserRead)
	if access.IsRefusal(err) {
		return false, nil
	}
	return err == nil, err
}

// stored is an id in the form that events have; any other text is unchanged.
func stored(text string) string {
	if id, ok := domain.ParseID[string](text); ok {
		return id
	}
	return text
}

// nameOf names a list, so that a cursor of one list is invalid for another.
func nameOf(f store.AuditFilter, a domain.Actor) string {
	parts := []string{"audit", string(a.ID), string(f.ActorID), f.SubjectID, string(f.ServiceID), string(f.Outcome), moment(f.Since), moment(f.Until)}
	for _, kind := range f.Types {
		parts = append(parts, string(kind))
	}
	return strings.Join(parts, "\n")
}

func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.RFC3339Nano)
}
