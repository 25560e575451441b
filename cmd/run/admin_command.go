package run

import (
	"errors"
	"fmt"

	"github.com/signet-auth/signet/app/admin"
	"github.com/signet-auth/signet/app/assignment"
	"github.com/signet-auth/signet/domain"
)

type adminCommand struct {
	Create adminCreate `cmd:"" help:"Make an administrator with a proved mailbox and every platform permission, of a new account or of one that is there."`
}

type adminCreate struct {
	Email         string `required:"" help:"The address to log in with."`
	PasswordStdin bool   `help:"Read the password from standard input instead of asking for it."`
}

// Run makes the administrator, also while a server uses the same database. The address is looked at first: nobody should type a password
// for one with a slip in it, or for somebody who has one.
func (a adminCreate) Run(p *program) error {
	return p.use(func(t *tool) error {
		email, err := domain.ParseEmail(a.Email)
		if err != nil {
			return err
		}
		found, err := t.Users.Find(p.ctx, domain.System(), email.Canonical())
		if err == nil {
			return a.promote(p, t, found)
		}
		if !errors.Is(err, domain.ErrNotFound) {
			return err
		}
		password, err := p.password(a.PasswordStdin)
		if err != nil {
			return err
		}
		id, err := t.Admins.Create(p.ctx, admin.CreateInput{Email: a.Email, Password: password})
		if err == nil {
			p.done("%s is an administrator now, with id %s", email.Canonical(), id)
		}
		return err
	})
}

// promote gives an account that is there the platform's role admin. Its password stays, which is why its owner must be known.
func (a adminCreate) promote(p *program, t *tool, found domain.User) error {
	address := found.Email.Canonical()
	switch {
	case a.PasswordStdin:
		return fmt.Errorf("%s has an account already. Without --password-stdin it becomes an administrator, with the password that it has", address)
	case !found.IsActive(t.Base.System.Now()):
		return fmt.Errorf("the account of %s is disabled or closed: run signet users enable %s first", address, address)
	case !found.IsEmailVerified():
		return fmt.Errorf("nobody has proved the mailbox of %s, so anybody may have made the account: let its owner follow the link of the mail first", address)
	}
	_, err := t.Assignments.Assign(p.ctx, assignment.AssignInput{
		Target: assignment.Target{Actor: domain.System(), Service: domain.PlatformKey, Role: string(domain.RolePlatformAdmin)},
		Holder: assignment.Holder{Kind: domain.KindUser, Ref: string(found.ID)},
	})
	if err == nil {
		p.done("%s (%s) is an administrator now, with the password that it had", address, found.ID)
	}
	return err
}

// clientText is what a person at a terminal should read of an error: its text, and not its code.
func clientText(err error) error {
	var e *domain.Error
	if errors.As(err, &e) && e.Kind != domain.Internal && e.Kind != domain.Unavailable {
		return errors.New(e.Text)
	}
	return err
}
