package run

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/signet-auth/signet/app/assignment"
	"github.com/signet-auth/signet/app/base"
	"github.com/signet-auth/signet/app/role"
	"github.com/signet-auth/signet/domain"
)

type rolesCommand struct {
	List     rolesList     `cmd:"" help:"List the roles of a service, newest first."`
	Show     rolesShow     `cmd:"" help:"Show one role, and what it comes to with all it includes."`
	Create   rolesCreate   `cmd:"" help:"Make a role."`
	MinACR   rolesMinACR   `cmd:"" name:"min-acr" help:"Let a role count only from a level on."`
	Assign   rolesAssign   `cmd:"" help:"Give somebody a role, or change until when."`
	Unassign rolesUnassign `cmd:"" help:"Take a role from somebody."`
}

// namedRole is the role that a command is about.
type namedRole struct {
	namedService

	Role string `arg:"" help:"The role's name or id."`
}

// namedHolder is who a command gives a role to, or takes it from.
type namedHolder struct {
	namedRole

	Holder  string `arg:"" help:"The user's id or email address."`
	Account bool   `help:"The holder is a service, by its id or key."`
}

type rolesList struct {
	namedService
	listFlags
	inJSON
}

type rolesShow struct {
	namedRole
	inJSON
}

type rolesCreate struct {
	namedService
	inJSON

	Name        string   `arg:"" help:"What people call it."`
	Description string   `help:"What it is for, for people."`
	Permission  []string `help:"What it may: a permission's name or id, or a pattern such as invoice:*; again for more."`
	Include     []string `help:"A role of the same service, by name or id, whose permissions it has too; again for more."`
	MinACR      minACR   `name:"min-acr" help:"From which level on it counts: any login, or aal2 or phr." enum:"any,aal2,phr" default:"any"`
}

type rolesMinACR struct {
	namedRole
	inJSON

	Level minACR `arg:"" help:"any login, aal2 (one with a second factor) or phr (one with a passkey or security key)." enum:"any,aal2,phr"`
}

// minACR is the level from which roles count.
type minACR string

// anyOr is the word for a level from which roles count.
func anyOr(level domain.Level) minACR { return minACR(cmp.Or(domain.MinLevelName(level), "any")) }

func (a minACR) level() domain.Level {
	level, _ := domain.ParseLevel(string(a))
	return level
}

// on says it of roles that count. other is what may still ask for more where they ask for nothing.
func (a minACR) on(other string) string {
	if a == "any" {
		return "from any login on, unless " + other + " more"
	}
	return fmt.Sprintf("from %s on", a)
}

type rolesAssign struct {
	namedHolder
	inJSON

	Until string `help:"When it ends: 2027-01-31, 2027-01-31T12:00:00Z, 12h or 30d; never for no end. What there is stays unless said."`
}

type rolesUnassign struct {
	namedHolder
	inJSON
}

// Run lists.
func (c rolesList) Run(p *program) error {
	paging, err := c.paging()
	if err != nil {
		return clientText(err)
	}
	return p.users(func(t *tool) error {
		out, err := t.Roles.List(p.ctx, role.ListInput{Actor: domain.System(), Service: c.Service, Paging: paging})
		if err != nil {
			return noService(err, c.Service)
		}
		return p.print(c.JSON, roleList(out), func() error { return printRoles(p.stdio.Out, out) })
	})
}

// Run shows.
func (c rolesShow) Run(p *program) error {
	return c.on(p, func(t *tool, found domain.Role) error {
		out, err := t.Roles.Get(p.ctx, domain.System(), string(found.ID))
		if err != nil {
			return noRole(err, c.Service, c.Role)
		}
		return p.print(c.JSON, roleDetailsOf(out), func() error { return printRole(p.stdio.Out, roleDetailsOf(out)) })
	})
}

// Run creates.
func (c rolesCreate) Run(p *program) error {
	return p.users(func(t *tool) error {
		made, err := t.Roles.Create(p.ctx, role.CreateInput{
			Actor: domain.System(), Service: c.Service, Name: c.Name, Description: c.Description, Permissions: c.Permission, Includes: c.Include,
			MinLevel: c.MinACR.level(),
		})
		if err != nil {
			return noService(err, c.Service)
		}
		return p.print(c.JSON, roleOf(made), p.saying("%s (%s) is made", made.Name, made.ID))
	})
}

// Run changes from which level on a role counts. Nobody may be left who can, so it is how an operator takes it back.
func (c rolesMinACR) Run(p *program) error {
	return c.on(p, func(t *tool, found domain.Role) error {
		level := c.Level.level()
		changed, err := t.Roles.Update(p.ctx, role.UpdateInput{Actor: domain.System(), Role: string(found.ID), Change: domain.RoleChange{MinLevel: &level}})
		if err != nil {
			return noRole(err, c.Service, c.Role)
		}
		return p.print(c.JSON, roleOf(changed), p.saying("%s/%s counts %s", c.Service, changed.Name, c.Level.on("its service asks for")))
	})
}

// Run gives.
func (c rolesAssign) Run(p *program) error {
	return c.holding(p, func(t *tool, target assignment.Target, holder assignment.Holder, name string) error {
		end, err := c.end(t.Base.System.Now())
		if err != nil {
			return err
		}
		out, err := t.Assignments.Assign(p.ctx, assignment.AssignInput{Target: target, Holder: holder, End: end})
		if err != nil {
			return err
		}
		a := assignmentOf(out)
		return p.print(c.JSON, a, func() error { return printAssignment(p.stdio.Out, name, a) })
	})
}

func (c rolesAssign) end(now time.Time) (assignment.End, error) {
	if c.Until == "never" {
		return assignment.End{Given: true}, nil
	}
	at, err := until(c.Until, now)
	return assignment.End{Given: c.Until != "", At: at}, err
}

// Run takes.
func (c rolesUnassign) Run(p *program) error {
	return c.holding(p, func(t *tool, target assignment.Target, holder assignment.Holder, name string) error {
		err := t.Assignments.Remove(p.ctx, assignment.RemoveInput{Target: target, Holder: holder})
		if errors.Is(err, domain.ErrNotFound) {
			err = domain.ErrNotFound.Saying(fmt.Sprintf("%s doesn't hold %s/%s, so nothing was taken. If they have it through a role that includes it, unassign that role", name, target.Service, c.Role))
		}
		if err != nil {
			return err
		}
		removed := removedRole{Service: target.Service, Role: c.Role, Holder: holder.Ref}
		return p.print(c.JSON, removed, p.saying("%s holds %s/%s no more", name, target.Service, c.Role))
	})
}

// on runs a command about one role.
func (n namedRole) on(p *program, run func(*tool, domain.Role) error) error {
	return p.users(func(t *tool) error {
		found, err := findRole(p.ctx, t, n.Service, n.Role)
		if err != nil {
			return err
		}
		return run(t, found)
	})
}

// holding runs a command about the holder of a role, by the name that people know.
func (n namedHolder) holding(p *program, run func(t *tool, target assignment.Target, holder assignment.Holder, name string) error) error {
	return n.on(p, func(t *tool, found domain.Role) error {
		target := assignment.Target{Actor: domain.System(), Service: n.Service, Role: string(found.ID)}
		if n.Account {
			account, err := t.Services.Get(p.ctx, domain.System(), n.Holder)
			if err != nil {
				if _, wrong := findUser(p.ctx, t, n.Holder); wrong == nil {
					return domain.ErrNotFound.Saying(n.Holder + " is a user: leave out --account")
				}
				return noService(err, n.Holder)
			}
			return run(t, target, assignment.Holder{Kind: domain.KindServiceAccount, Ref: account.Key}, account.Key)
		}
		user, err := findUser(p.ctx, t, n.Holder)
		if err != nil {
			if _, wrong := t.Services.Get(p.ctx, domain.System(), n.Holder); wrong == nil {
				return domain.ErrNotFound.Saying(n.Holder + " is a service: add --account")
			}
			return err
		}
		return run(t, target, assignment.Holder{Kind: domain.KindUser, Ref: string(user.ID)}, user.Email.Canonical())
	})
}

// findRole finds a role of a service by its name, as people know it, or by its id.
func findRole(ctx context.Context, t *tool, service, ref string) (domain.Role, error) {
	in := role.ListInput{Actor: domain.System(), Service: service, Paging: base.Paging{Limit: 1000}}
	for {
		out, err := t.Roles.List(ctx, in)
		if err != nil {
			return domain.Role{}, noService(err, service)
		}
		for _, r := range out.Roles {
			if domain.Fold(r.Name) == domain.Fold(ref) || string(r.ID) == ref {
				return r, nil
			}
		}
		if in.Cursor = out.Next; in.Cursor == "" {
			return domain.Role{}, noRole(domain.ErrNotFound, service, ref)
		}
	}
}

func noRole(err error, service, ref string) error {
	if errors.Is(err, domain.ErrNotFound) {
		return domain.ErrNotFound.Saying(fmt.Sprintf("There is no such role at %s: %s. To see all: signet roles list %s", service, ref, service))
	}
	return err
}
