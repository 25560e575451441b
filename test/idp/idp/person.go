package idp

import (
	"crypto/sha256"
	"encoding/hex"
	"math/big"
	"strings"
)

// Person is one account at a provider.
type Person struct {
	// Subject is the provider's name for the account; empty: made of the address, in the provider's form.
	Subject string `json:"subject,omitempty"`
	// Email may be empty: accounts without address are common at Facebook, Discord and GitHub Apps.
	Email string `json:"email,omitempty"`
	// Verified: the provider says that the mailbox was proved. Facebook has no word for it.
	Verified   bool   `json:"verified,omitempty"`
	GivenName  string `json:"given_name,omitempty"`
	FamilyName string `json:"family_name,omitempty"`
	Locale     string `json:"locale,omitempty"`

	HostedDomain string `json:"hd,omitempty"`           // Google: the Workspace of the account
	Tenant       string `json:"tenant,omitempty"`       // Microsoft: tid; empty: WorkTenant
	Guest        string `json:"guest,omitempty"`        // Microsoft: the claim idp of a guest, another tenant's issuer
	PublicEmail  string `json:"public_email,omitempty"` // GitHub: the address of the profile, which anybody may choose

	// Claims are set over those of the id_token and userinfo; Omit leaves one out.
	Claims Object `json:"claims,omitempty"`
}

// Tenants of Microsoft.
const (
	WorkTenant     = "2f6a1c1e-5b0d-4f0e-9a57-0c5d3c1f7a10"
	OtherTenant    = "7d3b9e42-1f84-4c6b-8e0a-5a9f2b6c4d21"
	PersonalTenant = "9188040d-6c67-4c5b-b112-36a304b66dad" // all personal accounts, outlook.com and others
)

func (p Person) name() string { return strings.TrimSpace(p.GivenName + " " + p.FamilyName) }

// nick is a name as sites want it: of the address, or of nothing.
func (p Person) nick() string {
	nick, _, _ := strings.Cut(p.Email, "@")
	if nick == "" {
		return "someone"
	}
	return nick
}

func (p Person) tenant() string {
	if p.Tenant == "" {
		return WorkTenant
	}
	return p.Tenant
}

// People are those that the page offers. The first is logged in at the beginning.
func (p *Provider) People() []Person {
	home := p.dialect.home
	people := []Person{
		{Email: "ada@example.com", Verified: true, GivenName: "Ada", FamilyName: "Lovelace", Locale: "en"},
		{Email: "alan@example.com", GivenName: "Alan", FamilyName: "Turing", Locale: "en"},
		{Subject: p.dialect.subject("nobody"), GivenName: "Grace", FamilyName: "Hopper", Locale: "en"},
	}
	if home != "" {
		people = append(people, Person{Email: "edsger@" + home, Verified: true, GivenName: "Edsger", FamilyName: "Dijkstra", Locale: "nl"})
		if home == "outlook.com" {
			people[len(people)-1].Tenant = PersonalTenant
		}
	}
	return people
}

// subjectOf is the person's name at the provider.
func (p *Provider) subjectOf(person Person) string {
	if person.Subject != "" {
		return person.Subject
	}
	return p.dialect.subject(strings.ToLower(person.Email))
}

// digits makes a number of n digits of a seed.
func digits(n int) func(seed string) string {
	return func(seed string) string {
		sum := sha256.Sum256([]byte(seed))
		text := new(big.Int).SetBytes(sum[:]).String()
		return "1" + text[1:n]
	}
}

// guid makes a GUID of a seed.
func guid(seed string) string {
	sum := sha256.Sum256([]byte(seed))
	h := hex.EncodeToString(sum[:16])
	return h[:8] + "-" + h[8:12] + "-4" + h[13:16] + "-8" + h[17:20] + "-" + h[20:]
}
