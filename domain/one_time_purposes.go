package domain

import "slices"

// Purpose says what the secret of a flow is for. A secret of one purpose opens nothing else. A new kind of one-time link is a new purpose:
// it is named here, gets its row in the table below, and app/proof issues and redeems it.
type Purpose string

// The purposes.
const (
	PurposeVerifyRegistration Purpose = "verify_registration" // subject: a registration
	PurposeVerifyUser         Purpose = "verify_user"         // subject: a user made before the mailbox was proved
	PurposeResetPassword      Purpose = "reset_password"      // subject: a user
	PurposeResetRegistration  Purpose = "reset_registration"  // subject: an address that has pending registrations only
	PurposeChangeEmail        Purpose = "change_email"        // subject: a user; the address is the new one

	PurposeProviderCode         Purpose = "provider_code"         // subject: a user who logged in through a provider; to be exchanged
	PurposeProviderContinuation Purpose = "provider_continuation" // subject: an identity that is not linked yet
	PurposeProviderAddress      Purpose = "provider_address"      // subject: a continuation; the address is the one to be proved
	PurposeLinkTicket           Purpose = "link_ticket"           // subject: a user who links an identity

	PurposeMFALogin Purpose = "mfa_login" // subject: a user who proved a first factor; to be redeemed by a second one
	// PurposeFactorUndo undoes the first second factor and all that came after it. It outlives a new password, which a thief may have set.
	PurposeFactorUndo Purpose = "factor_undo" // subject: a user

	PurposePasskey Purpose = "passkey" // subject: a user who signed a WebAuthn challenge; written when it is used up
)

// Purposes are all of them.
func Purposes() []Purpose {
	return []Purpose{
		PurposeVerifyRegistration, PurposeVerifyUser, PurposeResetPassword, PurposeResetRegistration, PurposeChangeEmail,
		PurposeProviderCode, PurposeProviderContinuation, PurposeProviderAddress, PurposeLinkTicket, PurposeMFALogin, PurposeFactorUndo,
		PurposePasskey,
	}
}

// SubjectKind says what a flow is about, and so which lock its use takes.
type SubjectKind uint8

// The kinds of subjects. The zero value is none, so a purpose that is missing from the table is noticed.
const (
	_ SubjectKind = iota
	SubjectRegistration
	SubjectUser
	SubjectAddress
	SubjectAssertion // an identity at a provider without an account
	SubjectSigned    // a user, about whom nothing is to be decided any more
)

// Occasion is something that happens to an account and voids secrets that were sent before.
type Occasion uint8

// The occasions.
const (
	PasswordReplaced Occasion = iota + 1 // links that were sent under the old password (ASVS 6.4.3)
	AddressReplaced                      // links that went to the old mailbox, and those that wait for an account at the new one
	AddressProved                        // the mailbox was proved in another way
	AccountSuspended                     // disabled, closed or deleted
	FactorsChanged                       // the first second factor was added, or one was removed
	AccountTakenOver                     // the mailbox's owner got the account that somebody else had made
)

// purposes says for every purpose what its flows are about, whether a mail carries their secret, and which occasions void them. In
// addition, a newer flow of the same purpose and subject voids a flow, and a flow about a registration is deleted with it.
var purposes = map[Purpose]struct {
	subject  SubjectKind
	mailed   bool
	voidedBy []Occasion
}{
	PurposeVerifyRegistration: {SubjectRegistration, true, nil},
	PurposeVerifyUser:         {SubjectUser, true, []Occasion{AddressReplaced, AddressProved, AccountSuspended, AccountTakenOver}},
	PurposeResetPassword:      {SubjectUser, true, []Occasion{PasswordReplaced, AddressReplaced, AccountSuspended, AccountTakenOver}},
	PurposeResetRegistration:  {SubjectAddress, true, []Occasion{AddressReplaced, AccountTakenOver}},
	PurposeChangeEmail:        {SubjectUser, true, []Occasion{PasswordReplaced, AddressReplaced, AccountSuspended, FactorsChanged, AccountTakenOver}},

	PurposeProviderCode:         {SubjectUser, false, []Occasion{PasswordReplaced, AddressReplaced, AccountSuspended, FactorsChanged, AccountTakenOver}},
	PurposeProviderContinuation: {SubjectAssertion, false, nil}, // checked again when it is used
	PurposeProviderAddress:      {SubjectAssertion, true, nil},
	PurposeLinkTicket:           {SubjectUser, false, []Occasion{PasswordReplaced, AddressReplaced, AccountSuspended, FactorsChanged, AccountTakenOver}},

	PurposeMFALogin:   {SubjectUser, false, []Occasion{PasswordReplaced, AddressReplaced, AccountSuspended, FactorsChanged, AccountTakenOver}},
	PurposeFactorUndo: {SubjectUser, true, []Occasion{AddressReplaced, AccountSuspended, AccountTakenOver}},

	PurposePasskey: {SubjectSigned, false, nil},
}

// Subject is what the flows of the purpose are about.
func (p Purpose) Subject() SubjectKind { return purposes[p].subject }

// IsMailed tells whether a mail carries the secret, and so proves the mailbox.
func (p Purpose) IsMailed() bool { return purposes[p].mailed }

// VoidedBy are the purposes whose flows an occasion voids.
func VoidedBy(o Occasion) []Purpose {
	return slices.DeleteFunc(Purposes(), func(p Purpose) bool { return !slices.Contains(purposes[p].voidedBy, o) })
}
