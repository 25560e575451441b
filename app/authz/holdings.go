package authz

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/signet-auth/signet/app/access"
	"github.com/signet-auth/signet/app/base"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

const (
	// maxServices is the number of services at which a principal can hold something: the number of roles it can have.
	maxServices = 1000
	// maxNames is how many permissions are listed.
	maxNames = 10_000
)

// PermissionsInput asks for everything that a principal may do.
type PermissionsInput struct {
	Actor   domain.Actor
	User    string // the id of any principal
	Service string // id, key or name; empty: all services that the actor may see
}

// PermissionsOutput is what the principal may do, by the keys of services.
type PermissionsOutput struct {
	ByService map[string][]string
	IsActive  bool
	Truncated bool
}

// Permissions lists what a principal may do at the services that the actor may see: all services for oneself and with the platform's
// role:read, else those whose roles the actor may read; a service sees itself. A disabled principal may do nothing.
func (s *Service) Permissions(ctx context.Context, in PermissionsInput) (PermissionsOutput, error) {
	q := Question{Principal: in.User}
	if err := s.requireLister(ctx, in.Actor, q); err != nil {
		return PermissionsOutput{}, err
	}
	principal, found, err := s.principal(ctx, in.Actor, q)
	if err != nil {
		return PermissionsOutput{}, err
	}
	if !found {
		return PermissionsOutput{}, domain.ErrNotFound
	}
	services, err := s.visible(ctx, in, q, principal)
	out := PermissionsOutput{ByService: map[string][]string{}, IsActive: principal.IsActive(s.System.Now())}
	if err != nil || !out.IsActive {
		return out, err
	}
	n := 0
	for _, service := range services {
		grants, err := s.grants(ctx, in.Actor, q, principal, service)
		if err != nil {
			return PermissionsOutput{}, err
		}
		names := grants.Permissions()
		if n+len(names) > maxNames {
			names, out.Truncated = names[:maxNames-n], true
		}
		if n += len(names); len(names) > 0 {
			out.ByService[service.Key] = names
		}
	}
	return out, nil
}

// requireLister refuses actors who would see no service. A token for a service is for single questions: it lists nothing, not even about
// oneself. A service may list with its application token, or with the access token that it got for it.
func (s *Service) requireLister(ctx context.Context, a domain.Actor, q Question) error {
	switch {
	case a.Kind == domain.ActorService && a.Raw:
		return nil
	case a.Kind == domain.ActorService || q.isSelf(a):
		return access.RequirePlatform(a)
	}
	return s.directory.RequireEver(ctx, a, domain.ReadRoles)
}

// grants are those of the credential if the actor asks about itself, otherwise all of the principal's, whatever level they need.
func (s *Service) grants(ctx context.Context, a domain.Actor, q Question, p domain.Principal, service domain.Service) (domain.Grants, error) {
	if q.isSelf(a) {
		return s.directory.GrantsOf(ctx, a, service)
	}
	return s.directory.Grants(ctx, p, service, domain.NoLevel)
}

// visible are the active services at which the principal holds something and that the actor may see.
func (s *Service) visible(ctx context.Context, in PermissionsInput, q Question, p domain.Principal) ([]domain.Service, error) {
	if in.Service != "" {
		service, err := s.directory.Service(ctx, in.Service)
		known := err == nil
		if err != nil && !errors.Is(err, domain.ErrUnknownService) {
			return nil, err
		}
		if err := s.mayAsk(ctx, in.Actor, q, service, known); err != nil {
			return nil, err
		}
		if !known {
			return nil, domain.ErrNotFound
		}
		return []domain.Service{service}, nil
	}
	held, err := s.holding(ctx, p)
	if err != nil {
		return nil, err
	}
	var seen []domain.Service
	for _, service := range held {
		switch err := s.mayAsk(ctx, in.Actor, q, service, true); {
		case err == nil:
			seen = append(seen, service)
		case !access.IsRefusal(err) && !errors.Is(err, domain.ErrWrongAudience):
			return nil, err
		}
	}
	return seen, nil
}

// holding are the active services at which a principal was given a role, in the order of their keys.
func (s *Service) holding(ctx context.Context, p domain.Principal) ([]domain.Service, error) {
	all, err := s.Store.Read().Services.List(ctx, p.ID, store.Page{Limit: maxServices})
	all = slices.DeleteFunc(all, func(service domain.Service) bool { return !service.IsActive() })
	slices.SortFunc(all, func(a, b domain.Service) int { return strings.Compare(a.Key, b.Key) })
	return all, err
}

// OwnRole is a role that the caller holds.
type OwnRole struct {
	ID        domain.RoleID
	Name      string
	ExpiresAt time.Time
	Direct    bool // given directly, and not only included in another role
}

// OwnService is a service at which the caller holds a role, and what they may do there.
type OwnService struct {
	Service     domain.Service
	Roles       []OwnRole
	Permissions []string
}

// OwnServicesInput is which part of the list to show.
type OwnServicesInput struct {
	base.Paging

	Actor domain.Actor
}

// OwnServicesOutput is services, newest first, and the cursor of what follows; empty when nothing does.
type OwnServicesOutput struct {
	Services []OwnService
	Next     string
}

// OwnServices lists the active services in which the caller holds a role. A page may be shorter than requested, because inactive services
// are left out.
func (s *Service) OwnServices(ctx context.Context, in OwnServicesInput) (OwnServicesOutput, error) {
	if err := access.RequirePlatform(in.Actor); err != nil {
		return OwnServicesOutput{}, err
	}
	principal, err := s.directory.PrincipalOf(ctx, in.Actor)
	if err != nil {
		return OwnServicesOutput{}, err
	}
	services, next, err := base.Page(ctx, s.cursors, "own services "+string(principal.ID), in.Paging, domain.Service.Place,
		func(ctx context.Context, p store.Page) ([]domain.Service, error) {
			return s.Store.Read().Services.List(ctx, principal.ID, p)
		})
	if err != nil {
		return OwnServicesOutput{}, err
	}
	own, err := s.ownAt(ctx, in.Actor, principal, services)
	return OwnServicesOutput{Services: own, Next: next}, err
}

func (s *Service) ownAt(ctx context.Context, a domain.Actor, principal domain.Principal, services []domain.Service) ([]OwnService, error) {
	assigned, err := s.Store.Read().Grants.Assigned(ctx, principal.ID, maxAssigned)
	if err != nil {
		return nil, err
	}
	direct := map[domain.RoleID]bool{}
	for _, given := range assigned {
		direct[given.RoleID] = given.IsLive(s.System.Now()) || direct[given.RoleID]
	}
	var own []OwnService
	for _, service := range services {
		if !service.IsActive() {
			continue
		}
		grants, err := s.directory.GrantsOf(ctx, a, service)
		if err != nil {
			return nil, err
		}
		one := OwnService{Service: service, Permissions: grants.Permissions()}
		for _, r := range grants.HeldRoles() {
			if r.IsHeld(s.System.Now()) {
				one.Roles = append(one.Roles, OwnRole{ID: r.ID, Name: r.Name, ExpiresAt: r.ExpiresAt, Direct: direct[r.ID]})
			}
		}
		if len(one.Roles) > 0 {
			own = append(own, one)
		}
	}
	return own, nil
}
