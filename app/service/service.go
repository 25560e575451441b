package service

import (
	"github.com/signet-auth/signet/app/access"
	"github.com/signet-auth/signet/app/base"
	"github.com/signet-auth/signet/domain"
)

const (
	// maxServices is how many services there may be.
	maxServices = 10_000
	// maxNumber is how many services may reuse the name of deleted ones.
	maxNumber = 99
)

// Service is the use cases. Safe for concurrent use.
type Service struct {
	*base.Base

	directory *access.Directory
	cursors   domain.CursorKeys
}

// New makes the service.
func New(b *base.Base, directory *access.Directory, cursors domain.CursorKeys) *Service {
	return &Service{Base: b, directory: directory, cursors: cursors}
}
