package run

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/signet-auth/signet/app/base"
	"github.com/signet-auth/signet/app/password"
	"github.com/signet-auth/signet/app/user"
	"github.com/signet-auth/signet/domain"
)

type usersCommand struct {
	List         usersList         `cmd:"" help:"List accounts, newest first."`
	Show         usersShow         `cmd:"" help:"Show one account."`
	Disable      usersDisable      `cmd:"" help:"Keep a user out; their sessions end now."`
	Enable       usersEnable       `cmd:"" help:"Let a user in again; opens a closed account too."`
	EndSessions  usersEndSessions  `cmd:"" help:"Log a user out everywhere."`
	SetPassword  usersSetPassword  `cmd:"" help:"Give a user another password; their sessions end, and they get a mail."`
	ResetFactors usersResetFactors `cmd:"" help:"Remove the second factors and recovery codes of a user who lost them."`
	Delete       usersDelete       `cmd:"" help:"Erase a user and everything that is held about them, now and for good."`
	Import       usersImport       `cmd:"" help:"Take accounts over from a file with a line of JSON for each (docs/moving-users.md)."`
	Export       usersExport       `cmd:"" help:"Write all accounts into such a file."`
}

// named is the user that a command is about.
type named struct {
	User string `arg:"" help:"The user's id or email address."`
}

type usersList struct {
	Search string `help:"Only those whose address or name begins so (two characters or more), or with this id; up to 200 in all."`
	State  string `help:"Only those who are active, disabled (closed accounts too) or closed."`
	Limit  int    `help:"How many, up to 200; 50 unless said, 200 for a search."`
	Cursor string `help:"Go on where an earlier list ended."`
	JSON   bool   `help:"Print JSON."`
}

type usersShow struct {
	named

	JSON bool `help:"Print JSON."`
}

type usersDisable struct {
	named

	Reason string `help:"Why, for other operators; an earlier reason stays unless another is given."`
	Until  string `help:"When they may come back by themselves: 2027-01-31, 2027-01-31T12:00:00Z, 12h or 30d."`
}

type usersEnable struct{ named }

type usersEndSessions struct{ named }

type usersSetPassword struct {
	named

	PasswordStdin bool `help:"Read the password from standard input instead of asking for it."`
}

type usersResetFactors struct {
	named

	Reason string `required:"" help:"Why, for the audit log and other operators."`
}

type usersDelete struct {
	named

	Yes bool `help:"Confirm."`
}

// users runs a command on accounts.
func (p *program) users(run func(*tool) error) error {
	return p.use(func(t *tool) error {
		if err := checkServersSecret(p.ctx, t.Keys.Keeper); err != nil {
			return err
		}
		return run(t)
	})
}

// on runs a command about one user.
func (n named) on(p *program, run func(*tool, domain.User) error) error {
	return p.users(func(t *tool) error {
		found, err := findUser(p.ctx, t, n.User)
		if err != nil {
			return err
		}
		return run(t, found)
	})
}

// findUser finds a user by id or address.
func findUser(ctx context.Context, t *tool, ref string) (domain.User, error) {
	found, err := t.Users.Find(ctx, domain.System(), ref)
	return found, noUser(err, ref)
}

func noUser(err error, ref string) error {
	if errors.Is(err, domain.ErrNotFound) {
		return domain.ErrNotFound.Saying("There is no such user: " + ref + ". To see all: signet users list")
	}
	return err
}

func byOperator(on domain.User) user.ChangeInput {
	return user.ChangeInput{Actor: domain.System(), User: on.ID}
}

// done says what was done, to whom. The address is the stored one, so that a slip shows.
func (p *program) done(format string, args ...any) {
	_, _ = fmt.Fprintf(p.stdio.Out, format+"\n", args...)
}

// Run lists.
func (u usersList) Run(p *program) error {
	return p.users(func(t *tool) error {
		out, err := t.Users.List(p.ctx, user.ListInput{
			Actor: domain.System(), Search: u.Search, State: domain.PrincipalState(u.State), Paging: base.Paging{Cursor: u.Cursor, Limit: u.Limit},
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
	return p.users(func(t *tool) error {
		out, err := t.Users.Show(p.ctx, domain.System(), u.User)
		if err != nil {
			return noUser(err, u.User)
		}
		details := shown(out)
		details.UnreadableHash = t.hasher.Unreadable(out.User.PasswordHash)
		if u.JSON {
			return printJSON(p.stdio.Out, details)
		}
		return printUser(p.stdio.Out, details)
	})
}

// Run disables.
func (u usersDisable) Run(p *program) error {
	return u.on(p, func(t *tool, found domain.User) error {
		end, err := until(u.Until, t.Base.System.Now())
		if err != nil {
			return err
		}
		if found.IsClosed() {
			p.done("%s (%s) is closed, and stays so", found.Email.Canonical(), found.ID)
			return nil
		}
		_, err = t.Users.Disable(p.ctx, user.DisableInput{ChangeInput: byOperator(found), Reason: u.Reason, Until: end})
		if err == nil {
			p.done("%s (%s) is disabled now", found.Email.Canonical(), found.ID)
		}
		return err
	})
}

// Run enables.
func (u usersEnable) Run(p *program) error {
	return u.on(p, func(t *tool, found domain.User) error {
		_, err := t.Users.Enable(p.ctx, byOperator(found))
		if err == nil {
			p.done("%s (%s) is enabled now", found.Email.Canonical(), found.ID)
		}
		return err
	})
}

// Run ends sessions.
func (u usersEndSessions) Run(p *program) error {
	return u.on(p, func(t *tool, found domain.User) error {
		n, err := t.Users.EndAll(p.ctx, byOperator(found))
		if err == nil {
			p.done("%d sessions of %s (%s) have ended", n, found.Email.Canonical(), found.ID)
		}
		return err
	})
}

// Run sets a password. It finds the user first: nobody should type a password for an address with a slip in it.
func (u usersSetPassword) Run(p *program) error {
	return u.on(p, func(t *tool, found domain.User) error {
		secret, err := p.password(u.PasswordStdin)
		if err != nil {
			return err
		}
		err = t.Password.Set(p.ctx, password.SetInput{Actor: domain.System(), User: found.ID, Password: secret})
		if err == nil {
			p.done("%s (%s) has another password now, and no sessions", found.Email.Canonical(), found.ID)
		}
		return err
	})
}

// Run removes factors.
func (u usersResetFactors) Run(p *program) error {
	return u.on(p, func(t *tool, found domain.User) error {
		n, err := t.Users.ResetFactors(p.ctx, user.ResetFactorsInput{ChangeInput: byOperator(found), Reason: u.Reason})
		switch {
		case err != nil:
		case n == 0:
			p.done("%s (%s) has no factors: nothing is changed", found.Email.Canonical(), found.ID)
		default:
			p.done("All factors of %s (%s) are removed (%d), with the recovery codes and sessions", found.Email.Canonical(), found.ID, n)
		}
		return err
	})
}

// Run erases.
func (u usersDelete) Run(p *program) error {
	return u.on(p, func(t *tool, found domain.User) error {
		if !u.Yes {
			return errors.New("this erases " + found.Email.Canonical() + " (" + string(found.ID) + ") for good: confirm with --yes")
		}
		err := t.Users.Delete(p.ctx, byOperator(found))
		if err == nil {
			p.done("%s is erased; its id was %s", found.Email.Canonical(), found.ID)
		}
		return err
	})
}

// until reads when a disablement ends: a time, a day, or how long from now.
func until(text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if at, err := time.Parse(layout, text); err == nil && !at.IsZero() { // that one would mean no end
			return at.UTC(), nil
		}
	}
	if d, err := parseDuration(text); err == nil {
		return now.Add(d), nil
	}
	return time.Time{}, domain.ErrInvalidFields(domain.FieldError{
		Field: "until", Code: "invalid", Text: "--until must be a day such as 2027-01-31, a time such as 2027-01-31T12:00:00Z, or how long: 12h or 30d",
	})
}
