package auth

import (
	"context"
	"errors"
	"time"

	"github.com/signet-auth/signet/app/access"
	"github.com/signet-auth/signet/app/session"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

// LoginInput is an address and a password as typed.
type LoginInput struct {
	From       domain.Origin
	Email      string
	Password   domain.Secret
	Service    string // key, id or name of the audience; empty: the platform
	DeviceName string
	Cookie     bool // the session's refresh tokens are to travel by cookie only
}

// LoginOutput is a session and its tokens.
type LoginOutput struct {
	User         domain.User
	Session      domain.Session
	Access       session.AccessToken
	RefreshToken domain.Secret
	IdleUntil    time.Time
}

// Login begins a session for whoever knows the password.
type Login struct {
	Credentials

	Directory *access.Directory
	Mint      *session.Mint
	Ender     session.Ender
	Lookout   *session.Lookout
	Refresh   domain.RefreshKeys
	Policy    domain.SessionPolicy
	Rehash    *Rehash
	// Unproved lets users in whose mailbox is not proved (EMAIL_VERIFICATION=optional).
	Unproved bool
}

// Handle checks in this order: budgets, a place in the hash queue, the account, the hash, and then, in the transaction that
// begins the session, once more what may have changed during the hash. Unknown, wrong, disabled, locked and password-less
// are one answer at one cost.
func (u *Login) Handle(ctx context.Context, in LoginInput) (LoginOutput, error) {
	email, err := u.validate(in)
	if err != nil {
		return LoginOutput{}, err
	}
	service, err := u.Directory.Service(ctx, in.Service)
	if err != nil {
		return LoginOutput{}, err
	}
	budget, err := u.Guard.Attempt(ctx, email, in.From)
	if err != nil {
		return LoginOutput{}, err
	}
	who, match, err := u.check(ctx, email, in.Password)
	if err != nil {
		budget.Return() // shed: nothing was learned
		return LoginOutput{}, err
	}
	// From here on it counts: who hangs up to hide a guess from the lockout and the log must not be able to.
	ctx = context.WithoutCancel(ctx)
	now := u.System.Now()
	if !match.OK || who.run.IsLocked(now) || !who.pending && !who.user.IsActive(now) {
		return LoginOutput{}, u.refuse(ctx, who, email, in.From, now)
	}
	if who.pending || !who.user.IsEmailVerified() && !u.Unproved {
		budget.Return()
		return LoginOutput{}, domain.ErrEmailNotVerified
	}
	out, err := u.begin(ctx, who, in, now)
	if errors.Is(err, domain.ErrInvalidCredentials) { // the password or the account changed during the hash
		return LoginOutput{}, err
	}
	budget.Return()
	if err != nil {
		return LoginOutput{}, err
	}
	if match.Outdated {
		u.Rehash.Later(who.user, in.Password)
	}
	out.Access, err = u.Mint.Issue(ctx, out.User, out.Session, service, now)
	return out, err
}

func (u *Login) validate(in LoginInput) (domain.Email, error) {
	email, err := domain.ParseEmail(in.Email)
	err = domain.MergeFields(err, domain.CheckLine("device_name", in.DeviceName, domain.MaxDeviceName))
	if in.Password.IsZero() {
		err = domain.MergeFields(err, domain.ErrInvalidFields(domain.Required("password")))
	}
	return email, err
}

// begin makes the session, under the lock of the principal's row: parallel logins are counted one after the other, so
// exactly the limit is left, and a login with the old password can't outlive its change.
func (u *Login) begin(ctx context.Context, who candidate, in LoginInput, now time.Time) (LoginOutput, error) {
	s := domain.NewSession(domain.SessionID(u.System.NewOrderedID()), who.user.ID, []string{"pwd"}, in.From, in.DeviceName, u.Policy, now)
	s.Cookie = in.Cookie
	family, token, err := domain.NewFamily(domain.FamilyID(u.System.NewID()), s.ID, domain.FirstPartyClient, u.Refresh, u.System.Entropy, now)
	if err != nil {
		return LoginOutput{}, err
	}
	err = u.Store.WithinTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		principal, err := tx.Principals.Lock(ctx, who.user.ID.Principal())
		if errors.Is(err, domain.ErrNotFound) {
			return domain.ErrInvalidCredentials
		}
		if err != nil {
			return err
		}
		if principal.CredentialEpoch != who.user.CredentialEpoch || !principal.IsActive(now) {
			return domain.ErrInvalidCredentials
		}
		if err := u.makeRoom(ctx, tx, who.user.ID, in.From, now); err != nil {
			return err
		}
		if err := tx.Sessions.Insert(ctx, s, family); err != nil {
			return err
		}
		if err := tx.Users.RecordLogin(ctx, who.user.ID, now); err != nil {
			return err
		}
		if err := u.Lookout.LoggedIn(ctx, tx, who.user, in.From, now); err != nil {
			return err
		}
		if who.run.Failures > 0 || who.run.Locks > 0 {
			if err := tx.Lockouts.Clear(ctx, who.run.Key); err != nil {
				return err
			}
		}
		event := u.event(domain.EventLoginSucceeded, in.From, who.user.ID, now)
		event.ActorKind, event.ActorID, event.SessionID = domain.ActorUser, who.user.ID.Principal(), s.ID
		return tx.Audit.Add(ctx, event)
	})
	user := who.user
	user.Principal, user.LastLoginAt = user.AsOf(now), now
	return LoginOutput{User: user, Session: s, RefreshToken: token.Text(), IdleUntil: s.IdleExpiresAt(u.Policy)}, err
}

// makeRoom keeps the limit of live sessions: it ends the least recently refreshed ones or, under the other policy, refuses.
func (u *Login) makeRoom(ctx context.Context, tx *store.Tx, user domain.UserID, from domain.Origin, now time.Time) error {
	if u.Policy.Max == 0 {
		return nil
	}
	live, err := tx.Sessions.LiveByUser(ctx, user, u.Policy, now)
	if err != nil {
		return err
	}
	surplus := len(live) - u.Policy.Max + 1
	if surplus <= 0 {
		return nil
	}
	if u.Policy.Deny {
		return domain.ErrSessionLimitReached
	}
	ids := make([]domain.SessionID, surplus)
	for i := range ids {
		ids[i] = live[i].ID
	}
	_, err = u.Ender.End(ctx, tx, domain.System(), from, domain.EndedByLimit, ids...)
	return err
}
