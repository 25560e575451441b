package federation

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strings"
	"time"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

// The outcome of a state is one row, whose id is derived from the state. Its secret is derived from the state and SECRET_KEY: a repeated
// callback can be answered with the same secret, but the row alone is useless.

const (
	outcomeLabel       = "oauth"
	codeLabel          = "oauth-code"
	continuationLabel  = "oauth-continuation"
	continuationPrefix = "sgco_"
)

func outcomeID(state string) domain.FlowID { return domain.DeriveFlowID(outcomeLabel, state) }

// secretOf is the secret of an outcome, under the SECRET_KEY with which it was made.
func (c *callback) secretOf(flow domain.Flow, label string) (domain.Secret, error) {
	for _, key := range c.sealer.Derive(outcomeLabel) {
		secret := domain.DeriveSecret(key, label, c.in.State)
		if hash, ok := domain.HashOneTimeSecret(secret); ok && hmac.Equal(hash, flow.SecretHash) {
			return secret, nil
		}
	}
	return domain.Secret{}, domain.ErrInvalidState
}

// exchangeable is the payload of a code: everything that its exchange is bound to.
type exchangeable struct {
	Provider    string
	Fingerprint []byte
	Challenge   string
	Service     string
	Epoch       int64 // of the user's credentials
	At          time.Time
	Created     bool
}

// continued is the payload of a continuation: what the provider said, and why nobody was logged in.
type continued struct {
	Provider    string
	Fingerprint []byte
	Challenge   string
	Service     string
	Reason      string           // the code of the refusal
	User        domain.UserID    // the user who links an identity, and in which session; empty: a login
	Session     domain.SessionID // likewise
	Assertion   keptAssertion
	At          time.Time
}

// keptAssertion is a domain.Assertion in a form that can be stored.
type keptAssertion struct {
	Issuer, Subject, Mailbox, Address, Said string
	Authoritative                           bool
	First, Last, Locale                     string
}

func (k continued) assertion() domain.Assertion {
	a := k.Assertion
	return domain.Assertion{
		Provider: k.Provider, Issuer: a.Issuer, Subject: a.Subject, Email: domain.RestoreEmail(a.Mailbox, a.Address), Said: a.Said,
		Authoritative: a.Authoritative, Name: domain.PersonName{First: a.First, Last: a.Last, Locale: a.Locale},
	}
}

func (k continued) isLink() bool { return k.User != "" }

// refusals are those after which a person may continue.
var refusals = []*domain.Error{domain.ErrRegistrationClosed, domain.ErrEmailRequired, domain.ErrLinkRequired}

func (k continued) refusal() error {
	for _, e := range refusals {
		if e.Code == k.Reason {
			return e
		}
	}
	return domain.ErrInvalidState
}

// keepOutcome writes the row of the state: a code or, if nobody logs in yet, a continuation. A browser without an application to go back to
// gets its session at once, and the row is written as used up.
func (c *callback) keepOutcome(ctx context.Context, tx *store.Tx, a domain.Assertion, done settled, now time.Time) (domain.Secret, error) {
	flow := domain.Flow{ID: outcomeID(c.in.State), CreatedAt: now}
	label := codeLabel
	var payload any
	if done.user.ID == "" {
		label = continuationLabel
		flow.Purpose, flow.Subject, flow.ExpiresAt = domain.PurposeProviderContinuation, subjectOf(a), now.Add(c.settings.ContinuationTTL)
		payload = c.continued(a, done, now)
		if err := tx.Flows.Supersede(ctx, flow.Purpose, flow.Subject, now); err != nil {
			return domain.Secret{}, err
		}
	} else {
		flow.Purpose, flow.Subject, flow.ExpiresAt = domain.PurposeProviderCode, string(done.user.ID), now.Add(c.settings.CodeTTL)
		payload = exchangeable{
			Provider: c.attempt.Provider, Fingerprint: c.attempt.Fingerprint, Challenge: c.attempt.Challenge, Service: c.attempt.Service,
			Epoch: done.user.CredentialEpoch, At: now, Created: done.created,
		}
		if c.back.To.IsZero() {
			flow.ConsumedAt = now
		}
	}
	secret := domain.DeriveSecret(c.sealer.Derive(outcomeLabel)[0], label, c.in.State)
	flow.SecretHash, _ = domain.HashOneTimeSecret(secret)
	var err error
	if flow.Payload, err = c.proofs.SealPayload(flow.ID, payload); err != nil {
		return domain.Secret{}, err
	}
	return secret, tx.Flows.InsertFirst(ctx, flow)
}

func (c *callback) continued(a domain.Assertion, done settled, now time.Time) continued {
	k := continued{
		Provider: c.attempt.Provider, Fingerprint: c.attempt.Fingerprint, Challenge: c.attempt.Challenge, Service: c.attempt.Service,
		User: c.attempt.User, Session: c.attempt.Session, At: now,
		Assertion: keptAssertion{
			Issuer: a.Issuer, Subject: a.Subject, Mailbox: a.Email.Mailbox(), Address: a.Email.Canonical(), Said: a.Said,
			Authoritative: a.Authoritative, First: a.Name.First, Last: a.Name.Last, Locale: a.Name.Locale,
		},
	}
	if done.refusal != nil {
		k.Reason = codeOf(done.refusal)
	}
	return k
}

// subjectOf is the subject of an identity's flows.
func subjectOf(a domain.Assertion) string {
	sum := sha256.Sum256([]byte(a.Issuer + "\x00" + a.Subject))
	return domain.Base62(sum[:])
}

func continuationText(secret domain.Secret) domain.Secret {
	return domain.NewSecret(continuationPrefix + secret.Reveal())
}

func parseContinuation(text domain.Secret) domain.Secret {
	return domain.NewSecret(strings.TrimPrefix(text.Reveal(), continuationPrefix))
}

// errWrongVerifier refuses a code_verifier that does not match the challenge.
var errWrongVerifier = errors.New("the code_verifier is not that of the challenge")

// verify compares a code_verifier with the S256 challenge that a login began with (RFC 7636 §4.6). A wrong one does not use up the code,
// but costs the sender's address block a try.
func (s *Service) verify(ctx context.Context, from domain.Origin, verifier domain.Secret, challenge string, refusal *domain.Error) error {
	sum := sha256.Sum256([]byte(verifier.Reveal()))
	if hmac.Equal([]byte(base64.RawURLEncoding.EncodeToString(sum[:])), []byte(challenge)) {
		return nil
	}
	if _, err := s.guard.AttemptToken(ctx, from); err != nil {
		return err
	}
	return refusal.Because(errWrongVerifier)
}
