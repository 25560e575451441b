package role

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

// patterns resolves the list of permissions: ids and names of existing permissions, and wildcards. A named shared permission is locked
// until the transaction ends.
func (e edit) patterns(ctx context.Context, members []string) ([]domain.Pattern, error) {
	var all []domain.Pattern
	var byID []domain.PermissionID
	var names []string
	var wrong []error
	for i, member := range members {
		if id, ok := domain.ParseID[domain.PermissionID](member); ok {
			byID = append(byID, id)
			continue
		}
		pattern, err := domain.ParsePattern(member)
		switch {
		case err != nil:
			wrong = append(wrong, inField(err, i))
		case !pattern.IsWildcard():
			names = append(names, member)
		case e.service.IsPlatform():
			wrong = append(wrong, domain.ErrInvalidFields(domain.FieldError{
				Field: fmt.Sprintf("permissions[%d]", i), Code: "invalid",
				Text: fmt.Sprintf("permissions[%d]: roles of the platform carry names, no wildcards, so that nobody holds what a later release brings", i),
			}))
		default:
			all = append(all, pattern)
		}
	}
	if err := domain.MergeFields(wrong...); err != nil {
		return nil, err
	}
	found, err := e.tx.Permissions.Usable(ctx, e.service.ID, byID, names)
	if err != nil {
		return nil, err
	}
	known := map[string]domain.Permission{}
	for _, p := range found {
		if e.service.IsPlatform() && p.ServiceID == "" {
			continue // the shared vocabulary does not exist there
		}
		known[string(p.ID)] = p
		if other, twice := known[p.Name]; !twice || other.ServiceID == "" {
			known[p.Name] = p // the service's own takes precedence over a shared one of the same name
		}
	}
	for i, member := range members {
		ref := member
		if id, ok := domain.ParseID[string](member); ok {
			ref = id
		} else if domain.Pattern(member).IsWildcard() {
			continue
		}
		p, ok := known[ref]
		if !ok {
			return nil, notFound(fmt.Sprintf("permissions[%d]", i), "is no permission of this service, nor a shared one")
		}
		if p.ServiceID == "" {
			if _, err := e.tx.Permissions.Lock(ctx, p.ID, store.Shared); err != nil {
				return nil, err
			}
		}
		all = append(all, domain.Pattern(p.Name))
	}
	slices.Sort(all)
	return slices.Compact(all), nil
}

// includes resolves the list of included roles, by id or name. A role of another service is domain.ErrWrongService if the actor may know
// it, else domain.ErrNotFound.
func (s *Service) includes(ctx context.Context, e edit, a domain.Actor, members []string) ([]domain.IncludedRole, error) {
	var all []domain.IncludedRole
	for i, member := range members {
		field := fmt.Sprintf("includes[%d]", i)
		role, ok := e.graph.Named(member)
		if id, isID := domain.ParseID[domain.RoleID](member); isID {
			if role, ok = e.graph.Role(id); !ok {
				return nil, s.elsewhere(ctx, e.tx, a, id, field)
			}
		}
		if !ok {
			return nil, notFound(field, "is no role of this service")
		}
		if !slices.ContainsFunc(all, func(r domain.IncludedRole) bool { return r.ID == role.ID }) {
			all = append(all, domain.IncludedRole{ID: role.ID, Name: role.Name})
		}
	}
	return all, nil
}

// elsewhere is the error for a role that does not belong to the named service.
func (s *Service) elsewhere(ctx context.Context, tx *store.Tx, a domain.Actor, id domain.RoleID, field string) error {
	role, err := tx.Roles.ByID(ctx, id)
	if err == nil {
		var service domain.Service
		if service, err = tx.Services.ByID(ctx, role.ServiceID); err == nil {
			err = s.directory.RequireAt(ctx, a, domain.ReadRoles, service)
		}
	}
	if err != nil {
		return notFound(field, "is no role of this service")
	}
	return domain.ErrWrongService.In(field, domain.ErrWrongService.Code, field+" is a role of another service")
}

func notFound(field, text string) error {
	return domain.ErrNotFound.Saying(field+" "+text).In(field, domain.ErrNotFound.Code, field+" "+text)
}

func inField(err error, i int) error {
	field := fmt.Sprintf("permissions[%d]", i)
	return domain.ErrInvalidFields(domain.FieldError{Field: field, Code: "invalid", Text: field + strings.TrimPrefix(domain.TextOf(err), "permissions")})
}
