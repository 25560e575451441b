// Package signin is the one place where sessions begin, whatever the proof: a password, a provider, a code or a second factor. It alone
// decides whether a second factor is asked for.
//
//	Proof (account, methods, time) + Request (client, audience, origin) ─► Begin ─► one transaction:
//	  lock the account ─► is it unchanged since it was judged? ─┬► limit of sessions ─► session + family ─► device news, run of failures,
//	                                                            │  audit ─► Tokens
//	                                                            └► a factor is asked for, and the device is not remembered: challenge ─►
//	                                                               domain.ErrMFARequired
//	Challenge (in package factor, with the second proof) ─► Begin
package signin

import (
	"sync/atomic"
	"time"

	"github.com/signet-auth/signet/app/access"
	"github.com/signet-auth/signet/app/base"
	"github.com/signet-auth/signet/app/guard"
	"github.com/signet-auth/signet/app/proof"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/device"
)

// Service begins sessions and makes their tokens. Safe for concurrent use.
type Service struct {
	*base.Base

	directory *access.Directory
	minter    *access.Minter
	devices   device.Namer
	proofs    *proof.Service
	keys      domain.RefreshKeys
	guard     *guard.Guard
	settings  Settings

	challenged atomic.Int64
}

// Settings are what operators choose.
type Settings struct {
	Sessions domain.SessionPolicy
	// RequireFactor wants a second factor of everybody: those without one may only log in to the platform, to add one.
	RequireFactor bool
	// RPID is the WebAuthn relying party, for whose credentials people can be asked; empty: there are no passkeys.
	RPID string
	// TrustedDevice is how long a device is remembered; zero: never.
	TrustedDevice time.Duration
}

// Parts are what the service is made of.
type Parts struct {
	Directory *access.Directory
	Minter    *access.Minter
	Devices   device.Namer
	Proofs    *proof.Service
	Keys      domain.RefreshKeys
	Guard     *guard.Guard
}

// New makes the service.
func New(b *base.Base, p Parts, s Settings) *Service {
	return &Service{
		Base: b, directory: p.Directory, minter: p.Minter, devices: p.Devices, proofs: p.Proofs, keys: p.Keys, guard: p.Guard, settings: s,
	}
}

// Tokens are a session and its tokens.
type Tokens struct {
	User         domain.User
	Session      domain.Session
	Access       access.Token
	RefreshToken domain.Secret
	IdleUntil    time.Time
	// MustEnrol tells that a second factor must be added before anything else.
	MustEnrol bool
	// DeviceToken is that of the device, if it is remembered from now on, until DeviceUntil.
	DeviceToken domain.Secret
	DeviceUntil time.Time
}

// Admit returns domain.ErrEnrolmentRequired for a user without a second factor where one is required, at any audience but the platform, where
// they can add one: nobody is shut out (zitadel#7774).
func (s *Service) Admit(user domain.User, audience domain.Service) error {
	if s.mustEnrol(user) && !audience.IsPlatform() {
		return domain.ErrEnrolmentRequired
	}
	return nil
}

// MayRefuse tells whether Admit may refuse an audience.
func (s *Service) MayRefuse(audience domain.Service) bool {
	return s.settings.RequireFactor && !audience.IsPlatform()
}

// Challenged is how many logins this process has answered with a challenge.
func (s *Service) Challenged() int64 { return s.challenged.Load() }

// RPID is the WebAuthn relying party that people can prove themselves to; empty: none.
func (s *Service) RPID() string { return s.settings.RPID }

// RequiresFactor tells whether everybody needs a second factor.
func (s *Service) RequiresFactor() bool { return s.settings.RequireFactor }

func (s *Service) mustEnrol(user domain.User) bool {
	return s.settings.RequireFactor && !user.HasFactors
}
