package domain_test

import (
	"errors"
	"testing"
	"time"

	"github.com/signet-auth/signet/domain"
)

// TestAssertionsAreJudgedByTheTable is federation.md §6 row by row (OA-6, RG-9).
func TestAssertionsAreJudgedByTheTable(t *testing.T) {
	address := email(t, "ada@example.com")
	user := func(verified, active bool) *domain.User {
		u := domain.NewUser("018f0000-0000-7000-8000-000000000001", address, "hash", domain.PersonName{}, epoch)
		if verified {
			u.VerifyEmail(epoch)
		}
		if !active {
			u.Disable("left", time.Time{}, epoch)
		}
		return &u
	}
	none := domain.Assertion{Issuer: "i", Subject: "s"}
	proved := none
	proved.Email = address
	authoritative := proved
	authoritative.Authoritative = true
	open, closed := domain.SignUpPolicy{}, domain.SignUpPolicy{Closed: true}
	elsewhere, here := domain.SignUpPolicy{Domains: domain.EmailDomains{"other.example"}}, domain.SignUpPolicy{Domains: domain.EmailDomains{"example.com"}}

	for name, row := range map[string]struct {
		said    domain.Assertion
		facts   domain.AssertionFacts
		policy  domain.SignUpPolicy
		outcome domain.AssertionOutcome
		refusal error
		goesOn  bool
	}{
		"a known identity logs in, whatever registration says": {none, domain.AssertionFacts{Linked: user(true, true)}, closed, domain.AssertionLogin, nil, false},
		"also into an account whose address is not verified":   {none, domain.AssertionFacts{Linked: user(false, true)}, open, domain.AssertionLogin, nil, false},
		"not into one that is disabled":                        {authoritative, domain.AssertionFacts{Linked: user(true, false)}, open, domain.AssertionRefused, domain.ErrAccountDisabled, false},
		"no address":                                           {none, domain.AssertionFacts{}, open, domain.AssertionRefused, domain.ErrEmailRequired, true},
		"no address, closed":                                   {none, domain.AssertionFacts{}, closed, domain.AssertionRefused, domain.ErrRegistrationClosed, true},
		"a new address makes an account":                       {proved, domain.AssertionFacts{}, open, domain.AssertionCreate, nil, false},
		"not where registration is closed":                     {authoritative, domain.AssertionFacts{}, closed, domain.AssertionRefused, domain.ErrRegistrationClosed, true},
		"not of another domain":                                {authoritative, domain.AssertionFacts{}, elsewhere, domain.AssertionRefused, domain.ErrRegistrationClosed, true},
		"of a domain that lets in by a mail of ours":           {proved, domain.AssertionFacts{}, here, domain.AssertionRefused, domain.ErrEmailRequired, true},
		"or by the word of the one that runs it":               {authoritative, domain.AssertionFacts{}, here, domain.AssertionCreate, nil, false},
		"an unverified account goes to the mailbox's owner":    {proved, domain.AssertionFacts{Owner: user(false, true)}, open, domain.AssertionTakeOver, nil, false},
		"also where registration is closed":                    {proved, domain.AssertionFacts{Owner: user(false, true)}, closed, domain.AssertionTakeOver, nil, false},
		"not one that holds roles, by an old proof":            {proved, domain.AssertionFacts{Owner: user(false, true), OwnerHolds: true}, open, domain.AssertionRefused, domain.ErrEmailRequired, true},
		"but by a word that is as good as a mail":              {authoritative, domain.AssertionFacts{Owner: user(false, true), OwnerHolds: true}, open, domain.AssertionTakeOver, nil, false},
		"not one that is disabled, which stays as it is":       {authoritative, domain.AssertionFacts{Owner: user(false, false)}, open, domain.AssertionRefused, domain.ErrAccountDisabled, false},
		"a verified account is linked by authority":            {authoritative, domain.AssertionFacts{Owner: user(true, true)}, closed, domain.AssertionLink, nil, false},
		"not when the provider gave the address away":          {authoritative, domain.AssertionFacts{Owner: user(true, true), OwnerAtIss: true}, open, domain.AssertionRefused, domain.ErrLinkRequired, true},
		"not when it is disabled":                              {authoritative, domain.AssertionFacts{Owner: user(true, false)}, open, domain.AssertionRefused, domain.ErrAccountDisabled, false},
		"never by an old proof":                                {proved, domain.AssertionFacts{Owner: user(true, true)}, open, domain.AssertionRefused, domain.ErrLinkRequired, true},
		"nor does an old proof tell that it is disabled":       {proved, domain.AssertionFacts{Owner: user(true, false)}, open, domain.AssertionRefused, domain.ErrLinkRequired, true},
	} {
		outcome, refusal := row.said.Judge(row.facts, row.policy, epoch)
		goesOn := domain.MayGoOn(refusal)
		if outcome != row.outcome || !errors.Is(refusal, row.refusal) || (refusal == nil) != (row.refusal == nil) || goesOn != row.goesOn {
			t.Errorf("%s: %d %v %v, want %d %v %v", name, outcome, refusal, goesOn, row.outcome, row.refusal, row.goesOn)
		}
	}
}
