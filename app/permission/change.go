package permission

import (
	"context"
	"strconv"

	"github.com/signet-auth/signet/app/access"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

// DescribeInput is a new description of a permission.
type DescribeInput struct {
	Actor       domain.Actor
	From        domain.Origin
	Permission  string
	Description *string // nil: it stays
}

// Describe changes what people read about a permission. domain.ErrSystemRole for those that come with Signet.
func (s *Service) Describe(ctx context.Context, in DescribeInput) (domain.Permission, error) {
	if err := s.directory.RequireEver(ctx, in.Actor, domain.WriteRoles); err != nil {
		return domain.Permission{}, err
	}
	var description string
	if in.Description != nil {
		description = domain.Line(*in.Description)
	}
	if err := domain.CheckDescription(description); err != nil {
		return domain.Permission{}, err
	}
	p, err := s.load(ctx, in.Actor, domain.WriteRoles, in.Permission)
	if err != nil {
		return domain.Permission{}, err
	}
	if madeBySignet(p) {
		return domain.Permission{}, domain.ErrSystemRole
	}
	if in.Description == nil || p.Description == description {
		return p, nil
	}
	err = s.Store.WithinTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		service, _, err := s.begin(ctx, tx, in.Actor, domain.WriteRoles, p)
		if err != nil {
			return err
		}
		if err := tx.Permissions.Describe(ctx, p.ID, description); err != nil {
			return err
		}
		p.Description = description
		return s.commit(ctx, tx, service, permissionEvent(domain.EventPermissionUpdated, in.Actor, in.From, p))
	})
	if err != nil {
		return domain.Permission{}, err
	}
	return p, nil
}

// DeleteInput is a permission to remove.
type DeleteInput struct {
	Actor      domain.Actor
	From       domain.Origin
	Permission string
	Force      bool // take it out of the roles that name it
}

// Delete removes a permission. It refuses while roles name the permission exactly, because a later permission of that name would revive the
// right: domain.ErrPermissionInUse says how many roles. With force it is removed from them, for which the actor must hold it; force has no
// effect on a shared one. Wildcards no longer match it. domain.ErrSystemRole for those that come with Signet.
func (s *Service) Delete(ctx context.Context, in DeleteInput) error {
	if err := s.directory.RequireEver(ctx, in.Actor, domain.DeleteRoles); err != nil {
		return err
	}
	p, err := s.load(ctx, in.Actor, domain.DeleteRoles, in.Permission)
	if err != nil {
		return err
	}
	if madeBySignet(p) {
		return domain.ErrSystemRole
	}
	err = s.Store.WithinTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		service, standing, err := s.begin(ctx, tx, in.Actor, domain.DeleteRoles, p)
		if err != nil {
			return err
		}
		if _, err := tx.Permissions.Lock(ctx, p.ID, store.Exclusive); err != nil {
			return err
		}
		carrying, err := tx.Roles.Carrying(ctx, p.ServiceID, p.Name)
		if err != nil {
			return err
		}
		if len(carrying) > 0 {
			inUse := domain.ErrPermissionInUse.Noting(domain.FactRoles, len(carrying))
			if p.ServiceID == "" { // its roles belong to many services, and force applies to one
				return inUse.Saying("Roles name this shared permission: take it out of them first, service by service")
			}
			if !in.Force {
				return inUse
			}
			covers := func(st access.Standing) bool {
				until, held := st.Cover(domain.DeleteRoles).Until(domain.Pattern(p.Name))
				return held && until.IsZero()
			}
			if !covers(standing) {
				refusal := domain.ErrForbidden.Saying("Roles name this permission, and you don't hold it without an end, so you can't take it out of them").
					Because(domain.ErrNotCovered)
				return standing.OrLevel(refusal, covers)
			}
			if err := tx.Roles.RemovePattern(ctx, carrying, domain.Pattern(p.Name), s.System.Now()); err != nil {
				return err
			}
		}
		if err := tx.Permissions.Delete(ctx, p.ID); err != nil {
			return err
		}
		event := permissionEvent(domain.EventPermissionDeleted, in.Actor, in.From, p).With("roles", strconv.Itoa(len(carrying)))
		return s.commit(ctx, tx, service, event)
	})
	return s.NoteRefusal(err, permissionEvent(domain.EventPermissionDeleted, in.Actor, in.From, p))
}
