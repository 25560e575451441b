package password

import (
	"context"
	"time"

	"github.com/signet-auth/signet/app/auth"
	"github.com/signet-auth/signet/app/outbox"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
	"github.com/signet-auth/signet/ports/sys"
)

// ForgotInput names the account.
type ForgotInput struct {
	From  domain.Origin
	Email string
}

// Forgot asks for a mail with a link to set a new password.
type Forgot struct {
	Store    store.Store
	System   sys.System
	Guard    *auth.Guard
	Postbox  outbox.Postbox
	Recovery *Recovery
}

// forgotAsked is the payload of domain.TopicForgot.
type forgotAsked struct {
	Mailbox, Address string
	AskedAt          time.Time
	From             domain.Origin
}

// Handle leaves the same row for every address; whether there is an account is found out behind the outbox. It never locks or
// changes an account: anybody may ask about anybody (ASVS 6.3.8).
func (u *Forgot) Handle(ctx context.Context, in ForgotInput) error {
	email, err := domain.ParseEmail(in.Email)
	if err != nil {
		return err
	}
	budget, ok := u.Guard.AllowRecovery(ctx, email, in.From)
	if !ok {
		return nil
	}
	now := u.System.Now()
	err = u.Store.WithinTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		asked := forgotAsked{Mailbox: email.Mailbox(), Address: email.Canonical(), AskedAt: now, From: in.From}
		return u.Postbox.Put(ctx, tx, domain.TopicForgot, asked, now.Add(u.Recovery.TTL))
	})
	if err != nil {
		budget.Return() // nothing is sent
	}
	return err
}
