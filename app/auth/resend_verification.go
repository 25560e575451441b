package auth

import (
	"context"

	"github.com/signet-auth/signet/app/outbox"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
	"github.com/signet-auth/signet/ports/sys"
)

// ResendVerificationInput names the mailbox.
type ResendVerificationInput struct {
	From  domain.Origin
	Email string
}

// ResendVerification sends the mail that proves a mailbox once more, with a fresh link and code.
type ResendVerification struct {
	Store        store.Store
	System       sys.System
	Guard        *Guard
	Postbox      outbox.Postbox
	Verification *Verification
}

// Handle leaves the same row for every address; whether there is anything to send is found out behind the outbox.
func (u *ResendVerification) Handle(ctx context.Context, in ResendVerificationInput) error {
	email, err := domain.ParseEmail(in.Email)
	if err != nil {
		return err
	}
	budget, ok := u.Guard.AllowMail(ctx, email, in.From)
	if !ok {
		return nil
	}
	now := u.System.Now()
	err = u.Store.WithinTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		asked := resendAsked{Asker: outbox.By(in.From), Mailbox: email.Mailbox(), Address: email.Canonical(), AskedAt: now}
		return u.Postbox.Put(ctx, tx, domain.TopicResend, asked, now.Add(u.Verification.TTL))
	})
	if err != nil {
		budget.Return()
	}
	return err
}
