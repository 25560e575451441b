package role

import (
	"context"
	"slices"

	"github.com/signet-auth/signet/app/base"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

// UpdateInput is what to change of a role. Nil members stay; lists replace what is there.
type UpdateInput struct {
	Actor   domain.Actor
	From    domain.Origin
	Role    string
	Change  domain.RoleChange
	IfMatch []int64 // versions that may be changed; nil: any
}

// Update changes a role, for all its holders at once. The actor must hold what is added and what is removed. domain.ErrPreconditionFailed,
// domain.ErrSystemRole, domain.ErrNameTaken, domain.ErrLastAdmin if no administrator of the platform would be left.
func (s *Service) Update(ctx context.Context, in UpdateInput) (domain.Role, error) {
	if err := s.directory.RequireEver(ctx, in.Actor, domain.WriteRoles); err != nil {
		return domain.Role{}, err
	}
	for _, text := range []**string{&in.Change.Name, &in.Change.Description} {
		if *text != nil {
			line := domain.Line(**text)
			*text = &line
		}
	}
	if err := in.Change.Check(); err != nil {
		return domain.Role{}, err
	}
	role, err := s.load(ctx, in.Actor, domain.WriteRoles, in.Role)
	if err != nil {
		return domain.Role{}, err
	}
	var changed domain.Role
	err = s.Store.WithinTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		e, err := s.begin(ctx, tx, in.Actor, domain.WriteRoles, role.ServiceID)
		if err != nil {
			return err
		}
		was, ok := e.graph.Role(role.ID)
		if !ok {
			return domain.ErrNotFound
		}
		changed, err = s.update(ctx, e, in, was)
		return err
	})
	if err != nil {
		return domain.Role{}, s.NoteRefusal(err, roleEvent(domain.EventRoleUpdated, in.Actor, in.From, role))
	}
	return changed, nil
}

func (s *Service) update(ctx context.Context, e edit, in UpdateInput, was domain.Role) (domain.Role, error) {
	if err := was.CheckChange(in.Change); err != nil {
		return domain.Role{}, err
	}
	role, err := s.apply(ctx, e, in, was)
	if err != nil {
		return domain.Role{}, err
	}
	if err := base.CheckVersion(was.Version, in.IfMatch); err != nil {
		return domain.Role{}, err
	}
	after := e.graph.With(role)
	if err := e.mustCover(difference(e.graph, after, was, role)); err != nil {
		return domain.Role{}, err
	}
	if err := e.checkName(role); err != nil {
		return domain.Role{}, err
	}
	if err := after.Check(role.ID); err != nil {
		return domain.Role{}, err
	}
	if sameRole(was, role) {
		return was, nil
	}
	now := s.System.Now()
	role.Version++
	role.UpdatedAt = now
	if err := e.tx.Roles.Update(ctx, role); err != nil {
		return domain.Role{}, err
	}
	if err := s.keepAdmin(ctx, e, after, role.ID); err != nil {
		return domain.Role{}, err
	}
	if err := e.commit(ctx); err != nil {
		return domain.Role{}, err
	}
	return role, s.Audit.Record(ctx, e.tx, now, updated(in, was, role))
}

// apply is the role after the change.
func (s *Service) apply(ctx context.Context, e edit, in UpdateInput, role domain.Role) (domain.Role, error) {
	var err error
	if in.Change.Name != nil {
		role.Name = *in.Change.Name
	}
	if in.Change.Description != nil {
		role.Description = *in.Change.Description
	}
	if in.Change.MinLevel != nil {
		role.MinLevel = *in.Change.MinLevel
	}
	if in.Change.Permissions != nil {
		if role.Patterns, err = e.patterns(ctx, *in.Change.Permissions); err != nil {
			return domain.Role{}, err
		}
	}
	if in.Change.Includes != nil {
		if role.Includes, err = s.includes(ctx, e, in.Actor, *in.Change.Includes); err != nil {
			return domain.Role{}, err
		}
	}
	return role, role.CheckName()
}

// difference is what an edit adds and removes: patterns, and the closures of includes. Another level adds or removes all.
func difference(before, after domain.RoleGraph, was, role domain.Role) []domain.Pattern {
	var all []domain.Pattern
	all = append(all, missingIn(role.Patterns, was.Patterns)...)
	all = append(all, missingIn(was.Patterns, role.Patterns)...)
	for _, r := range missingIn(role.Includes, was.Includes) {
		all = append(all, after.Closure(r.ID)...)
	}
	for _, r := range missingIn(was.Includes, role.Includes) {
		all = append(all, before.Closure(r.ID)...)
	}
	if role.MinLevel != was.MinLevel {
		all = append(all, before.Closure(was.ID)...)
	}
	return all
}

// missingIn is what of one list is not in the other.
func missingIn[T comparable](of, in []T) []T {
	return slices.DeleteFunc(slices.Clone(of), func(v T) bool { return slices.Contains(in, v) })
}

func sameRole(a, b domain.Role) bool {
	return a.Name == b.Name && a.Description == b.Description && a.MinLevel == b.MinLevel && slices.Equal(a.Patterns, b.Patterns) &&
		len(missingIn(a.Includes, b.Includes)) == 0 && len(missingIn(b.Includes, a.Includes)) == 0
}

// keepAdmin refuses to remove the administrator's role from a role through which the last administrator holds it.
func (s *Service) keepAdmin(ctx context.Context, e edit, after domain.RoleGraph, role domain.RoleID) error {
	if !e.service.IsPlatform() || !e.graph.Reaches(role, domain.RolePlatformAdmin) || after.Reaches(role, domain.RolePlatformAdmin) {
		return nil
	}
	kept, err := e.tx.Assignments.KeepsAdmin(ctx, s.System.Now())
	if err == nil && !kept {
		err = domain.ErrLastAdmin
	}
	return err
}

func updated(in UpdateInput, was, role domain.Role) domain.Event {
	event := roleEvent(domain.EventRoleUpdated, in.Actor, in.From, role)
	if was.Name != role.Name {
		event = event.With("was", was.Name)
	}
	if was.MinLevel != role.MinLevel {
		event = event.With("min_acr", role.MinLevel.OrLowest().String())
	}
	return event.WithList("added", texts(missingIn(role.Patterns, was.Patterns))).WithList("removed", texts(missingIn(was.Patterns, role.Patterns))).
		WithList("includes_added", names(missingIn(role.Includes, was.Includes))).WithList("includes_removed", names(missingIn(was.Includes, role.Includes)))
}
