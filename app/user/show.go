package user

import (
	"context"

	"github.com/signet-auth/signet/app/auth"
	"github.com/signet-auth/signet/domain"
)

// ShowOutput is an account as those who run Signet see it.
type ShowOutput struct {
	User     domain.User
	Sessions []domain.Session // live ones
	Roles    []domain.AssignedRole
	Failures domain.Lockout // the run of failed logins of the address
}

// maxRoles is how many roles are shown, the newest.
const maxRoles = 1000

// Show shows one account.
type Show struct {
	Account

	Guard  *auth.Guard
	Policy domain.SessionPolicy
}

// Handle takes an id or an address.
func (u *Show) Handle(ctx context.Context, by domain.Actor, ref string) (ShowOutput, error) {
	user, err := u.Find(ctx, by, ref)
	if err != nil {
		return ShowOutput{}, err
	}
	now := u.System.Now()
	user.Principal = user.AsOf(now)
	read := u.Store.Read()
	out := ShowOutput{User: user}
	if out.Sessions, err = read.Sessions.LiveByUser(ctx, user.ID, u.Policy, now); err != nil {
		return ShowOutput{}, err
	}
	if out.Roles, err = read.Grants.Assigned(ctx, user.ID.Principal(), maxRoles); err != nil {
		return ShowOutput{}, err
	}
	out.Failures, err = read.Lockouts.ByKey(ctx, u.Guard.RunKey(user.Email))
	return out, err
}
