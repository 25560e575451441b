package service

import (
	"context"

	"github.com/signet-auth/signet/app/access"
	"github.com/signet-auth/signet/app/base"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

// ListInput is which part of the list to show.
type ListInput struct {
	base.Paging

	Actor domain.Actor
}

// ListOutput is services, newest first, and the cursor of what follows; empty when nothing does.
type ListOutput struct {
	Services []domain.Service
	Next     string
}

// List lists all services for actors who may read them, and for others the services where they have a right. It returns domain.ErrForbidden
// when there is none.
func (s *Service) List(ctx context.Context, in ListInput) (ListOutput, error) {
	err := s.directory.Require(ctx, in.Actor, domain.ServiceRead)
	all := err == nil
	none := err // the answer where there is none
	if access.IsRefusal(err) {
		err = s.directory.RequireEver(ctx, in.Actor, domain.ReadService)
	}
	if err != nil {
		return ListOutput{}, err
	}
	rows, next, err := base.Page(ctx, s.cursors, "services "+string(in.Actor.ID), in.Paging, domain.Service.Place,
		func(ctx context.Context, p store.Page) ([]domain.Service, error) {
			if all {
				return s.Store.Read().Services.List(ctx, "", p)
			}
			rows, missed, err := s.managed(ctx, in.Actor, p)
			none = access.Easier(missed, none)
			return rows, err
		})
	if err == nil && len(rows) == 0 && !all && in.Cursor == "" {
		err = none
	}
	return ListOutput{Services: rows, Next: next}, err
}

// managed reads the services at which the actor has a role, and keeps those where they have a right over objects. missed is why the others
// are left out.
func (s *Service) managed(ctx context.Context, a domain.Actor, p store.Page) (rows []domain.Service, missed, err error) {
	const chunk = 200
	for {
		some, err := s.Store.Read().Services.List(ctx, a.ID, store.Page{After: p.After, Limit: chunk})
		if err != nil {
			return nil, missed, err
		}
		for _, service := range some {
			p.After = service.Place()
			switch err := s.directory.RequireAt(ctx, a, domain.ReadService, service); {
			case err == nil:
				rows = append(rows, service)
			case access.IsRefusal(err):
				missed = access.Easier(err, missed)
			default:
				return nil, missed, err
			}
			if len(rows) == p.Limit {
				return rows, missed, nil
			}
		}
		if len(some) < chunk {
			return rows, missed, nil
		}
	}
}

// Get shows one service, by id or key. domain.ErrNotFound for one that the actor has no right in.
func (s *Service) Get(ctx context.Context, a domain.Actor, ref string) (domain.Service, error) {
	if err := s.directory.RequireEver(ctx, a, domain.ReadService); err != nil {
		return domain.Service{}, err
	}
	return s.directory.LoadService(ctx, a, domain.ReadService, ref)
}
