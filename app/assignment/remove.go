package assignment

import (
	"context"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

// RemoveInput takes a role from a principal.
type RemoveInput struct {
	Target
	Holder Holder
}

// Remove takes a role away. Actors can only take away what they could give. It returns domain.ErrNotFound when the role is not held or has
// ended; domain.ErrLastAdmin when no administrator of the platform would be left.
func (s *Service) Remove(ctx context.Context, in RemoveInput) error {
	if err := s.directory.RequireEver(ctx, in.Actor, domain.WriteRoles); err != nil {
		return err
	}
	service, role, err := s.loadTarget(ctx, in.Target, domain.WriteRoles)
	if err != nil {
		return err
	}
	holder, err := s.loadHolder(ctx, in.Holder)
	if err != nil {
		return err
	}
	now := s.System.Now()
	err = s.Store.WithinTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		g, err := s.begin(ctx, tx, in.Target, service.ID, role.ID, now, holder)
		if err != nil {
			return err
		}
		there, err := tx.Assignments.OfRole(ctx, role.ID, []domain.PrincipalID{holder})
		if err != nil {
			return err
		}
		a, known := there[holder]
		if !known || !a.IsLive(now) {
			return domain.ErrNotFound
		}
		if err := tx.Assignments.Delete(ctx, a.ID); err != nil {
			return err
		}
		if err := g.keepAdmin(ctx, a); err != nil {
			return err
		}
		if err := tx.Principals.Bump(ctx, []domain.PrincipalID{holder}, now); err != nil {
			return err
		}
		tx.Changed(domain.ChangePrincipal, string(holder), domain.TokensStale)
		return s.Audit.Record(ctx, tx, now, g.event(domain.EventGrantRemoved, a))
	})
	return s.NoteRefusal(err, grantEvent(domain.EventGrantRemoved, in.Target, role, in.Holder.Kind, holder))
}
