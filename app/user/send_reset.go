package user

import (
	"context"

	"github.com/signet-auth/signet/app/proof"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

// SendReset mails somebody a link to set a new password, whether or not they have one. The link does not work while the user is disabled.
// It has a separate budget, so that strangers who ask for such mails can't block it, and it can't block the owner's own requests.
// domain.ErrRateLimited.
func (s *Service) SendReset(ctx context.Context, in ChangeInput) error {
	if err := s.require(ctx, in.Actor, domain.WriteUsers); err != nil {
		return err
	}
	found, err := s.Store.Read().Users.ByID(ctx, in.User)
	if err != nil {
		return unknown(err)
	}
	budget, err := s.guard.AllowResetSent(ctx, found.Email)
	if err != nil {
		return err
	}
	now := s.System.Now()
	sending := act{ChangeInput: in, rights: []domain.Right{domain.WriteUsers}, event: domain.EventResetRequested}
	_, err = s.change(ctx, sending, now, func(ctx context.Context, tx *store.Tx, user *domain.User) error {
		err := s.proofs.Send(ctx, tx, proof.Request{
			Purpose: domain.PurposeResetPassword, Subject: string(user.ID), To: user.Email, Name: user.Name(), AskedAt: now,
		}, now)
		if err != nil {
			return err
		}
		return s.Audit.Record(ctx, tx, now, domain.UserEvent(domain.EventResetRequested, in.Actor, in.From, user.ID))
	})
	if err != nil {
		budget.Return() // nothing is sent
	}
	return err
}
