package federation

import (
	"context"
	"errors"
	"time"

	"github.com/signet-auth/signet/app/guard"
	"github.com/signet-auth/signet/app/outbox"
	"github.com/signet-auth/signet/app/proof"
	"github.com/signet-auth/signet/app/signin"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/mailer"
	"github.com/signet-auth/signet/ports/store"
)

// maxCodeMails is how many mails one continuation may ask for.
const maxCodeMails = 3

// AskForCodeInput is a continuation and an address that its person says is theirs.
type AskForCodeInput struct {
	ContinueInput

	Email string
}

// proveAsked is the payload of domain.TopicProveAddress.
type proveAsked struct {
	From             domain.Origin
	Continuation     domain.FlowID
	Mailbox, Address string
	AskedAt          time.Time
}

// provable is the payload of a code: the address as typed, to which the mail was sent.
type provable struct{ Mailbox string }

// AskForCode asks for the mail that proves the address. It contains a code and no link: by following a link, the reader of the mail would
// link a stranger's identity. The answer and the rows are the same whether or not the address has an account; the dispatcher finds that out
// (ASVS 6.3.8).
func (s *Service) AskForCode(ctx context.Context, in AskForCodeInput) error {
	email, err := domain.ParseEmail(in.Email)
	if err != nil {
		return err
	}
	c, err := s.resume(ctx, in.ContinueInput)
	if err != nil {
		return err
	}
	if c.kept.isLink() {
		return domain.ErrInvalidRequest.Saying("This is confirmed with confirm and the token of the person who began it")
	}
	if policy := s.signUp(c); policy.Closed || !policy.Domains.Allow(email) {
		return domain.ErrRegistrationClosed
	}
	if err := c.kept.refusal(); !errors.Is(err, domain.ErrEmailRequired) {
		return err
	}
	if s.settings.Friendly {
		if owner, err := s.Store.Read().Users.ByEmail(ctx, email); err == nil && owner.IsEmailVerified() {
			return domain.ErrEmailTaken
		}
	}
	budget, mayMail := s.guard.AllowMail(ctx, mailer.OAuthCode, email, in.From)
	if !mayMail {
		return nil
	}
	var sent bool
	err = s.Store.WithinTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		sent = false
		if err := tx.Flows.CountTry(ctx, []domain.FlowID{c.flow.ID}); err != nil { // a continuation's tries count its mails
			return err
		}
		counted, err := tx.Flows.ByID(ctx, c.flow.ID)
		if err != nil || counted.Tries > maxCodeMails {
			return err
		}
		asked := proveAsked{From: in.From, Continuation: c.flow.ID, Mailbox: email.Mailbox(), Address: email.Canonical(), AskedAt: c.now}
		sent = true
		return s.Mail.Put(ctx, tx, domain.TopicProveAddress, asked, c.now, c.flow.ExpiresAt)
	})
	if err != nil || !sent {
		budget.Return()
	}
	if err == nil && !sent {
		s.guard.StopMail(ctx, mailer.OAuthCode, guard.ForLogin, email)
	}
	return err
}

// PrepareProveAddress prepares the mail in the dispatcher: a code or, if the address belongs to an account with a proved mailbox, a notice
// to its owner.
func (s *Service) PrepareProveAddress(ctx context.Context, tx *store.Tx, m domain.Message) error {
	var asked proveAsked
	if err := s.Mail.Open(m, &asked); err != nil {
		return err
	}
	now, email := s.System.Now(), domain.RestoreEmail(asked.Mailbox, asked.Address)
	continuation, err := tx.Flows.ByID(ctx, asked.Continuation)
	if errors.Is(err, domain.ErrNotFound) || err == nil && !continuation.IsLive(now) {
		return nil
	}
	if err != nil {
		return err
	}
	var kept continued
	if err := s.proofs.OpenPayload(continuation, &kept); err != nil {
		return err
	}
	owner, err := s.lockOwner(ctx, tx, email)
	if err != nil {
		return err
	}
	request := proof.Request{
		Purpose: domain.PurposeProviderAddress, Subject: string(continuation.ID), To: email, Name: kept.assertion().Name, From: asked.From,
		AskedAt: asked.AskedAt, Provider: s.DisplayName(kept.Provider), Payload: provable{Mailbox: email.Mailbox()},
		Until: continuation.ExpiresAt, // the wrong codes count over all its mails
	}
	sent, err := tx.Flows.LiveBySubject(ctx, request.Subject, now, 1)
	if err != nil {
		return err
	}
	for _, flow := range sent {
		request.Tries = flow.Tries // over all its mails
	}
	flow, secret, err := s.proofs.Issue(ctx, tx, request, now)
	if err != nil {
		return err
	}
	if owner != nil && owner.IsEmailVerified() { // nobody gets the code: guesses are counted and answered as for any other address
		data := mailer.Data{AskedAt: asked.AskedAt, Provider: s.DisplayName(kept.Provider)}
		return s.Mail.Notice(ctx, tx, outbox.MailTo(*owner, mailer.OAuthKnownAddress, asked.From, data), now)
	}
	return s.proofs.Mail(ctx, tx, request, flow, secret, now)
}

// EnterCodeInput is a continuation and the code that went to the mailbox.
type EnterCodeInput struct {
	ContinueInput

	Code       domain.Secret
	DeviceName string
	Cookie     bool
	Device     domain.Secret // the token of a remembered device; zero: there is none
}

var errWrongCode = domain.ErrInvalidToken.Saying("Invalid or expired code")

// EnterCode makes an account for the address that the code proves, or takes over one whose mailbox was never proved, and begins a session.
// It returns domain.ErrLinkRequired when another account has got the address meanwhile.
func (s *Service) EnterCode(ctx context.Context, in EnterCodeInput) (ExchangeOutput, error) {
	if err := domain.CheckLine("device_name", in.DeviceName, domain.MaxDeviceName); err != nil {
		return ExchangeOutput{}, err
	}
	asOf := s.directory.Applied()
	c, err := s.resume(ctx, in.ContinueInput)
	if err != nil {
		return ExchangeOutput{}, err
	}
	sent, err := s.Store.Read().Flows.LiveBySubject(ctx, string(c.flow.ID), c.now, 1)
	if err != nil {
		return ExchangeOutput{}, err
	}
	if len(sent) == 0 {
		return ExchangeOutput{}, errWrongCode
	}
	a := c.kept.assertion()
	var done settled
	door := proof.Door{
		Purposes: []domain.Purpose{domain.PurposeProviderAddress}, Refusal: errWrongCode,
		Lock: func(ctx context.Context, tx *store.Tx) error { return tx.Identities.Lock(ctx, a.Issuer, a.Subject) },
	}
	var proving provable
	if err := s.proofs.OpenPayload(sent[0], &proving); err != nil {
		return ExchangeOutput{}, errWrongCode.Because(err)
	}
	email := domain.RestoreEmail(proving.Mailbox, sent[0].Address)
	err = s.proofs.RedeemCode(ctx, door, in.From, email, in.Code, func(ctx context.Context, tx *store.Tx, r proof.Redeemed) (err error) {
		if r.Flow.Subject != string(c.flow.ID) {
			return errWrongCode // of another continuation, about the same address
		}
		used, err := tx.Flows.Consume(ctx, c.flow.ID, r.Now)
		if err == nil && !used {
			err = continuations.Refusal
		}
		if err != nil {
			return err
		}
		a.Email = email
		done, err = s.proved(ctx, tx, c, a, in.From, r.Now)
		return err
	})
	if err != nil {
		return ExchangeOutput{}, err
	}
	audience, err := s.directory.Service(ctx, c.kept.Service)
	if err != nil {
		return ExchangeOutput{}, err
	}
	proof, err := s.proofOf(ctx, done.user, c.kept.Provider, asOf, c.kept.At)
	if err != nil {
		return ExchangeOutput{}, err
	}
	tokens, err := s.signin.Begin(ctx, proof, signin.Request{
		Client: domain.FirstParty(), Audience: audience, From: in.From, DeviceName: in.DeviceName, Cookie: in.Cookie, Device: in.Device,
	}, s.System.Now())
	if errors.Is(err, domain.ErrInvalidCredentials) { // disabled, or its credentials replaced, since
		err = errWrongCode
	}
	return ExchangeOutput{Tokens: tokens, Created: done.created}, err
}

// proved decides the outcome of the proof. It checks again everything that may have changed since the mail.
func (s *Service) proved(ctx context.Context, tx *store.Tx, c resumed, a domain.Assertion, from domain.Origin, now time.Time) (settled, error) {
	a.Authoritative = true // the mail has just proved it
	facts, _, err := s.facts(ctx, tx, a)
	switch {
	case err != nil:
		return settled{}, err
	case facts.Linked != nil:
		return settled{}, domain.ErrIdentityTaken // they can log in through it now
	case facts.Owner != nil && facts.Owner.IsEmailVerified():
		return settled{}, domain.ErrLinkRequired // the owner of the mailbox has an account: they log in to it and confirm
	}
	outcome, refusal := a.Judge(facts, s.signUp(c), now)
	switch outcome {
	case domain.AssertionCreate:
		user, err := s.create(ctx, tx, a, from, now)
		return settled{user: user, created: true}, err
	case domain.AssertionTakeOver:
		user, err := s.takeOver(ctx, tx, *facts.Owner, a, linkedByMail, from, now)
		return settled{user: user}, err
	case domain.AssertionRefused, domain.AssertionLogin, domain.AssertionLink:
	}
	return settled{}, refusal
}
