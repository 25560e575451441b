package role

import (
	"context"

	"github.com/signet-auth/signet/app/base"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

// ListInput is a service, and which part of the list of its roles to show.
type ListInput struct {
	base.Paging

	Actor   domain.Actor
	Service string // id or key
}

// ListOutput is roles, newest first, and the cursor of what follows; empty when nothing does.
type ListOutput struct {
	Roles []domain.Role
	Next  string
}

// List lists the roles of a service.
func (s *Service) List(ctx context.Context, in ListInput) (ListOutput, error) {
	if err := s.directory.RequireEver(ctx, in.Actor, domain.ReadRoles); err != nil {
		return ListOutput{}, err
	}
	service, err := s.directory.LoadService(ctx, in.Actor, domain.ReadRoles, in.Service)
	if err != nil {
		return ListOutput{}, err
	}
	rows, next, err := base.Page(ctx, s.cursors, "roles "+string(service.ID)+" "+string(in.Actor.ID), in.Paging, domain.Role.Place,
		func(ctx context.Context, p store.Page) ([]domain.Role, error) {
			return s.Store.Read().Roles.List(ctx, service.ID, p)
		})
	return ListOutput{Roles: rows, Next: next}, err
}

// GetOutput is a role, its permissions with all that it includes, and the number of its holders, counted to 1 000.
type GetOutput struct {
	Role      domain.Role
	Effective []domain.Pattern
	Holders   int
}

// Get shows one role.
func (s *Service) Get(ctx context.Context, a domain.Actor, ref string) (GetOutput, error) {
	if err := s.directory.RequireEver(ctx, a, domain.ReadRoles); err != nil {
		return GetOutput{}, err
	}
	role, err := s.load(ctx, a, domain.ReadRoles, ref)
	if err != nil {
		return GetOutput{}, err
	}
	out := GetOutput{Role: role}
	if out.Effective, err = s.Store.Read().Roles.Closure(ctx, role.ID); err != nil {
		return GetOutput{}, err
	}
	out.Holders, err = s.Store.Read().Assignments.CountHolders(ctx, role.ID, s.System.Now(), maxCounted)
	return out, err
}
