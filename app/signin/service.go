// Package signin is the one place where sessions begin, whatever the proof: a password, a provider, a code or a second factor. It alone
// decides whether a second factor is asked for.
//
//	Proof (account, methods, time) + Request (client, audience, origin) ─► Begin ─► one transaction:
//	  lock the account ─► is it unchanged since it was judged? ─┬► limit of sessions ─► session + family ─► device news, run of failures,
//	                                                            │  audit ─► Tokens
//	                                                            └► a factor is asked for: challenge ─► domain.ErrMFARequired
//	Challenge (in package factor, with the second proof) ─► Begin
package signin

import (
	"time"

	"github.com/signet-auth/signet/app/access"
	"github.com/signet-auth/signet/app/base"
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
	policy    domain.SessionPolicy
}

// Parts are what the service is made of.
type Parts struct {
	Directory *access.Directory
	Minter    *access.Minter
	Devices   device.Namer
	Proofs    *proof.Service
	Keys      domain.RefreshKeys
}

// New makes the service.
func New(b *base.Base, p Parts, policy domain.SessionPolicy) *Service {
	return &Service{
		Base: b, directory: p.Directory, minter: p.Minter, devices: p.Devices, proofs: p.Proofs, keys: p.Keys, policy: policy,
	}
}

// Tokens are a session and its tokens.
type Tokens struct {
	User         domain.User
	Session      domain.Session
	Access       access.Token
	RefreshToken domain.Secret
	IdleUntil    time.Time
}
