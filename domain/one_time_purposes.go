package domain

import "slices"

// Purpose says what the secret of a flow is good for. A secret of one purpose opens nothing else. A new kind of one-time link is a new
// purpose: it is named here, gets its row in the table below, and app/proof issues and redeems it.
type Purpose string

// The purposes.
const (
	PurposeVerifyRegistration Purpose = "verify_registration" // subject: a registration
	PurposeVerifyUser         Purpose = "verify_user"         // subject: a user made before the mailbox was proved
	PurposeResetPassword      Purpose = "reset_password"      // subject: a user
	PurposeResetRegistration  Purpose = "reset_registration"  // subject: an address that has pending registrations only
	PurposeChangeEmail        Purpose = "change_email"        // subject: a user; the address is the new one
)

// Purposes are all of them.
func Purposes() []Purpose {
	return []Purpose{
		PurposeVerifyRegistration, PurposeVerifyUser, PurposeResetPassword, PurposeResetRegistration, PurposeChangeEmail,
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
)

// Occasion is something that happens to an account and voids secrets that were sent before.
type Occasion uint8

// The occasions.
const (
	PasswordReplaced Occasion = iota + 1 // links that were sent under the old password (ASVS 6.4.3)
	AddressReplaced                      // links that went to the old mailbox, and those that wait for an account at the new one
	AddressProved                        // another proof of the mailbox made this one superfluous
	AccountSuspended                     // disabled, closed or deleted
)

// purposes says of every purpose what its flows are about and which occasions void them. Apart from these a flow is voided by a
// newer one of its purpose and subject, and one about a registration goes with it.
var purposes = map[Purpose]struct {
	subject  SubjectKind
	voidedBy []Occasion
}{
	PurposeVerifyRegistration: {SubjectRegistration, nil},
	PurposeVerifyUser:         {SubjectUser, []Occasion{AddressReplaced, AddressProved, AccountSuspended}},
	PurposeResetPassword:      {SubjectUser, []Occasion{PasswordReplaced, AddressReplaced, AccountSuspended}},
	PurposeResetRegistration:  {SubjectAddress, []Occasion{AddressReplaced}},
	PurposeChangeEmail:        {SubjectUser, []Occasion{PasswordReplaced, AddressReplaced, AccountSuspended}},
}

// Subject is what the flows of the purpose are about.
func (p Purpose) Subject() SubjectKind { return purposes[p].subject }

// VoidedBy are the purposes whose flows an occasion voids.
func VoidedBy(o Occasion) []Purpose {
	return slices.DeleteFunc(Purposes(), func(p Purpose) bool { return !slices.Contains(purposes[p].voidedBy, o) })
}
