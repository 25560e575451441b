// Package signin is the one place where sessions begin, whatever the proof: a password, a provider or a code today, a passkey later.
//
//	Proof (account, methods, time) + Request (client, audience, origin) ─► Begin ─► one transaction:
//	  lock the account ─► is it unchanged since it was judged? ─► limit of sessions ─► session + family ─► device news, run of failures,
//	  audit ─► Tokens
package signin

import (
	"time"

	"github.com/signet-auth/signet/app/access"
	"github.com/signet-auth/signet/app/base"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/device"
)

// Service begins sessions and makes their tokens. Safe for concurrent use.
type Service struct {
	*base.Base

	directory *access.Directory
	minter    *access.Minter
	devices   device.Namer
	keys      domain.RefreshKeys
	policy    domain.SessionPolicy
}

// New makes the service.
func New(b *base.Base, directory *access.Directory, minter *access.Minter, devices device.Namer, keys domain.RefreshKeys, policy domain.SessionPolicy) *Service {
	return &Service{Base: b, directory: directory, minter: minter, devices: devices, keys: keys, policy: policy}
}

// Tokens are a session and its tokens.
type Tokens struct {
	User         domain.User
	Session      domain.Session
	Access       access.Token
	RefreshToken domain.Secret
	IdleUntil    time.Time
}
