package run

import (
	"errors"

	"github.com/signet-auth/signet/app/service"
	"github.com/signet-auth/signet/domain"
)

type servicesCommand struct {
	List    servicesList    `cmd:"" help:"List services, newest first."`
	Show    servicesShow    `cmd:"" help:"Show one service."`
	Create  servicesCreate  `cmd:"" help:"Make a service, with its account and the roles admin, user and readonly."`
	MinACR  servicesMinACR  `cmd:"" name:"min-acr" help:"Let the roles of a service count only from a level on."`
	Disable servicesDisable `cmd:"" help:"Switch a service off: its tokens and roles count for nobody."`
	Enable  servicesEnable  `cmd:"" help:"Switch a service on again."`
	Delete  servicesDelete  `cmd:"" help:"Delete a service and all that it owns, for good. Its key stays taken."`
}

type servicesList struct {
	listFlags
	inJSON
}

type servicesShow struct {
	namedService
	inJSON
}

type servicesCreate struct {
	inJSON

	Name        string `arg:"" help:"What people call it."`
	Key         string `help:"The audience of its tokens, for good; made from the name unless said."`
	Description string `help:"What it is, for people."`
	TokenType   string `help:"The typ header of its access tokens: at+jwt, or JWT for verifiers that refuse that." enum:"at+jwt,JWT" default:"at+jwt"`
	MinACR      minACR `name:"min-acr" help:"From which level on its roles count: any login, or aal2 or phr." enum:"any,aal2,phr" default:"any"`
}

type servicesMinACR struct {
	namedService
	inJSON

	Level minACR `arg:"" help:"any login, aal2 (one with a second factor) or phr (one with a passkey or security key)." enum:"any,aal2,phr"`
}

type servicesDisable struct {
	namedService
	inJSON
}

type servicesEnable struct {
	namedService
	inJSON
}

type servicesDelete struct {
	namedService
	inJSON

	Yes bool `help:"Confirm."`
}

// Run lists.
func (c servicesList) Run(p *program) error {
	paging, err := c.paging()
	if err != nil {
		return clientText(err)
	}
	return p.users(func(t *tool) error {
		out, err := t.Services.List(p.ctx, service.ListInput{Actor: domain.System(), Paging: paging})
		if err != nil {
			return err
		}
		return p.print(c.JSON, serviceList(out), func() error { return printServices(p.stdio.Out, out) })
	})
}

// Run shows.
func (c servicesShow) Run(p *program) error {
	return p.users(func(t *tool) error {
		found, err := t.Services.Get(p.ctx, domain.System(), c.Service)
		if err != nil {
			return noService(err, c.Service)
		}
		return p.print(c.JSON, serviceOf(found), func() error { return printService(p.stdio.Out, serviceOf(found)) })
	})
}

// Run creates.
func (c servicesCreate) Run(p *program) error {
	return p.users(func(t *tool) error {
		made, err := t.Services.Create(p.ctx, service.CreateInput{
			Actor: domain.System(), Name: c.Name, Key: c.Key, Description: c.Description, TokenType: domain.TokenType(c.TokenType),
			MinLevel: c.MinACR.level(),
		})
		if err != nil {
			return err
		}
		return p.print(c.JSON, serviceOf(made), p.saying("%s (%s) is made", made.Key, made.ID))
	})
}

// Run changes from which level on the service's roles count.
func (c servicesMinACR) Run(p *program) error {
	return p.users(func(t *tool) error {
		level := c.Level.level()
		changed, err := t.Services.Update(p.ctx, service.UpdateInput{Actor: domain.System(), Service: c.Service, Change: domain.ServiceChange{MinLevel: &level}})
		if err != nil {
			return noService(err, c.Service)
		}
		return p.print(c.JSON, serviceOf(changed), p.saying("the roles of %s count %s", changed.Key, c.Level.on("they ask for")))
	})
}

// Run switches off.
func (c servicesDisable) Run(p *program) error { return c.toggle(p, c.JSON, false, "disabled") }

// Run switches on.
func (c servicesEnable) Run(p *program) error { return c.toggle(p, c.JSON, true, "enabled") }

func (n namedService) toggle(p *program, asJSON, on bool, state string) error {
	return p.users(func(t *tool) error {
		changed, err := t.Services.Update(p.ctx, service.UpdateInput{
			Actor: domain.System(), Service: n.Service, Change: domain.ServiceChange{Active: &on},
		})
		if err != nil {
			return noService(err, n.Service)
		}
		return p.print(asJSON, serviceOf(changed), p.saying("%s (%s) is %s now", changed.Key, changed.ID, state))
	})
}

// Run deletes. It finds the service first, so that a slip shows.
func (c servicesDelete) Run(p *program) error {
	return p.users(func(t *tool) error {
		found, err := t.Services.Get(p.ctx, domain.System(), c.Service)
		if err != nil {
			return noService(err, c.Service)
		}
		if !c.Yes {
			return errors.New("this deletes " + found.Key + " (" + string(found.ID) + ") with its roles, permissions and tokens for good: confirm with --yes")
		}
		if err := t.Services.Delete(p.ctx, service.DeleteInput{Actor: domain.System(), Service: string(found.ID)}); err != nil {
			return noService(err, c.Service)
		}
		return p.print(c.JSON, serviceOf(found), p.saying("%s is deleted; its id was %s", found.Key, found.ID))
	})
}

// noService is about the service that a command names. What else is not there, a permission of a new role say, the error names itself.
func noService(err error, ref string) error {
	missing, ok := errors.AsType[*domain.Error](err)
	if !ok || missing.Kind != domain.NotFound || len(missing.Fields) > 0 && missing.Fields[0].Field != "service_id" {
		return err
	}
	return domain.ErrNotFound.Saying("There is no such service: " + ref + ". To see all: signet services list")
}

// print prints a value as JSON, or says it in words.
func (p *program) print(asJSON bool, value any, inWords func() error) error {
	if asJSON {
		return printJSON(p.stdio.Out, value)
	}
	return inWords()
}

// saying is done for print.
func (p *program) saying(format string, args ...any) func() error {
	return func() error {
		p.done(format, args...)
		return nil
	}
}
