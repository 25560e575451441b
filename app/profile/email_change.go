package profile

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/signet-auth/signet/app/outbox"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/mailer"
	"github.com/signet-auth/signet/ports/secure"
	"github.com/signet-auth/signet/ports/store"
	"github.com/signet-auth/signet/ports/sys"
)

// EmailChange is what a change of address is between its request and its proof.
type EmailChange struct {
	System  sys.System
	Sealer  secure.Sealer
	Postbox outbox.Postbox
	// Link makes the URL that a mail carries.
	Link func(token domain.Secret) string
	TTL  time.Duration
}

// wanted is the sealed payload of the flow. The proof is bound to this very request (RG-10): to the address as it was typed, and
// to the credentials it was asked with. Whatever replaces those voids it.
type wanted struct {
	Mailbox string
	Epoch   int64
}

// PayloadPlace is what a flow's payload is sealed for.
func PayloadPlace(id domain.FlowID) string { return "flows/payload/" + string(id) }

// begin makes the flow of a request, and its secret.
func (c *EmailChange) begin(user domain.User, to domain.Email, now time.Time) (domain.Flow, domain.OneTimeSecret, error) {
	flow, secret, err := domain.NewFlow(domain.FlowID(c.System.NewOrderedID()), domain.PurposeChangeEmail, string(user.ID), to,
		nil, c.System.Entropy, now, c.TTL, domain.CodePolicy{})
	if err != nil {
		return domain.Flow{}, domain.OneTimeSecret{}, err
	}
	plain, err := json.Marshal(wanted{Mailbox: to.Mailbox(), Epoch: user.CredentialEpoch})
	if err != nil {
		return domain.Flow{}, domain.OneTimeSecret{}, err
	}
	flow.Payload, err = c.Sealer.Seal(PayloadPlace(flow.ID), plain)
	return flow, secret, err
}

// open reads what was asked for.
func (c *EmailChange) open(flow domain.Flow) (to domain.Email, epoch int64, err error) {
	plain, err := c.Sealer.Open(PayloadPlace(flow.ID), flow.Payload)
	if err != nil {
		return domain.Email{}, 0, err
	}
	var w wanted
	err = json.Unmarshal(plain, &w)
	return domain.RestoreEmail(w.Mailbox, flow.Address), w.Epoch, err
}

// Asked answers a request, behind the outbox: with a link to the new address or, where that is the address of another account,
// with a word to its owner. Then nobody has the secret, and the request waits for it in vain: if it ended here, whoever asked
// could see in their export that the address is taken.
func (c *EmailChange) Asked(ctx context.Context, tx *store.Tx, m domain.Message) error {
	var asked changeAsked
	if err := c.Postbox.Open(m, &asked); err != nil {
		return err
	}
	email, secret, now := domain.RestoreEmail(asked.Mailbox, asked.Address), domain.NewSecret(asked.Link), c.System.Now()
	if err := tx.Registrations.LockAddress(ctx, email); err != nil {
		return err
	}
	hash, _ := domain.HashOneTimeSecret(secret)
	flow, err := tx.Flows.BySecret(ctx, hash)
	if errors.Is(err, domain.ErrNotFound) || err == nil && !flow.IsLive(now) {
		return nil // voided by a newer request or a new password
	}
	if err != nil {
		return err
	}
	user, err := tx.Users.ByID(ctx, asked.UserID)
	if errors.Is(err, domain.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	owner, err := tx.Users.ByEmail(ctx, email)
	switch {
	case err == nil && owner.ID != user.ID:
		return c.mail(ctx, tx, mailer.EmailInUse, owner, owner.Email, mailer.Data{AskedAt: asked.AskedAt}, asked.Asker, flow.ExpiresAt)
	case err == nil || errors.Is(err, domain.ErrNotFound):
		data := mailer.Data{AskedAt: asked.AskedAt, Link: c.Link(secret), LinkTTL: c.TTL}
		return c.mail(ctx, tx, mailer.ChangeEmail, user, email, data, asked.Asker, flow.ExpiresAt)
	}
	return err
}

func (c *EmailChange) mail(ctx context.Context, tx *store.Tx, kind mailer.Kind, user domain.User, to domain.Email, data mailer.Data, by outbox.Asker, expires time.Time) error {
	data.Name = user.FirstName
	letter := outbox.Letter{Kind: kind, Locale: user.Locale, Data: data}
	return c.Postbox.Mail(ctx, tx, letter.AskedBy(by).To(to), expires)
}
