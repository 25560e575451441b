package auth

import (
	"context"
	"errors"
	"time"

	"github.com/signet-auth/signet/app/access"
	"github.com/signet-auth/signet/app/audit"
	"github.com/signet-auth/signet/app/session"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/secure"
	"github.com/signet-auth/signet/ports/store"
	"github.com/signet-auth/signet/ports/sys"
)

// LoginInput is an address and a password as typed.
type LoginInput struct {
	From       domain.Origin
	Email      string
	Password   domain.Secret
	Service    string // key, id or name of the audience; empty: the platform
	DeviceName string
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
	Store     store.Store
	System    sys.System
	Hasher    secure.PasswordHasher
	Guard     *Guard
	Directory *access.Directory
	Mint      *session.Mint
	Ender     session.Ender
	Refresh   domain.RefreshKeys
	Password  domain.PasswordPolicy
	Policy    domain.SessionPolicy
	Failures  *audit.Failures
	Rehash    *Rehash
	// Unproved lets users in whose mailbox is not proved (EMAIL_VERIFICATION=optional).
	Unproved bool
}

// candidate is the one hash that a login is compared with: the user's, else that of the newest pending registration, else
// the decoy.
type candidate struct {
	user    domain.User
	hash    string
	pending bool
	run     domain.Lockout
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
	if in.Password.IsZero() {
		err = domain.MergeFields(err, domain.ErrInvalidFields(domain.Required("password")))
	}
	return email, err
}

// check reads the account and compares, on one place of the hash queue.
func (u *Login) check(ctx context.Context, email domain.Email, password domain.Secret) (candidate, secure.Match, error) {
	place, err := u.Hasher.Reserve(ctx)
	if err != nil {
		return candidate{}, secure.Match{}, err
	}
	defer place.Release()
	who, err := u.find(ctx, email)
	if err != nil {
		return candidate{}, secure.Match{}, err
	}
	hash := who.hash
	if !u.Password.Possible(password) {
		hash = "" // the decoy: never a prefix of what was typed
	}
	match := place.Verify(hash, password)
	place.Release()
	if match.Settle != nil {
		match.Settle(ctx)
	}
	return who, match, nil
}

// find makes the same three queries for every address.
func (u *Login) find(ctx context.Context, email domain.Email) (candidate, error) {
	read := u.Store.Read()
	user, err := read.Users.ByEmail(ctx, email)
	known := err == nil
	if err != nil && !errors.Is(err, domain.ErrNotFound) {
		return candidate{}, err
	}
	live, err := read.Registrations.LiveByEmail(ctx, email, u.System.Now())
	if err != nil {
		return candidate{}, err
	}
	run, err := read.Lockouts.ByKey(ctx, u.Guard.RunKey(email))
	if err != nil {
		return candidate{}, err
	}
	if known {
		return candidate{user: user, hash: user.PasswordHash, run: run}, nil
	}
	newest, pending := domain.Newest(live)
	return candidate{hash: newest.PasswordHash, pending: pending, run: run}, nil
}

// refuse counts the failure. A failure that can't be counted is not answered as one: a guess that left no trace would be free.
func (u *Login) refuse(ctx context.Context, who candidate, email domain.Email, from domain.Origin, now time.Time) error {
	var locked bool
	err := u.Store.WithinTx(ctx, func(ctx context.Context, tx *store.Tx) (err error) {
		if locked, err = u.Guard.Failed(ctx, tx, email, now); err != nil || !locked {
			return err
		}
		event := u.event(domain.EventUserLocked, from, who.user.ID, now)
		event.Trace.Identifier = email.Canonical()
		return tx.Audit.Add(ctx, event)
	})
	if err != nil {
		return err
	}
	failure := u.event(domain.EventLoginFailed, from, who.user.ID, now)
	failure.Outcome = domain.Failed
	failure.Trace.Identifier = email.Canonical()
	u.Failures.Note(failure, from.Block())
	return domain.ErrInvalidCredentials
}

func (u *Login) event(kind domain.EventType, from domain.Origin, subject domain.UserID, now time.Time) domain.Event {
	return domain.NewEvent(domain.EventID(u.System.NewOrderedID()), now, kind, domain.Anonymous(), from, "user", string(subject))
}

// begin makes the session, under the lock of the principal's row: parallel logins are counted one after the other, so
// exactly the limit is left, and a login with the old password can't outlive its change.
func (u *Login) begin(ctx context.Context, who candidate, in LoginInput, now time.Time) (LoginOutput, error) {
	s := domain.NewSession(domain.SessionID(u.System.NewOrderedID()), who.user.ID, []string{"pwd"}, in.From, in.DeviceName, u.Policy, now)
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
	user.LastLoginAt = now
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
