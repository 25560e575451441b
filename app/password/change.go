package password

import (
	"context"
	"errors"
	"time"

	"github.com/signet-auth/signet/app/access"
	"github.com/signet-auth/signet/app/auth"
	"github.com/signet-auth/signet/app/session"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

// ChangeInput is the old password and the new one.
type ChangeInput struct {
	Actor   domain.Actor
	From    domain.Origin
	Current domain.Secret // may be empty for an account without a password, soon after a login
	New     domain.Secret
}

// ChangeOutput is what the session goes on with.
type ChangeOutput struct {
	Session      domain.Session
	Access       session.AccessToken
	RefreshToken domain.Secret
	IdleUntil    time.Time
}

// Change sets a new password for whoever knows the old one (ASVS 6.2.3). The session that asked goes on with tokens of a new
// line; whoever has a copy of the old ones is out, and so are all other sessions (ASVS 7.4.3).
type Change struct {
	Replacement

	Confirm   *auth.Confirm
	Directory *access.Directory
	Mint      *session.Mint
	Refresh   domain.RefreshKeys
}

// Handle makes the tokens before the change: a change whose answer fails would log its owner out.
func (u *Change) Handle(ctx context.Context, in ChangeInput) (ChangeOutput, error) {
	if err := access.RequirePlatformUser(in.Actor); err != nil {
		return ChangeOutput{}, err
	}
	if err := u.validate(ctx, in); err != nil {
		return ChangeOutput{}, err
	}
	user, err := u.Confirm.Handle(ctx, in.Actor, in.From, "current_password", in.Current)
	if err != nil {
		return ChangeOutput{}, err
	}
	hash, err := u.hash(ctx, in.New)
	if err != nil {
		return ChangeOutput{}, err
	}
	now := u.System.Now()
	out, family, err := u.renew(ctx, user, in.Actor.SessionID, now)
	if err != nil {
		return ChangeOutput{}, err
	}
	err = u.Store.WithinTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		return u.change(ctx, tx, user, out.Session, family, hash, in, now)
	})
	if err != nil {
		return ChangeOutput{}, err
	}
	return out, nil
}

// validate judges the new password before the old one is compared: a mistake in it costs no guess.
func (u *Change) validate(ctx context.Context, in ChangeInput) error {
	user, err := u.Directory.User(ctx, domain.UserID(in.Actor.ID))
	if errors.Is(err, domain.ErrNotFound) {
		return domain.ErrTokenInvalid
	}
	if err != nil {
		return err
	}
	err = u.Password.Check("new_password", in.New, user.Email.Canonical(), user.FirstName, user.LastName)
	if in.Current.IsZero() && user.PasswordHash != "" {
		err = domain.MergeFields(domain.ErrInvalidFields(domain.Required("current_password")), err)
	}
	return err
}

// renew makes the session's next line of refresh tokens, and an access token that goes with it.
func (u *Change) renew(ctx context.Context, user domain.User, id domain.SessionID, now time.Time) (ChangeOutput, domain.Family, error) {
	s, err := u.Directory.Session(ctx, id)
	if errors.Is(err, domain.ErrNotFound) {
		return ChangeOutput{}, domain.Family{}, domain.ErrTokenInvalid
	}
	if err != nil {
		return ChangeOutput{}, domain.Family{}, err
	}
	s.LastSeenAt = now
	platform, err := u.Directory.Service(ctx, "")
	if err != nil {
		return ChangeOutput{}, domain.Family{}, err
	}
	token, err := u.Mint.Issue(ctx, user, s, platform, now)
	if err != nil {
		return ChangeOutput{}, domain.Family{}, err
	}
	family, refresh, err := domain.NewFamily(domain.FamilyID(u.System.NewID()), id, domain.FirstPartyClient, u.Refresh, u.System.Entropy, now)
	return ChangeOutput{Session: s, Access: token, RefreshToken: refresh.Text(), IdleUntil: s.IdleExpiresAt(u.Mint.Policy)}, family, err
}

// change compares once more what may have changed during the hashes, under the lock of the principal: of parallel changes one
// wins, and a login with the old password either ends with the others or is refused.
func (u *Change) change(ctx context.Context, tx *store.Tx, user domain.User, s domain.Session, family domain.Family, hash string, in ChangeInput, now time.Time) error {
	principal, err := tx.Principals.Lock(ctx, user.ID.Principal())
	if errors.Is(err, domain.ErrNotFound) || err == nil && !principal.IsActive(now) {
		return domain.ErrTokenInvalid
	}
	if err != nil {
		return err
	}
	if principal.CredentialEpoch != user.CredentialEpoch {
		return domain.ErrInvalidCredentials
	}
	renewed, err := tx.Sessions.Renew(ctx, family)
	if err == nil && !renewed {
		err = domain.ErrTokenInvalid
	}
	if err != nil {
		return err
	}
	if err := u.write(ctx, tx, principal, user, hash, now); err != nil {
		return err
	}
	if _, err := u.Ender.EndAll(ctx, tx, user.ID, in.Actor, in.From, domain.EndedByPassword, s.ID); err != nil {
		return err
	}
	if err := tx.Audit.Add(ctx, u.event(domain.EventPasswordChanged, in.Actor, in.From, user.ID, now)); err != nil {
		return err
	}
	return u.tell(ctx, tx, user, in.From, now)
}
