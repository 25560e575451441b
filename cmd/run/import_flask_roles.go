package run

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/signet-auth/signet/adapters/bunsql/flask"
	"github.com/signet-auth/signet/app/assignment"
	"github.com/signet-auth/signet/app/permission"
	"github.com/signet-auth/signet/app/role"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

// flaskPermission is what a permission is here: roles carry its name.
type flaskPermission struct {
	service domain.ServiceID // empty: shared
	name    string
}

// flaskRole is what a role is here. A dry run knows no id of what it has not made.
type flaskRole struct {
	service domain.ServiceID
	id      domain.RoleID
}

func (m *flaskImport) takePermissions() error {
	m.carried = map[string]flaskPermission{}
	for _, p := range m.rest.Permissions {
		what, name := "permission "+shown64(p.Name), p.Name
		if mapped, given := m.MapPermission[name]; given {
			name = mapped
		}
		at, known := m.services[p.Service]
		switch {
		case p.Service != "" && !known:
			m.leave(what, "its service is not taken")
			continue
		case at.id == domain.PlatformID:
			m.leave(what, "it is one of auth_service, whose permissions come with Signet")
			continue
		case !domain.IsPermissionName(name) || domain.IsReserved(name):
			m.leave(what, fmt.Sprintf("its name is none here, where they look like resource:action in lower case; "+
				"--map-permission \"%s=…\" gives it one", domain.Clip(p.Name, 64)))
			continue
		}
		if err := m.takePermission(what, p, at, name); err != nil {
			return err
		}
	}
	return nil
}

func (m *flaskImport) takePermission(what string, p flask.Permission, at flaskService, name string) error {
	id := idOf[domain.PermissionID](m, "permissions", p.ID)
	read := m.Base.Store.Read().Permissions
	if _, err := read.ByID(m.ctx, id); err == nil {
		m.there["permissions"]++
		m.carried[p.ID] = flaskPermission{at.id, name}
		return m.remember("permissions", p.ID, string(id))
	} else if !errors.Is(err, domain.ErrNotFound) {
		return err
	}
	twin := slices.ContainsFunc(m.rest.Permissions, func(o flask.Permission) bool {
		c, before := m.carried[o.ID]
		return before && c == flaskPermission{at.id, name}
	})
	var err error
	if twin {
		err = domain.ErrNameTaken.Saying("another permission has that name; roles carry that one")
	} else if !m.DryRun {
		_, err = m.Permissions.Create(m.ctx, permission.CreateInput{
			Actor: domain.System(), ID: id, Service: string(at.id), Name: name, Description: domain.Clip(domain.Line(p.Description), maxText),
		})
	}
	if err == nil || errors.Is(err, domain.ErrNameTaken) { // roles carry names
		m.carried[p.ID] = flaskPermission{at.id, name}
	}
	if err != nil {
		return m.refused(what, err)
	}
	m.done["permissions"]++
	return m.remember("permissions", p.ID, string(id))
}

func (m *flaskImport) takeRoles() error {
	m.roles = map[string]flaskRole{}
	for _, r := range m.rest.Roles {
		what := "role " + shown64(r.Name)
		at, known := m.services[r.Service]
		if !known {
			m.leave(what, "it belongs to no service that is taken")
			continue
		}
		what += " of " + at.key
		mapped := m.Map[at.key+"/"+r.Name]
		if at.id == domain.PlatformID && mapped == "" {
			mapped = m.Map[r.Name]
		}
		var err error
		switch name := domain.Fold(domain.Line(r.Name)); {
		case mapped != "":
			err = m.mapRole(what, r, at, mapped)
		case at.id == domain.PlatformID:
			m.leave(what, fmt.Sprintf("what its holders may do to Signet itself only you know: "+
				"--map \"%s=ROLE\" gives them a role of auth_service", domain.Clip(r.Name, 64)))
		case name == domain.RoleAdmin:
			m.leave(what, fmt.Sprintf("here a role of this name may do everything at its service, and with its roles and tokens: "+
				"--map \"%s/%s=admin\" gives it to its holders", at.key, domain.Clip(r.Name, 64)))
		case name == "user" || name == "readonly":
			err = m.takeDefault(what, r, at, name)
		default:
			err = m.takeRole(what, r, at)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// patterns are the names that a role carries.
func (m *flaskImport) patterns(what string, r flask.Role, at flaskService) (names []string) {
	for _, old := range r.Permissions {
		p, taken := m.carried[old]
		switch {
		case !taken: // it was said of the permission
		case p.service != "" && p.service != at.id:
			m.leave(what, "its permission "+p.name+" is another service's")
		default:
			names = append(names, p.name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func (m *flaskImport) takeRole(what string, r flask.Role, at flaskService) error {
	id := idOf[domain.RoleID](m, "roles", r.ID)
	_, err := m.Base.Store.Read().Roles.ByID(m.ctx, id)
	if err == nil {
		m.there["roles"]++
		m.roles[r.ID] = flaskRole{at.id, id}
		return m.remember("roles", r.ID, string(id))
	}
	if !errors.Is(err, domain.ErrNotFound) {
		return err
	}
	names, text := m.patterns(what, r, at), domain.Clip(domain.Line(r.Description), maxText)
	_, err = domain.NewRole(id, at.id, domain.Line(r.Name), text, nil, m.Base.System.Now())
	if err == nil && !m.DryRun {
		_, err = m.Roles.Create(m.ctx, role.CreateInput{Actor: domain.System(), ID: id, Service: string(at.id), Name: r.Name, Description: text, Permissions: names})
	}
	if err != nil {
		return m.refused(what, err)
	}
	m.done["roles"]++
	m.roles[r.ID] = flaskRole{at.id, id}
	return m.remember("roles", r.ID, string(id))
}

// takeDefault puts what a role carries into the one of its name that every service has here. One that was changed since stays as it is.
func (m *flaskImport) takeDefault(what string, r flask.Role, at flaskService, name string) error {
	names := m.patterns(what, r, at)
	if m.DryRun && at.fresh {
		m.done["roles"]++
		m.roles[r.ID] = flaskRole{service: at.id}
		return nil
	}
	here, err := m.roleNamed(at, name)
	if err != nil {
		return m.refused(what, err)
	}
	m.roles[r.ID] = flaskRole{at.id, here.ID}
	same := slices.EqualFunc(here.Patterns, names, func(p domain.Pattern, n string) bool { return string(p) == n })
	if here.Version > 1 || same && !at.fresh {
		m.there["roles"]++
		return nil
	}
	if !m.DryRun && !same {
		_, err = m.Roles.Update(m.ctx, role.UpdateInput{Actor: domain.System(), Role: string(here.ID), Change: domain.RoleChange{Permissions: &names}})
	}
	if err != nil {
		return m.refused(what, err)
	}
	m.done["roles"]++
	return nil
}

// mapRole gives the holders of a role another one, which is there.
func (m *flaskImport) mapRole(what string, r flask.Role, at flaskService, name string) error {
	if m.DryRun && at.fresh {
		m.roles[r.ID] = flaskRole{service: at.id}
		return nil
	}
	here, err := m.roleNamed(at, name)
	if err != nil {
		return m.refused(what, err)
	}
	m.roles[r.ID] = flaskRole{at.id, here.ID}
	return nil
}

func (m *flaskImport) roleNamed(at flaskService, name string) (domain.Role, error) {
	all, err := m.Base.Store.Read().Roles.All(m.ctx, at.id)
	if err != nil {
		return domain.Role{}, err
	}
	for _, r := range all {
		if domain.Fold(r.Name) == domain.Fold(name) {
			return r, nil
		}
	}
	return domain.Role{}, domain.ErrNotFound.Saying("there is no role " + shown64(name) + " at " + at.key)
}

// takeGrants gives the roles, a thousand holders at a time.
func (m *flaskImport) takeGrants() error {
	holders, lost := map[string][]domain.UserID{}, map[string]int{}
	for _, g := range m.rest.Grants {
		given, hasRole := m.roles[g.Role]
		holder, hasUser := m.users[g.User]
		at, hasService := m.services[g.Service]
		switch {
		case !hasRole || !hasUser || !hasService:
			lost[g.Role]++
		case at.id != given.service:
			m.leave("user_service_roles.id "+g.ID, "its role is another service's")
		default:
			holders[g.Role] = append(holders[g.Role], holder)
		}
	}
	for _, r := range m.rest.Roles {
		if lost[r.ID] > 0 {
			m.leave("role "+shown64(r.Name), fmt.Sprintf("%d holders are not taken: the role, the user or the service is not", lost[r.ID]))
		}
		for some := range slices.Chunk(holders[r.ID], 1000) {
			if err := m.give(m.roles[r.ID], some); err != nil {
				return err
			}
		}
	}
	return nil
}

func (m *flaskImport) give(given flaskRole, to []domain.UserID) error {
	if m.DryRun {
		there, err := m.holders(given, to)
		m.there["role holders"] += there
		m.done["role holders"] += len(to) - there
		return err
	}
	users := make([]string, len(to))
	for i, id := range to {
		users[i] = string(id)
	}
	out, err := m.Assignments.Bulk(m.ctx, assignment.BulkInput{
		Target: assignment.Target{Actor: domain.System(), Service: string(given.service), Role: string(given.id)}, Users: users,
	})
	if err != nil {
		return err
	}
	for i, outcome := range out.Outcomes {
		switch outcome {
		case assignment.Assigned, assignment.Updated:
			m.done["role holders"]++
		case assignment.Unchanged:
			m.there["role holders"]++
		case assignment.Unknown, assignment.LimitReached:
			m.leave("user "+users[i], "a role is not given: "+string(outcome))
		}
	}
	return nil
}

// holders counts those of the users that have a role.
func (m *flaskImport) holders(given flaskRole, of []domain.UserID) (n int, err error) {
	ids := make([]domain.PrincipalID, len(of))
	for i, id := range of {
		ids[i] = id.Principal()
	}
	err = m.Base.Store.WithinTx(m.ctx, func(ctx context.Context, tx *store.Tx) error {
		have, err := tx.Assignments.OfRole(ctx, given.id, ids)
		n = len(have)
		return err
	})
	return n, err
}
