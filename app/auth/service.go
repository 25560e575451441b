package auth

import (
	"time"

	"github.com/signet-auth/signet/app/access"
	"github.com/signet-auth/signet/app/base"
	"github.com/signet-auth/signet/app/credential"
	"github.com/signet-auth/signet/app/guard"
	"github.com/signet-auth/signet/app/proof"
	"github.com/signet-auth/signet/app/signin"
	"github.com/signet-auth/signet/domain"
)

// Settings are the rules for registration and login.
type Settings struct {
	Registration RegistrationPolicy
	Languages    []string // that mails are written in
	Refresh      domain.RefreshPolicy
	// KeepBearers lets clients that send their refresh token as bearer keep it for good (REFRESH_BEARER=static).
	KeepBearers bool
	Sessions    domain.SessionPolicy
}

// Registration says who may register.
type Registration string

// The settings of registration.
const (
	RegistrationOpen   Registration = "open"
	RegistrationInvite Registration = "invite"
	RegistrationOff    Registration = "off"
)

// RegistrationPolicy is the policy of registration.
type RegistrationPolicy struct {
	Open Registration
	// Friendly says that an address is taken. Strict, the default, answers the same for taken and free ones.
	Friendly bool
	// Unverified is a weaker mode (EMAIL_VERIFICATION=optional): it creates the user at once, and users may log in before their mailbox is
	// proved.
	Unverified bool
	TTL        time.Duration       // of a pending registration
	Domains    domain.EmailDomains // allowed domains for new accounts; empty: any
}

// Service is the use cases. Safe for concurrent use.
type Service struct {
	*base.Base

	guard         *guard.Guard
	passwords     *credential.Passwords
	proofs        *proof.Service
	signin        *signin.Service
	directory     *access.Directory
	authenticator *access.Authenticator
	keys          domain.RefreshKeys
	settings      Settings

	refreshing turns
}

// Parts are what the service is made of.
type Parts struct {
	Guard         *guard.Guard
	Passwords     *credential.Passwords
	Proofs        *proof.Service
	SignIn        *signin.Service
	Directory     *access.Directory
	Authenticator *access.Authenticator
	Keys          domain.RefreshKeys
}

// New makes the service.
func New(b *base.Base, p Parts, s Settings) *Service {
	return &Service{
		Base: b, guard: p.Guard, passwords: p.Passwords, proofs: p.Proofs, signin: p.SignIn, directory: p.Directory,
		authenticator: p.Authenticator, keys: p.Keys, settings: s,
	}
}
