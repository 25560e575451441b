package role

import (
	"context"
	"slices"
	"strconv"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

// maxCounted is how far holders are counted.
const maxCounted = 1000

// DeleteInput is a role to delete.
type DeleteInput struct {
	Actor domain.Actor
	From  domain.Origin
	Role  string
	Force bool // take it away from its holders, and remove it from roles that include it
}

// Delete ends a role, within a second for all its holders. Unless forced, it returns domain.ErrRoleInUse with their number.
// domain.ErrSystemRole, domain.ErrLastAdmin.
func (s *Service) Delete(ctx context.Context, in DeleteInput) error {
	if err := s.directory.RequireEver(ctx, in.Actor, domain.DeleteRoles); err != nil {
		return err
	}
	role, err := s.load(ctx, in.Actor, domain.DeleteRoles, in.Role)
	if err != nil {
		return err
	}
	err = s.Store.WithinTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		e, err := s.begin(ctx, tx, in.Actor, domain.DeleteRoles, role.ServiceID)
		if err != nil {
			return err
		}
		role, ok := e.graph.Role(role.ID)
		if !ok {
			return domain.ErrNotFound
		}
		return s.delete(ctx, e, in, role)
	})
	return s.NoteRefusal(err, roleEvent(domain.EventRoleDeleted, in.Actor, in.From, role))
}

func (s *Service) delete(ctx context.Context, e edit, in DeleteInput, role domain.Role) error {
	now := s.System.Now()
	if role.IsSystem {
		return domain.ErrSystemRole.Saying("A role made by Signet can't be deleted")
	}
	if err := e.mustCover(e.graph.Closure(role.ID)); err != nil {
		return err
	}
	holders, err := e.tx.Assignments.CountHolders(ctx, role.ID, now, maxCounted)
	if err != nil {
		return err
	}
	includedBy := e.graph.IncludedBy(role.ID)
	if !in.Force && (holders > 0 || len(includedBy) > 0) {
		return domain.ErrRoleInUse.Noting(domain.FactHolders, holders).Noting(domain.FactIncludedBy, len(includedBy))
	}
	for _, above := range includedBy {
		above.Includes = slices.DeleteFunc(slices.Clone(above.Includes), func(r domain.IncludedRole) bool { return r.ID == role.ID })
		above.Version++
		above.UpdatedAt = now
		if err := e.tx.Roles.Update(ctx, above); err != nil {
			return err
		}
	}
	if err := e.tx.Roles.Delete(ctx, role.ID, now); err != nil {
		return err
	}
	if err := s.keepAdmin(ctx, e, domain.NewRoleGraph(nil), role.ID); err != nil {
		return err
	}
	if err := e.commit(ctx); err != nil {
		return err
	}
	event := roleEvent(domain.EventRoleDeleted, in.Actor, in.From, role).With("holders", strconv.Itoa(holders))
	return s.Audit.Record(ctx, e.tx, now, event)
}
