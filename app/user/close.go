package user

import (
	"context"
	"errors"
	"time"

	"github.com/signet-auth/signet/app/access"
	"github.com/signet-auth/signet/app/auth"
	"github.com/signet-auth/signet/app/outbox"
	"github.com/signet-auth/signet/app/session"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/mailer"
	"github.com/signet-auth/signet/ports/store"
	"github.com/signet-auth/signet/ports/sys"
)

// CloseInput is a person who wants to leave, and their password. Without a password the account wants a recent login.
type CloseInput struct {
	Actor    domain.Actor
	From     domain.Origin
	Password domain.Secret
}

// CloseOutput says when the data goes.
type CloseOutput struct{ EraseAt time.Time }

// Close closes the account of whoever asks. From then on it logs in like one that does not exist; until it is erased, an
// administrator can open it again.
type Close struct {
	Store   store.Store
	System  sys.System
	Confirm *auth.Confirm
	Ender   session.Ender
	Postbox outbox.Postbox
	Grace   time.Duration
	// NoticeTTL is how long the word to the owner is worth sending.
	NoticeTTL time.Duration
}

// Handle is domain.ErrLastAdmin for the last administrator.
func (u *Close) Handle(ctx context.Context, in CloseInput) (CloseOutput, error) {
	if err := access.RequirePlatformUser(in.Actor); err != nil {
		return CloseOutput{}, err
	}
	confirmed, err := u.Confirm.Handle(ctx, in.Actor, in.From, "password", in.Password)
	if err != nil {
		return CloseOutput{}, err
	}
	now := u.System.Now()
	out := CloseOutput{EraseAt: now.Add(u.Grace)}
	// Who hangs up after the right password has closed the account all the same.
	err = u.Store.WithinTx(context.WithoutCancel(ctx), func(ctx context.Context, tx *store.Tx) error {
		user, err := lock(ctx, tx, confirmed.ID)
		if errors.Is(err, domain.ErrNotFound) || err == nil && !user.IsActive(now) {
			return domain.ErrTokenInvalid
		}
		if err != nil {
			return err
		}
		if user.CredentialEpoch != confirmed.CredentialEpoch {
			return domain.ErrInvalidCredentials // the password changed during its hash
		}
		return u.close(ctx, tx, user, in, out.EraseAt, now)
	})
	if err != nil {
		return CloseOutput{}, err
	}
	return out, nil
}

func (u *Close) close(ctx context.Context, tx *store.Tx, user domain.User, in CloseInput, erase, now time.Time) error {
	leaving := suspension{by: in.Actor, from: in.From, reason: domain.ReasonClosed, ends: domain.EndedByClose}
	if err := suspend(ctx, tx, u.Ender, user, leaving, now); err != nil {
		return err
	}
	if err := tx.Erasure.Schedule(ctx, user.ID, erase); err != nil {
		return err
	}
	closed := event(u.System, domain.EventUserDisabled, in.Actor, in.From, user.ID, now).With("reason", domain.ReasonClosed)
	if err := tx.Audit.Add(ctx, closed); err != nil {
		return err
	}
	letter := outbox.Letter{Kind: mailer.AccountClosed, Locale: user.Locale, Data: mailer.Data{Name: user.FirstName, AskedAt: now, EraseAt: erase}}
	return u.Postbox.Mail(ctx, tx, letter.AskedBy(outbox.By(in.From)).To(user.Email), now.Add(u.NoticeTTL))
}
