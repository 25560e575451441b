package password

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

var errReset = domain.ErrInvalidToken.Saying("Invalid or expired reset token")

var resetPurposes = []domain.Purpose{domain.PurposeResetPassword, domain.PurposeResetRegistration}

// ResetInput is the secret of a link, and a password.
type ResetInput struct {
	From     domain.Origin
	Token    domain.Secret
	Field    string // what the caller's input calls the password
	Password domain.Secret
}

// Reset sets a new password for whoever reads the account's mail. It logs nobody in, and a disabled account stays disabled
// (Gitea CVE-2026-58422). The secret is all that counts: there is no step before it whose outcome could be skipped or forged
// (Keycloak CVE-2026-18963, authentik CVE-2026-49443).
type Reset struct{ Replacement }

// Handle checks in this order: budget, secret, password, hash, and then, in the transaction that uses the secret up, everything
// once more. A password that is refused leaves the secret as it was. Of any number of parallel uses one succeeds.
func (u *Reset) Handle(ctx context.Context, in ResetInput) error {
	if err := u.complete(in); err != nil {
		return err
	}
	budget, err := u.Guard.AttemptToken(ctx, in.From)
	if err != nil {
		return err
	}
	now := u.System.Now()
	flow, words, err := u.find(ctx, in.Token, now)
	if errors.Is(err, domain.ErrInvalidToken) {
		return err // a guess: its budget is spent
	}
	budget.Return()
	if err != nil {
		return err
	}
	if err := u.Password.Check(in.Field, in.Password, words...); err != nil {
		return err
	}
	hash, err := u.hash(ctx, in.Password)
	if err != nil {
		return err
	}
	email := domain.RestoreEmail(flow.Address, flow.Address)
	err = u.Store.WithinTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		if err := tx.Registrations.LockAddress(ctx, email); err != nil {
			return err
		}
		if flow.Purpose == domain.PurposeResetRegistration {
			return u.makeUser(ctx, tx, flow, hash, in.From, now)
		}
		return u.resetUser(ctx, tx, flow, hash, in.From, now)
	})
	if err == nil {
		u.Guard.Forgive(ctx, email)
	}
	return err
}

func (u *Reset) complete(in ResetInput) error {
	var missing []domain.FieldError
	if in.Token.IsZero() {
		missing = append(missing, domain.Required("token"))
	}
	if in.Password.IsZero() {
		missing = append(missing, domain.Required(in.Field))
	}
	if len(missing) > 0 {
		return domain.ErrInvalidFields(missing...)
	}
	return nil
}

// find reads the flow of a secret, and the words that its owner's password must not be.
func (u *Reset) find(ctx context.Context, token domain.Secret, now time.Time) (domain.Flow, []string, error) {
	hash, ok := domain.HashOneTimeSecret(token)
	if !ok {
		return domain.Flow{}, nil, errReset
	}
	read := u.Store.Read()
	flow, err := read.Flows.BySecret(ctx, hash)
	if errors.Is(err, domain.ErrNotFound) || err == nil && (!flow.IsLive(now) || !slices.Contains(resetPurposes, flow.Purpose)) {
		return domain.Flow{}, nil, errReset
	}
	if err != nil {
		return domain.Flow{}, nil, err
	}
	if flow.Purpose == domain.PurposeResetRegistration {
		return flow, []string{flow.Address}, nil
	}
	user, err := read.Users.ByID(ctx, domain.UserID(flow.Subject))
	if errors.Is(err, domain.ErrNotFound) {
		return domain.Flow{}, nil, errReset
	}
	return flow, []string{flow.Address, user.FirstName, user.LastName}, err
}

// resetUser is the reset of an account. It proves the mailbox too; where nobody had proved it before, whoever made the account
// may have been somebody else, and keeps nothing that lets them in (USENIX Security '22, pre-hijacking).
func (u *Reset) resetUser(ctx context.Context, tx *store.Tx, flow domain.Flow, hash string, from domain.Origin, now time.Time) error {
	id := domain.UserID(flow.Subject)
	principal, err := tx.Principals.Lock(ctx, id.Principal())
	if err != nil {
		return gone(err)
	}
	user, err := tx.Users.ByID(ctx, id)
	if err != nil {
		return gone(err)
	}
	if !principal.IsActive(now) || user.Email.Canonical() != flow.Address {
		return errReset
	}
	if err := consume(ctx, tx, flow, now); err != nil {
		return err
	}
	if err := u.write(ctx, tx, principal, user, hash, now); err != nil {
		return err
	}
	reason := domain.EndedByReset
	if !user.IsEmailVerified() {
		reason = domain.EndedByTakeover
		if err := u.takeOver(ctx, tx, user, from, now); err != nil {
			return err
		}
	}
	if _, err := u.Ender.EndAll(ctx, tx, id, domain.Anonymous(), from, reason); err != nil {
		return err
	}
	if err := tx.Audit.Add(ctx, u.event(domain.EventPasswordReset, domain.Anonymous(), from, id, now)); err != nil {
		return err
	}
	return u.tell(ctx, tx, user, from, now)
}

// takeOver gives an account whose mailbox was never proved to whoever has just proved it.
func (u *Reset) takeOver(ctx context.Context, tx *store.Tx, user domain.User, from domain.Origin, now time.Time) error {
	user.VerifyEmail(now)
	if err := tx.Users.Update(ctx, user); err != nil {
		return err
	}
	if err := tx.Identities.DeleteByUser(ctx, user.ID); err != nil {
		return err
	}
	if err := tx.Flows.Supersede(ctx, domain.PurposeVerifyUser, string(user.ID), now); err != nil {
		return err
	}
	return tx.Audit.Add(ctx, u.event(domain.EventUserVerified, domain.Anonymous(), from, user.ID, now))
}

// consume uses the secret up; of parallel uses one gets past it.
func consume(ctx context.Context, tx *store.Tx, flow domain.Flow, now time.Time) error {
	ok, err := tx.Flows.Consume(ctx, flow.ID, now)
	if err == nil && !ok {
		err = errReset
	}
	return err
}

func gone(err error) error {
	if errors.Is(err, domain.ErrNotFound) {
		return errReset
	}
	return err
}
