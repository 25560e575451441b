package permission

import (
	"context"

	"github.com/signet-auth/signet/app/access"
	"github.com/signet-auth/signet/app/base"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

// Shared selects, in a list, the permissions without a service.
const Shared = "shared"

// ListInput selects permissions.
type ListInput struct {
	base.Paging

	Actor   domain.Actor
	Service string // id, key or Shared; empty: all that the actor may see
	Search  string // a prefix of the name
}

// ListOutput is permissions, newest first, and the cursor of what follows; empty when nothing does.
type ListOutput struct {
	Permissions []domain.Permission
	Next        string
}

// List lists permissions: all for those with the platform's role:read, for others those of the services whose roles they may read, and
// the shared ones.
func (s *Service) List(ctx context.Context, in ListInput) (ListOutput, error) {
	if err := s.directory.RequireEver(ctx, in.Actor, domain.ReadRoles); err != nil {
		return ListOutput{}, err
	}
	if err := domain.CheckLine("search", in.Search, 200); err != nil {
		return ListOutput{}, err
	}
	filter, err := s.visible(ctx, in)
	if err != nil {
		return ListOutput{}, err
	}
	filter.Prefix = in.Search
	rows, next, err := base.Page(ctx, s.cursors, "permissions "+in.Service+" "+in.Search+" "+string(in.Actor.ID), in.Paging, domain.Permission.Place,
		func(ctx context.Context, p store.Page) ([]domain.Permission, error) {
			return s.Store.Read().Permissions.List(ctx, filter, p)
		})
	return ListOutput{Permissions: rows, Next: next}, err
}

func (s *Service) visible(ctx context.Context, in ListInput) (store.PermissionFilter, error) {
	switch in.Service {
	case Shared:
		return store.PermissionFilter{Shared: true}, nil
	case "":
	default:
		service, err := s.directory.LoadService(ctx, in.Actor, domain.ReadRoles, in.Service)
		return store.PermissionFilter{Services: []domain.ServiceID{service.ID}}, err
	}
	err := s.directory.Require(ctx, in.Actor, domain.RoleRead)
	if !access.IsRefusal(err) {
		return store.PermissionFilter{Everyone: true}, err
	}
	filter := store.PermissionFilter{Shared: true}
	given, err := s.Store.Read().Services.List(ctx, in.Actor.ID, store.Page{Limit: maxGiven})
	if err != nil {
		return store.PermissionFilter{}, err
	}
	for _, service := range given {
		switch err := s.directory.RequireAt(ctx, in.Actor, domain.ReadRoles, service); {
		case err == nil:
			filter.Services = append(filter.Services, service.ID)
		case !access.IsRefusal(err):
			return store.PermissionFilter{}, err
		}
	}
	return filter, nil
}

// maxGiven is the number of services at which a principal can have a role: the number of roles it can have.
const maxGiven = 1000
