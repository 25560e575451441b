package password

import (
	"context"
	"errors"
	"slices"

	"github.com/signet-auth/signet/app/access"
	"github.com/signet-auth/signet/app/base"
	"github.com/signet-auth/signet/app/signin"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/mailer"
	"github.com/signet-auth/signet/ports/store"
)

// Remove takes the password away from an account that has a passkey to log in with. Other sessions end, and this one goes on with new tokens.
// The mail for a forgotten password gives one again.
//
// domain.ErrReauthRequired without a recent login by a factor; domain.ErrLastWayIn without a passkey that works; domain.ErrNotFound without a
// password.
func (s *Service) Remove(ctx context.Context, actor domain.Actor, from domain.Origin) (signin.Tokens, error) {
	if err := access.RequirePlatformUser(actor); err != nil {
		return signin.Tokens{}, err
	}
	now, asOf := s.System.Now(), s.directory.Applied()
	user, err := s.Store.Read().Users.ByID(ctx, domain.UserID(actor.ID))
	if err != nil {
		return signin.Tokens{}, access.TokenInvalidWhenGone(err)
	}
	if err := s.reauth.RequireRecentBy(ctx, user, actor, now); err != nil {
		return signin.Tokens{}, err
	}
	if user.PasswordHash == "" {
		return signin.Tokens{}, domain.ErrNotFound.Saying("The account has no password")
	}
	session, err := s.Store.Read().Sessions.ByID(ctx, actor.SessionID)
	if err != nil {
		return signin.Tokens{}, access.TokenInvalidWhenGone(err)
	}
	platform, err := s.directory.Service(ctx, "")
	if err != nil {
		return signin.Tokens{}, err
	}
	session.AMR = slices.DeleteFunc(slices.Clone(session.AMR), func(m string) bool { return m == domain.MethodPassword })
	out, family, err := s.signin.RenewAs(ctx, user, session, platform, asOf, now)
	if err != nil {
		return signin.Tokens{}, err
	}
	err = s.Store.WithinTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		principal, err := base.LockUnchanged(ctx, tx, user.Principal, now)
		if errors.Is(err, domain.ErrInvalidCredentials) { // they changed since
			err = domain.ErrTokenInvalid
		}
		if err != nil {
			return err
		}
		factors, err := tx.Factors.ByUser(ctx, user.ID)
		if err == nil && !domain.HasPasskey(factors, s.signin.RPID()) {
			err = domain.ErrLastWayIn.Saying("Only an account with a passkey can do without a password. Add one first")
		}
		if err != nil {
			return err
		}
		renewed, err := tx.Sessions.Renew(ctx, family)
		if err == nil && !renewed {
			err = domain.ErrTokenInvalid
		}
		if err != nil {
			return err
		}
		if err := tx.Sessions.Prove(ctx, session); err != nil {
			return err
		}
		return s.replace(ctx, tx, principal, user, replacement{
			by: actor, from: from, reason: domain.EndedByPassword, event: domain.EventPasswordRemoved,
			except: []domain.SessionID{session.ID}, told: from, mail: mailer.PasswordRemoved,
		}, now)
	})
	if err != nil {
		return signin.Tokens{}, err
	}
	return out, nil
}
