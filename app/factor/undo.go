package factor

import (
	"context"

	"github.com/signet-auth/signet/app/proof"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/mailer"
	"github.com/signet-auth/signet/ports/store"
)

// undo is the door for the link in the mail about the first factor: without it, the thief of a password could lock the owner out by a factor.
var undo = proof.Door{
	Purposes: []domain.Purpose{domain.PurposeFactorUndo}, Refusal: domain.ErrInvalidToken.Saying("Invalid, used or expired link"),
}

// tellFirst records that an account has its first factor, and tells the owner, with a link that undoes it. Holders of platform permissions get
// none: the mailbox alone must not be enough to take their factors away.
func (s *Service) tellFirst(ctx context.Context, tx *store.Tx, me self, kind domain.FactorKind, events ...domain.Event) error {
	has, err := s.hasRights(ctx, tx, me.user.ID, me)
	if err != nil {
		return err
	}
	if has || s.proofs.TTL(domain.PurposeFactorUndo) == 0 {
		return s.note(ctx, tx, me, mailer.FactorAdded, mailer.Data{Factor: kind}, events...)
	}
	if err := s.Audit.Record(ctx, tx, me.now, events...); err != nil {
		return err
	}
	return s.proofs.Send(ctx, tx, proof.Request{
		Purpose: domain.PurposeFactorUndo, Subject: string(me.user.ID), To: me.user.Email, Name: me.user.Name(), From: me.from, AskedAt: me.now,
		Factor: kind,
	}, me.now)
}

func (s *Service) hasRights(ctx context.Context, tx *store.Tx, user domain.UserID, me self) (bool, error) {
	held, err := tx.Grants.Held(ctx, user.Principal(), domain.PlatformID)
	return len(domain.Patterns(held, me.now)) > 0, err
}

// UndoInput is the token of the link.
type UndoInput struct {
	From  domain.Origin
	Token domain.Secret
}

// LookAtUndo tells whether Undo would work, and changes nothing. It counts as a guess, as Undo does.
func (s *Service) LookAtUndo(ctx context.Context, in UndoInput) error {
	_, err := s.proofs.Find(ctx, undo, in.From, in.Token, s.System.Now())
	return err
}

// Undo removes all factors and recovery codes of the account whose first factor a mail has told of, ends its sessions, and sends a link to set
// a new password: the person who added the factor knew the old one. domain.ErrInvalidToken for a link that does not work, or of an account that
// has got platform permissions since.
func (s *Service) Undo(ctx context.Context, in UndoInput) error {
	now := s.System.Now()
	flow, err := s.proofs.Find(ctx, undo, in.From, in.Token, now)
	if err != nil {
		return err
	}
	return s.proofs.Redeem(ctx, undo, flow, now, func(ctx context.Context, tx *store.Tx, r proof.Redeemed) error {
		me := self{Actor: domain.Anonymous(), from: in.From, user: r.User, now: r.Now}
		has, err := s.hasRights(ctx, tx, r.User.ID, me)
		if err == nil && (has || !r.User.IsActive(r.Now)) {
			err = undo.Refusal
		}
		if err != nil {
			return err
		}
		if err := tx.Factors.DeleteAll(ctx, r.User.ID); err != nil {
			return err
		}
		if err := s.replaceCredentials(ctx, tx, me, r.User.Principal); err != nil {
			return err
		}
		reset := me.event(domain.EventFactorsReset).With("reason", "undone by the link in the mail")
		if err := s.note(ctx, tx, me, mailer.FactorsUndone, mailer.Data{}, reset); err != nil {
			return err
		}
		return s.proofs.Send(ctx, tx, proof.Request{
			Purpose: domain.PurposeResetPassword, Subject: string(r.User.ID), To: r.User.Email, Name: r.User.Name(), From: in.From, AskedAt: r.Now,
		}, r.Now)
	})
}
