package proof

import (
	"cmp"
	"context"
	"encoding/json"
	"time"

	"github.com/signet-auth/signet/app/base"
	"github.com/signet-auth/signet/app/guard"
	"github.com/signet-auth/signet/app/outbox"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/mailer"
	"github.com/signet-auth/signet/ports/secure"
	"github.com/signet-auth/signet/ports/store"
)

// Link is the link of a mail.
type Link struct {
	TTL time.Duration
	URL func(token domain.Secret) string
}

// Settings are the links by purpose, and the code that goes with the link of a verification.
type Settings struct {
	Verify, Reset, ChangeEmail Link
	FactorUndo                 Link // without a life: there is none
	Code                       domain.CodePolicy
}

// Service issues and redeems. Safe for concurrent use.
type Service struct {
	*base.Base

	guard  *guard.Guard
	sealer secure.Sealer
	code   domain.CodePolicy
	terms  map[domain.Purpose]terms
}

// terms are how the secret of a purpose is delivered.
type terms struct {
	link Link // without a URL: only the code
	mail mailer.Kind
	code bool
}

// New makes the service. It panics when a mailed purpose has no terms, because its secrets could not be delivered.
func New(b *base.Base, g *guard.Guard, sealer secure.Sealer, s Settings) *Service {
	verify, reset := terms{s.Verify, mailer.Verify, true}, terms{s.Reset, mailer.Reset, false}
	all := map[domain.Purpose]terms{
		domain.PurposeVerifyRegistration: verify,
		domain.PurposeVerifyUser:         verify,
		domain.PurposeResetPassword:      reset,
		domain.PurposeResetRegistration:  reset,
		domain.PurposeChangeEmail:        {s.ChangeEmail, mailer.ChangeEmail, false},
		domain.PurposeFactorUndo:         {s.FactorUndo, mailer.FactorAdded, false},
		domain.PurposeProviderAddress:    {Link{TTL: s.Code.TTL}, mailer.OAuthCode, true}, // no link: its reader would link a stranger
	}
	for _, purpose := range domain.Purposes() {
		if _, ok := all[purpose]; !ok && purpose.IsMailed() {
			panic("proof: the purpose " + string(purpose) + " has no terms")
		}
	}
	return &Service{Base: b, guard: g, sealer: sealer, code: s.Code, terms: all}
}

// Request asks for a secret.
type Request struct {
	Purpose domain.Purpose
	Subject string
	To      domain.Email // the mailbox that using it proves
	Name    domain.PersonName
	From    domain.Origin
	AskedAt time.Time
	Payload any         // stored with it, sealed; nil: nothing
	Mail    mailer.Kind // the mail that carries it; empty: that of the purpose
	// Provider is the display name of the one that a login came through; empty: none.
	Provider string
	Factor   domain.FactorKind // that the mail is about; empty: none
	Tries    int               // wrong codes so far, of the flow that this one supersedes
	// Until keeps the flow for longer than its code works, so that wrong codes count against the next one; zero: the life of the purpose.
	Until time.Time
}

// TTL is how long the link of a purpose works.
func (s *Service) TTL(p domain.Purpose) time.Duration { return s.terms[p].link.TTL }

// Send issues a secret and queues its mail.
func (s *Service) Send(ctx context.Context, tx *store.Tx, r Request, now time.Time) error {
	flow, secret, err := s.Issue(ctx, tx, r, now)
	if err != nil {
		return err
	}
	return s.Mail(ctx, tx, r, flow, secret, now)
}

// Issue makes a secret and stores its flow. This voids older flows of the purpose about the subject.
func (s *Service) Issue(ctx context.Context, tx *store.Tx, r Request, now time.Time) (domain.Flow, domain.OneTimeSecret, error) {
	policy := domain.CodePolicy{}
	if s.terms[r.Purpose].code {
		policy = s.code
	}
	ttl := s.TTL(r.Purpose)
	if !r.Until.IsZero() {
		ttl = r.Until.Sub(now)
	}
	flow, secret, err := domain.NewFlow(domain.FlowID(s.System.NewOrderedID()), r.Purpose, r.Subject, r.To, s.codeKeys()[0],
		s.System.Entropy, now, ttl, policy)
	flow.Tries = r.Tries
	if err == nil && r.Payload != nil {
		flow.Payload, err = s.SealPayload(flow.ID, r.Payload)
	}
	if err != nil {
		return domain.Flow{}, domain.OneTimeSecret{}, err
	}
	if err := tx.Flows.Supersede(ctx, r.Purpose, r.Subject, now); err != nil {
		return domain.Flow{}, domain.OneTimeSecret{}, err
	}
	return flow, secret, tx.Flows.Insert(ctx, flow)
}

// Mail queues the mail that carries a secret.
func (s *Service) Mail(ctx context.Context, tx *store.Tx, r Request, flow domain.Flow, secret domain.OneTimeSecret, now time.Time) error {
	t := s.terms[r.Purpose]
	data := mailer.Data{Name: r.Name.First, AskedAt: r.AskedAt, Provider: r.Provider, Factor: r.Factor}
	until := flow.CodeExpiresAt
	if t.link.URL != nil {
		data.Link, data.LinkTTL, until = t.link.URL(secret.Link), t.link.TTL, flow.ExpiresAt
	}
	if t.code {
		data.Code, data.CodeTTL = secret.Code.Reveal(), s.code.TTL
	}
	mail := outbox.Mail{Kind: cmp.Or(r.Mail, t.mail), To: r.To, Locale: r.Name.Locale, From: r.From, Data: data}
	return s.Base.Mail.Mail(ctx, tx, mail, now, until)
}

// Void ends the secrets that an occasion voids: those about the account, and those for its address.
func (s *Service) Void(ctx context.Context, tx *store.Tx, o domain.Occasion, user domain.User, now time.Time) error {
	for _, purpose := range domain.VoidedBy(o) {
		subject := string(user.ID)
		if purpose.Subject() == domain.SubjectAddress {
			subject = user.Email.Canonical()
		}
		if err := tx.Flows.Supersede(ctx, purpose, subject, now); err != nil {
			return err
		}
	}
	return nil
}

// PayloadPlace is the place to which a flow's sealed payload is bound.
func PayloadPlace(id domain.FlowID) string { return "flows/payload/" + string(id) }

// SealPayload seals the payload of a flow.
func (s *Service) SealPayload(id domain.FlowID, payload any) ([]byte, error) {
	plain, err := json.Marshal(payload)
	if err != nil {
		return nil, err
	}
	return s.sealer.Seal(PayloadPlace(id), plain)
}

// OpenPayload reads the payload of a flow.
func (s *Service) OpenPayload(flow domain.Flow, out any) error {
	plain, err := s.sealer.Open(PayloadPlace(flow.ID), flow.Payload)
	if err != nil {
		return err
	}
	return json.Unmarshal(plain, out)
}

// codeKeys bind codes to SECRET_KEY, the current one first.
func (s *Service) codeKeys() [][]byte { return s.sealer.Derive("codes") }
