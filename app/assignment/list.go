package assignment

import (
	"context"

	"github.com/signet-auth/signet/app/access"
	"github.com/signet-auth/signet/app/base"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

// ListInput selects live assignments: of a principal, at a service, of a role, or of several of these.
type ListInput struct {
	base.Paging

	Actor   domain.Actor
	Holder  *Holder
	Service string // id or key; empty: all services
	Role    string
}

// ListOutput is assignments, newest first, and the cursor of what follows; empty when nothing does.
type ListOutput struct {
	Assignments []domain.ListedAssignment
	Next        string
	// ReadsRoles and ReadsUsers tell which details the actor may see: who gave a role, and the addresses of users.
	ReadsRoles, ReadsUsers bool
}

// List lists who has which role. Everybody may see their own; for those of others, the actor needs the right to read roles: at the service,
// or at the platform for a list over all services.
func (s *Service) List(ctx context.Context, in ListInput) (ListOutput, error) {
	own := in.Holder != nil && in.Holder.Ref == string(in.Actor.ID) && access.RequirePlatform(in.Actor) == nil
	filter, reads, err := s.filter(ctx, in, own)
	if err != nil {
		return ListOutput{}, err
	}
	name := "assignments " + string(filter.Principal) + " " + string(filter.Service) + " " + string(filter.Role) + " " + string(in.Actor.ID)
	out := ListOutput{ReadsRoles: reads, ReadsUsers: s.directory.Require(ctx, in.Actor, domain.UserRead) == nil}
	place := func(a domain.ListedAssignment) domain.Cursor { return a.Place() }
	out.Assignments, out.Next, err = base.Page(ctx, s.cursors, name, in.Paging, place,
		func(ctx context.Context, p store.Page) ([]domain.ListedAssignment, error) {
			rows, err := s.Store.Read().Assignments.List(ctx, filter, p)
			for i, a := range rows {
				rows[i].MinLevel = s.directory.LevelOf(domain.Role{ID: a.RoleID, MinLevel: a.MinLevel}, domain.Service{ID: a.ServiceID})
			}
			return rows, err
		})
	return out, err
}

// filter resolves the principal, the service and the role of the list, in the order of the path.
func (s *Service) filter(ctx context.Context, in ListInput, own bool) (f store.AssignmentFilter, reads bool, err error) {
	f.Now = s.System.Now()
	right := domain.ReadRoles
	if in.Service == "" { // a right at one service is not enough, and must not reveal which ids are users
		right = domain.Right{Platform: domain.RoleRead}
	}
	ever := s.directory.RequireEver(ctx, in.Actor, right)
	if ever != nil && !own {
		return f, false, ever
	}
	if in.Holder != nil {
		if f.Principal, err = s.loadHolder(ctx, *in.Holder); err != nil {
			return f, false, err
		}
	}
	switch {
	case in.Service == "":
		if own && access.IsRefusal(ever) {
			return f, false, nil
		}
		return f, ever == nil, ever
	case in.Role != "":
		service, role, err := s.loadTarget(ctx, Target{Actor: in.Actor, Service: in.Service, Role: in.Role}, domain.ReadRoles)
		f.Service, f.Role = service.ID, role.ID
		return f, err == nil, err
	}
	service, err := s.directory.LoadService(ctx, in.Actor, domain.ReadRoles, in.Service)
	reads = err == nil
	if own && access.IsRefusal(err) {
		service, err = s.Store.Read().Services.ByRef(ctx, in.Service)
	}
	f.Service = service.ID
	return f, reads, err
}
