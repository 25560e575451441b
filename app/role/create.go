package role

import (
	"cmp"
	"context"
	"fmt"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

// CreateInput is a new role of a service.
type CreateInput struct {
	Actor       domain.Actor
	From        domain.Origin
	Service     string // id or key
	Name        string
	Description string
	Permissions []string      // ids, names or patterns
	Includes    []string      // ids or names of roles of the same service
	MinLevel    domain.Level  // from which it counts; zero: any
	ID          domain.RoleID // the id to keep in an import; empty: a new one
}

// Create makes a role. domain.ErrNameTaken, domain.ErrForbidden for what the actor does not hold, domain.ErrLimitReached for one too many;
// a cycle among includes is an invalid input that names it.
func (s *Service) Create(ctx context.Context, in CreateInput) (domain.Role, error) {
	if err := s.directory.RequireEver(ctx, in.Actor, domain.WriteRoles); err != nil {
		return domain.Role{}, err
	}
	name, description := domain.Line(in.Name), domain.Line(in.Description)
	change := domain.RoleChange{Name: &name, Description: &description, Permissions: &in.Permissions, Includes: &in.Includes}
	if err := change.Check(); err != nil {
		return domain.Role{}, err
	}
	service, err := s.directory.LoadService(ctx, in.Actor, domain.WriteRoles, in.Service)
	if err != nil {
		return domain.Role{}, err
	}
	now := s.System.Now()
	role, err := domain.NewRole(cmp.Or(in.ID, domain.RoleID(s.System.NewID())), service.ID, name, description, nil, now)
	if err != nil {
		return domain.Role{}, err
	}
	role.MinLevel = in.MinLevel
	err = s.Store.WithinTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		e, err := s.begin(ctx, tx, in.Actor, domain.WriteRoles, service.ID)
		if err != nil {
			return err
		}
		if role.Patterns, err = e.patterns(ctx, in.Permissions); err != nil {
			return err
		}
		if role.Includes, err = s.includes(ctx, e, in.Actor, in.Includes); err != nil {
			return err
		}
		if e.graph.Len() >= domain.MaxRoles {
			return domain.ErrLimitReached.Saying(fmt.Sprintf("A service may have at most %d roles", domain.MaxRoles)).Noting(domain.FactLimit, domain.MaxRoles)
		}
		after := e.graph.With(role)
		if err := e.mustCover(after.Closure(role.ID)); err != nil {
			return err
		}
		if err := e.checkName(role); err != nil {
			return err
		}
		if err := after.Check(role.ID); err != nil {
			return err
		}
		if err := tx.Roles.Insert(ctx, role); err != nil {
			return err
		}
		if err := e.commit(ctx); err != nil {
			return err
		}
		event := roleEvent(domain.EventRoleCreated, in.Actor, in.From, role)
		if role.MinLevel != 0 {
			event = event.With("min_acr", role.MinLevel.String())
		}
		return s.Audit.Record(ctx, tx, now, event.WithList("added", texts(role.Patterns)).WithList("includes_added", names(role.Includes)))
	})
	if err != nil {
		refused := domain.NewEvent(domain.EventRoleCreated, in.Actor, in.From, "role", "").In(service.ID).With("role", name)
		return domain.Role{}, s.NoteRefusal(err, refused)
	}
	return role, nil
}

// checkName refuses a name that another role of the service has.
func (e edit) checkName(role domain.Role) error {
	if other, taken := e.graph.Named(role.Name); taken && other.ID != role.ID {
		const text = "name is in use by another role of this service"
		return domain.ErrNameTaken.Saying(text).In("name", domain.ErrNameTaken.Code, text)
	}
	return nil
}

func roleEvent(kind domain.EventType, by domain.Actor, from domain.Origin, role domain.Role) domain.Event {
	return domain.NewEvent(kind, by, from, "role", string(role.ID)).In(role.ServiceID).With("role", role.Name)
}

func texts(patterns []domain.Pattern) []string {
	all := make([]string, len(patterns))
	for i, p := range patterns {
		all[i] = string(p)
	}
	return all
}

func names(roles []domain.IncludedRole) []string {
	all := make([]string, len(roles))
	for i, r := range roles {
		all[i] = r.Name
	}
	return all
}
