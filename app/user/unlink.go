package user

import (
	"context"

	"github.com/signet-auth/signet/app/base"
	"github.com/signet-auth/signet/app/outbox"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/mailer"
	"github.com/signet-auth/signet/ports/store"
)

// UnlinkInput names a user's identity at a provider.
type UnlinkInput struct {
	ChangeInput

	Identity domain.IdentityID
}

// Unlink removes a user's identity at a provider, even the last one: it may be a thief's, and the user can set a first password through
// "forgot password". Sessions end, since any of them may have begun through that identity.
func (s *Service) Unlink(ctx context.Context, in UnlinkInput) error {
	if err := s.require(ctx, in.Actor, domain.ManageCredentials); err != nil {
		return err
	}
	now := s.System.Now()
	unlinking := act{ChangeInput: in.ChangeInput, rights: []domain.Right{domain.ManageCredentials}, event: domain.EventIdentityUnlinked}
	_, err := s.change(ctx, unlinking, now, func(ctx context.Context, tx *store.Tx, user *domain.User) error {
		identity, err := tx.Identities.Delete(ctx, user.ID, in.Identity)
		if err != nil {
			return err
		}
		user.ReplaceCredentials(now)
		if err := tx.Principals.Update(ctx, user.Principal); err != nil {
			return err
		}
		tx.Changed(domain.ChangePrincipal, string(user.ID), domain.TokensUnaffected)
		ending := base.Ending{By: in.Actor, From: in.From, Reason: domain.EndedByAdmin}
		if _, err := s.EndAllSessions(ctx, tx, user.ID, ending, now); err != nil {
			return err
		}
		event := domain.UserEvent(domain.EventIdentityUnlinked, in.Actor, in.From, user.ID)
		if err := s.Audit.Record(ctx, tx, now, event.With("provider", identity.Provider)); err != nil {
			return err
		}
		told := mailer.Data{AskedAt: now, Provider: s.providerName(identity.Provider)} // without the administrator's address
		return s.Mail.Notice(ctx, tx, outbox.MailTo(*user, mailer.IdentityUnlinked, domain.Origin{}, told), now)
	})
	return err
}
