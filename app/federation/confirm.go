package federation

import (
	"context"
	"errors"

	"github.com/signet-auth/signet/app/access"
	"github.com/signet-auth/signet/app/base"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

// ConfirmInput is a continuation, and the person who is logged in to the account that gets the identity.
type ConfirmInput struct {
	ContinueInput

	Actor domain.Actor
}

// errUnproved refuses to link an identity to an account with an unproved mailbox, which somebody else may own (RG-9).
var errUnproved = domain.ErrEmailNotVerified.Saying("Verify the address of the account first")

// Confirm links an identity to the account of the person who is logged in, with their explicit consent and a recent login (OA-7). A
// continuation that another person began, or that is about the address of another account, links nothing, so neither a forced callback nor
// a ticket that was opened elsewhere links a stranger's identity. A repeated call has no further effect.
func (s *Service) Confirm(ctx context.Context, in ConfirmInput) (domain.Identity, error) {
	if err := access.RequirePlatformUser(in.Actor); err != nil {
		return domain.Identity{}, err
	}
	if err := s.reauth.RequireRecent(ctx, in.Actor, s.System.Now()); err != nil {
		return domain.Identity{}, err
	}
	c, err := s.resume(ctx, in.ContinueInput)
	if err != nil {
		return domain.Identity{}, err
	}
	if c.kept.isLink() && (c.kept.User != domain.UserID(in.Actor.ID) || c.kept.Session != in.Actor.SessionID) {
		return domain.Identity{}, domain.ErrForbidden.Saying("Another session began this")
	}
	a := c.kept.assertion()
	var identity domain.Identity
	err = s.Store.WithinTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		if err := tx.Identities.Lock(ctx, a.Issuer, a.Subject); err != nil {
			return err
		}
		if _, err := base.LockActor(ctx, tx, in.Actor, c.now); err != nil {
			return err
		}
		user, err := tx.Users.ByID(ctx, domain.UserID(in.Actor.ID))
		if err != nil {
			return access.TokenInvalidWhenGone(err)
		}
		if err := s.reauth.RequireRecentOf(user, in.Actor, c.now); err != nil {
			return err
		}
		if !user.IsEmailVerified() {
			return errUnproved
		}
		if c.kept.Reason == domain.ErrLinkRequired.Code && user.Email.Canonical() != a.Email.Canonical() {
			return domain.ErrLinkRequired
		}
		known, err := tx.Identities.BySubject(ctx, a.Issuer, a.Subject)
		if err == nil && known.UserID != user.ID {
			return domain.ErrIdentityTaken
		}
		if err != nil && !errors.Is(err, domain.ErrNotFound) {
			return err
		}
		identity, err = s.link(ctx, tx, user, a, linking{how: linkedByOwner, by: in.Actor, from: in.From}, c.now)
		return err
	})
	return identity, err
}
