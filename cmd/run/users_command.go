package run

import (
	"errors"
	"fmt"

	"github.com/signet-auth/signet/app/password"
	"github.com/signet-auth/signet/app/user"
	"github.com/signet-auth/signet/domain"
)

type usersCommand struct {
	List        usersList        `cmd:"" help:"List accounts, newest first."`
	Show        usersShow        `cmd:"" help:"Show one account."`
	Disable     usersDisable     `cmd:"" help:"Keep a user out; their sessions end now."`
	Enable      usersEnable      `cmd:"" help:"Let a user in again; opens a closed account too."`
	EndSessions usersEndSessions `cmd:"" help:"Log a user out everywhere."`
	SetPassword usersSetPassword `cmd:"" help:"Give a user another password; their sessions end, and they get a mail."`
	Delete      usersDelete      `cmd:"" help:"Erase a user and everything that is held about them, now and for good."`
}

// named is the user that a command is about.
type named struct {
	User string `arg:"" help:"The user's id or email address."`
}

type usersList struct {
	Search string `help:"Only those whose address or name begins so, or with this id."`
	State  string `help:"Only those who are active, or disabled (closed accounts too)."`
	Limit  int    `help:"How many, up to 200." default:"50"`
	Cursor string `help:"Go on where an earlier list ended."`
	JSON   bool   `help:"Print JSON."`
}

type usersShow struct {
	named

	JSON bool `help:"Print JSON."`
}

type usersDisable struct {
	named

	Reason string `help:"Why, for other operators."`
	Until  string `help:"When they may come back by themselves: 2027-01-31, 2027-01-31T12:00:00Z, 12h or 30d."`
}

type usersEnable struct{ named }

type usersEndSessions struct{ named }

type usersSetPassword struct {
	named

	PasswordStdin bool `help:"Read the password from standard input instead of asking for it."`
}

type usersDelete struct {
	named

	Yes bool `help:"Confirm."`
}

// users runs a command, also while a server uses the same database: the server hears of it by the change feed.
func (p *program) users(run func(*usersTool) error) error {
	c, err := p.config()
	if err != nil {
		return err
	}
	t, err := openUsers(p.ctx, c)
	if err != nil {
		return err
	}
	defer t.close()
	return clientText(run(t))
}

// on runs a command about one user.
func (n named) on(p *program, run func(*usersTool, domain.User) error) error {
	return p.users(func(t *usersTool) error {
		found, err := t.disable.Find(p.ctx, domain.System(), n.User)
		if err != nil {
			return err
		}
		return run(t, found)
	})
}

// done says what was done, to whom. The address is the stored one, so that a slip shows.
func (p *program) done(format string, args ...any) {
	_, _ = fmt.Fprintf(p.stdio.Out, format+"\n", args...)
}

// Run lists.
func (u usersList) Run(p *program) error {
	return p.users(func(t *usersTool) error {
		out, err := t.list.Handle(p.ctx, user.ListInput{
			Actor: domain.System(), Search: u.Search, State: domain.PrincipalState(u.State), Cursor: u.Cursor, Limit: u.Limit,
		})
		if err != nil {
			return err
		}
		if u.JSON {
			return printJSON(p.stdio.Out, listed(out))
		}
		return printUsers(p.stdio.Out, out)
	})
}

// Run shows.
func (u usersShow) Run(p *program) error {
	return p.users(func(t *usersTool) error {
		out, err := t.show.Handle(p.ctx, domain.System(), u.User)
		if err != nil {
			return err
		}
		if u.JSON {
			return printJSON(p.stdio.Out, shown(out))
		}
		return printUser(p.stdio.Out, shown(out))
	})
}

// Run disables.
func (u usersDisable) Run(p *program) error {
	return u.on(p, func(t *usersTool, who domain.User) error {
		end, err := until(u.Until, t.disable.System.Now())
		if err != nil {
			return err
		}
		if who.IsClosed() {
			p.done("%s (%s) is closed, and stays so", who.Email.Canonical(), who.ID)
			return nil
		}
		err = t.disable.Handle(p.ctx, user.DisableInput{Actor: domain.System(), User: who.ID, Reason: u.Reason, Until: end})
		if err == nil {
			p.done("%s (%s) is disabled now", who.Email.Canonical(), who.ID)
		}
		return err
	})
}

// Run enables.
func (u usersEnable) Run(p *program) error {
	return u.on(p, func(t *usersTool, who domain.User) error {
		err := t.enable.Handle(p.ctx, user.EnableInput{Actor: domain.System(), User: who.ID})
		if err == nil {
			p.done("%s (%s) is enabled now", who.Email.Canonical(), who.ID)
		}
		return err
	})
}

// Run ends sessions.
func (u usersEndSessions) Run(p *program) error {
	return u.on(p, func(t *usersTool, who domain.User) error {
		n, err := t.end.Handle(p.ctx, user.EndSessionsInput{Actor: domain.System(), User: who.ID})
		if err == nil {
			p.done("%d sessions of %s (%s) have ended", n, who.Email.Canonical(), who.ID)
		}
		return err
	})
}

// Run sets a password. It finds the user first: nobody should type a password for an address with a slip in it.
func (u usersSetPassword) Run(p *program) error {
	return u.on(p, func(t *usersTool, who domain.User) error {
		secret, err := typedPassword(p.stdio, u.PasswordStdin)
		if err != nil {
			return err
		}
		err = t.set.Handle(p.ctx, password.SetInput{Actor: domain.System(), User: who.ID, Password: secret})
		if err == nil {
			p.done("%s (%s) has another password now, and no sessions", who.Email.Canonical(), who.ID)
		}
		return err
	})
}

// Run erases.
func (u usersDelete) Run(p *program) error {
	return u.on(p, func(t *usersTool, who domain.User) error {
		if !u.Yes {
			return errors.New("this erases " + who.Email.Canonical() + " (" + string(who.ID) + ") for good: confirm with --yes")
		}
		err := t.delete.Handle(p.ctx, user.DeleteInput{Actor: domain.System(), User: who.ID})
		if err == nil {
			p.done("%s is erased; its id was %s", who.Email.Canonical(), who.ID)
		}
		return err
	})
}
