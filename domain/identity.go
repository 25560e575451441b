package domain

import (
	"errors"
	"time"
)

// MaxIdentities is how many identities a user may have.
const MaxIdentities = 10

// Identity is an account at a provider by which a user may log in. The key is (Issuer, Subject). It is not the address, which providers
// reassign, nor the label, so that a renamed provider keeps its people and another one under an old name gets none of them.
type Identity struct {
	ID            IdentityID
	UserID        UserID
	Issuer        string
	Subject       string
	Provider      string // a label: the provider's name at the last login
	Email         string // as last reported by the provider, for display
	EmailVerified bool
	CreatedAt     time.Time
	LastLoginAt   time.Time
}

// Assertion is what a provider said about a person in one login, in our own types.
type Assertion struct {
	Provider string
	Issuer   string
	Subject  string
	// Email is the address that the provider proved, zero when it proved none. Said is what it reported, for display.
	Email Email
	Said  string
	// Authoritative tells that the provider runs the mailbox or its domain, so its word is as good as our own mail. Other providers proved the
	// address once, perhaps years ago and for a person who has since lost it.
	Authoritative bool
	Name          PersonName
}

// Identity is the assertion as an identity of a user.
func (a Assertion) Identity(id IdentityID, user UserID, now time.Time) Identity {
	return Identity{
		ID: id, UserID: user, Issuer: a.Issuer, Subject: a.Subject, Provider: a.Provider, Email: a.Said, EmailVerified: !a.Email.IsZero(),
		CreatedAt: now, LastLoginAt: now,
	}
}

// Seen is the identity after a login, which updates the label and the displayed address, never the account.
func (i Identity) Seen(a Assertion, now time.Time) Identity {
	i.Provider, i.Email, i.EmailVerified, i.LastLoginAt = a.Provider, a.Said, !a.Email.IsZero(), now
	return i
}

// AssertionOutcome is the decision about an assertion.
type AssertionOutcome uint8

// The outcomes. The zero value is a refusal.
const (
	AssertionRefused  AssertionOutcome = iota
	AssertionLogin                     // the identity is known
	AssertionCreate                    // a new account, its address verified
	AssertionTakeOver                  // an account with an unproved mailbox: its owner is here, and what a stranger left is removed
	AssertionLink                      // an additional identity of a verified account, on the word of a provider that runs the mailbox
)

// AssertionFacts are the stored facts by which an assertion is judged.
type AssertionFacts struct {
	Linked     *User // the user with the identity
	Owner      *User // the user with the proved address
	OwnerAtIss bool  // the owner has another identity of the issuer
	OwnerHolds bool  // the owner holds more than the default roles
}

// SignUpPolicy says whether new people get an account through a provider.
type SignUpPolicy struct {
	Closed  bool         // by the settings of registration or of the provider
	Domains EmailDomains // that new accounts may have addresses of; empty: any
}

// Judge decides the outcome of the assertion. The address does not identify a person: it links to an account only on the word of a provider
// that is authoritative for it, and only if the account's mailbox was proved, too (OA-6). After a refusal that MayGoOn the person can give
// another proof.
func (a Assertion) Judge(f AssertionFacts, p SignUpPolicy, now time.Time) (AssertionOutcome, error) {
	switch {
	case f.Linked != nil && f.Linked.IsActive(now):
		return AssertionLogin, nil
	case f.Linked != nil:
		return AssertionRefused, ErrAccountDisabled
	case a.Email.IsZero() && p.Closed:
		return AssertionRefused, ErrRegistrationClosed
	case a.Email.IsZero():
		return AssertionRefused, ErrEmailRequired
	case f.Owner == nil:
		return a.judgeNew(p)
	case !f.Owner.IsEmailVerified():
		return a.judgeUnverified(f, now)
	case !a.Authoritative:
		return AssertionRefused, ErrLinkRequired // also for an inactive account, so that a stranger does not learn of it
	case !f.Owner.IsActive(now):
		return AssertionRefused, ErrAccountDisabled
	case f.OwnerAtIss:
		return AssertionRefused, ErrLinkRequired // the provider reassigned the address to another person
	}
	return AssertionLink, nil
}

// MayGoOn tells whether a person who was refused may go on by another proof: a login to the account, or a mail.
func MayGoOn(refusal error) bool {
	return errors.Is(refusal, ErrRegistrationClosed) || errors.Is(refusal, ErrEmailRequired) || errors.Is(refusal, ErrLinkRequired)
}

func (a Assertion) judgeNew(p SignUpPolicy) (AssertionOutcome, error) {
	switch {
	case p.Closed || !p.Domains.Allow(a.Email):
		return AssertionRefused, ErrRegistrationClosed
	case len(p.Domains) > 0 && !a.Authoritative:
		return AssertionRefused, ErrEmailRequired // the domain grants access, so an old proof is not enough
	}
	return AssertionCreate, nil
}

func (a Assertion) judgeUnverified(f AssertionFacts, now time.Time) (AssertionOutcome, error) {
	switch {
	case f.OwnerHolds && !a.Authoritative:
		return AssertionRefused, ErrEmailRequired
	case !f.Owner.IsActive(now):
		return AssertionRefused, ErrAccountDisabled
	}
	return AssertionTakeOver, nil
}
