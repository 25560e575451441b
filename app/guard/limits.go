package guard

import "github.com/signet-auth/signet/ports/transient"

// Limits are the budgets that all replicas share, by what they bound. A new one is a field here, a method of Guard that takes from it, and
// its setting in cmd/run. adapters/echohttp/throttle.go bounds the calls of one caller to one replica, for every route.
type Limits struct {
	Account     transient.Limit // guesses per address, whether or not it has an account
	Block       transient.Limit // failures per address block
	Register    transient.Limit // registrations per address block: each costs a hash
	Mail        transient.Limit // mails per address
	Recovery    transient.Limit // mails that replace a password, which count separately
	MailByBlock transient.Limit // mails asked for per address block
	ResetSent   transient.Limit // links to replace a password per address that an administrator sends: strangers can't use this up
}
