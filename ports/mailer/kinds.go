package mailer

// Kind names a mail. A new mail is a constant here, listed in Kinds, with its subject, text and HTML in
// adapters/mailtmpl/templates, once for each language; a use case sends it by its kind.
type Kind string

// The kinds.
const (
	Verify            Kind = "verify"
	AlreadyRegistered Kind = "already_registered"
	RefreshReused     Kind = "refresh_reused"
	Reset             Kind = "reset"              // a link to set a new password
	PasswordChanged   Kind = "password_changed"   // by its owner or by a reset
	ChangeEmail       Kind = "change_email"       // to the new address: the link that proves it
	ChangeEmailAsked  Kind = "change_email_asked" // to the old address: somebody asked, NewAddress is the masked new one
	EmailInUse        Kind = "email_in_use"       // to the owner of an address that another account asked to change to
	EmailChanged      Kind = "email_changed"      // to both addresses when it is done
	NewLogin          Kind = "new_login"          // a login from a class of device not seen before
	AccountClosed     Kind = "account_closed"     // EraseAt is when the data is erased
	StillClosed       Kind = "still_closed"       // to the owner of a closed account whose address somebody registered; EraseAt likewise
	VerifyNewAddress  Kind = "verify_new_address" // to an address that an administrator gave to an account: the link that proves it

	AccountCreated    Kind = "account_created"     // by a login through Provider
	IdentityLinked    Kind = "identity_linked"     // Provider was linked to the account
	IdentityUnlinked  Kind = "identity_unlinked"   // Provider was unlinked
	OAuthCode         Kind = "oauth_code"          // a code and no link: it proves the address of a login through Provider
	OAuthKnownAddress Kind = "oauth_known_address" // to the owner of an address that was given in such a login

	FactorAdded          Kind = "factor_added"           // Factor is its kind
	FactorRemoved        Kind = "factor_removed"         // likewise
	FactorsReset         Kind = "factors_reset"          // an administrator removed all of them
	RecoveryCodeUsed     Kind = "recovery_code_used"     // Left is how many are left
	RecoveryCodesCreated Kind = "recovery_codes_created" // those before work no more
	FactorGuessed        Kind = "factor_guessed"         // somebody with the password guessed codes
	FactorsUndone        Kind = "factors_undone"         // by the link in the mail about the first one
	FactorSuspended      Kind = "factor_suspended"       // a key seems to be copied; Factor is its kind
	PasswordRemoved      Kind = "password_removed"
)

// Kinds are all of them.
func Kinds() []Kind {
	return []Kind{
		Verify, AlreadyRegistered, RefreshReused, Reset, PasswordChanged, ChangeEmail, ChangeEmailAsked, EmailInUse, EmailChanged,
		NewLogin, AccountClosed, StillClosed, VerifyNewAddress, AccountCreated, IdentityLinked, IdentityUnlinked, OAuthCode, OAuthKnownAddress,
		FactorAdded, FactorRemoved, FactorsReset, RecoveryCodeUsed, RecoveryCodesCreated, FactorGuessed, FactorsUndone, FactorSuspended, PasswordRemoved,
	}
}
