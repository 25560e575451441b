// Package permission keeps the names of what may be done at services, and the vocabulary that all services share.
//
// A name must be registered to count: a wildcard in a role grants registered permissions, including later ones, and nothing else.
package permission

import (
	"context"

	"github.com/signet-auth/signet/app/access"
	"github.com/signet-auth/signet/app/base"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

// maxPermissions is how many permissions a service may have, and how many may be shared.
const maxPermissions = 1000

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

// load finds a permission by its id, for an actor with a right over the objects of its service; the shared ones are the platform's.
func (s *Service) load(ctx context.Context, a domain.Actor, right domain.Right, ref string) (domain.Permission, error) {
	id, ok := domain.ParseID[domain.PermissionID](ref)
	if !ok {
		return domain.Permission{}, domain.ErrNotFound
	}
	p, err := s.Store.Read().Permissions.ByID(ctx, id)
	if err != nil {
		return domain.Permission{}, err
	}
	_, err = s.directory.LoadService(ctx, a, right, string(home(p)))
	return p, err
}

// home is the service whose rights protect a permission.
func home(p domain.Permission) domain.ServiceID {
	if p.ServiceID == "" {
		return domain.PlatformID
	}
	return p.ServiceID
}

// begin locks what a change of a permission changes: its service, or the platform and all names for a shared one.
func (s *Service) begin(ctx context.Context, tx *store.Tx, a domain.Actor, right domain.Right, p domain.Permission) (domain.Service, access.Standing, error) {
	if p.ServiceID == "" {
		if err := tx.Services.LockNames(ctx); err != nil {
			return domain.Service{}, access.Standing{}, err
		}
	}
	service, err := tx.Services.Lock(ctx, home(p), store.Exclusive)
	if err != nil {
		return domain.Service{}, access.Standing{}, err
	}
	standing, _, err := s.directory.Enter(ctx, tx, a, right, service, s.System.Now())
	if err != nil {
		return domain.Service{}, access.Standing{}, err
	}
	return service, standing, nil
}

// commit counts the change, tells all replicas, and writes the event.
func (s *Service) commit(ctx context.Context, tx *store.Tx, service domain.Service, event domain.Event) error {
	service.PV++
	if err := tx.Services.Update(ctx, service); err != nil {
		return err
	}
	tx.Changed(domain.ChangeService, string(service.ID), domain.TokensStale)
	return s.Audit.Record(ctx, tx, s.System.Now(), event)
}

func permissionEvent(kind domain.EventType, by domain.Actor, from domain.Origin, p domain.Permission) domain.Event {
	return domain.NewEvent(kind, by, from, "permission", string(p.ID)).In(home(p)).With("name", p.Name)
}

// madeBySignet tells whether nobody may change a permission: the reserved ones, and the platform's own.
func madeBySignet(p domain.Permission) bool {
	return domain.IsReserved(p.Name) || p.ServiceID == domain.PlatformID
}
