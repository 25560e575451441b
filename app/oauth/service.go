// Package oauth is how services get and check access tokens by OAuth 2.0: RFC 6749 (client credentials), 7662 and 7009. A service is its
// own client, and each of its application tokens is a client secret.
//
//	token      ─► client ─► grant ─► audience ─► scope ─► access token (RFC 9068)
//	introspect ─► client ─► a token for this service, or one of its own ─► what it is and allows now; anything else: inactive
//	revoke     ─► client ─► one of its own application tokens ─► over for good
package oauth

import (
	"context"
	"errors"

	"github.com/signet-auth/signet/app/access"
	"github.com/signet-auth/signet/app/base"
	"github.com/signet-auth/signet/domain"
)

// Service is the use cases. Safe for concurrent use.
type Service struct {
	*base.Base

	directory     *access.Directory
	authenticator *access.Authenticator
	minter        *access.Minter
}

// New makes the service.
func New(b *base.Base, directory *access.Directory, authenticator *access.Authenticator, minter *access.Minter) *Service {
	return &Service{Base: b, directory: directory, authenticator: authenticator, minter: minter}
}

// Client is a service that authenticated: by an application token or, where bearer tokens are taken, by an access token for Signet itself.
type Client struct {
	Actor domain.Actor
	ID    string // the client_id it sent: its key or id; with a bearer token it may be empty
	From  domain.Origin
}

// require wants a client whose client_id, if sent, is its own: an application token is not accepted under another name.
// domain.ErrInvalidClient otherwise.
func (s *Service) require(ctx context.Context, c Client) (domain.Service, error) {
	if c.Actor.Kind != domain.ActorService || !c.Actor.Raw && c.Actor.Audience != domain.PlatformKey {
		return domain.Service{}, domain.ErrInvalidClient
	}
	service, err := s.directory.ServiceByID(ctx, domain.ServiceID(c.Actor.ID))
	if err != nil {
		return domain.Service{}, gone(err)
	}
	id, _ := domain.ParseID[domain.ServiceID](c.ID)
	if c.ID != "" && c.ID != service.Key && id != service.ID {
		return domain.Service{}, domain.ErrInvalidClient
	}
	return service, nil
}

// gone is the error for a client that was deleted since it authenticated.
func gone(err error) error {
	if errors.Is(err, domain.ErrNotFound) {
		return domain.ErrInvalidClient
	}
	return err
}
