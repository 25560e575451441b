package profile

import (
	"github.com/signet-auth/signet/app/base"
	"github.com/signet-auth/signet/app/guard"
	"github.com/signet-auth/signet/app/proof"
	"github.com/signet-auth/signet/app/reauth"
)

// Service is the use cases. Safe for concurrent use.
type Service struct {
	*base.Base

	guard  *guard.Guard
	proofs *proof.Service
	reauth *reauth.Service
}

// New makes the service.
func New(b *base.Base, g *guard.Guard, proofs *proof.Service, r *reauth.Service) *Service {
	return &Service{Base: b, guard: g, proofs: proofs, reauth: r}
}
