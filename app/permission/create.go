package permission

import (
	"cmp"
	"context"
	"fmt"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

// CreateInput is a new permission, of a service or, without one, of the vocabulary that all services share.
type CreateInput struct {
	Actor       domain.Actor
	From        domain.Origin
	Service     string // id or key; empty: shared
	Name        string
	Description string
	ID          domain.PermissionID // the id to keep in an import; empty: a new one
}

// Create registers a permission. From then on everybody whose roles match its name holds it. A shared one needs the platform's role:write.
// domain.ErrNameTaken, domain.ErrPlatformService, domain.ErrLimitReached.
func (s *Service) Create(ctx context.Context, in CreateInput) (domain.Permission, error) {
	err := s.directory.RequireEver(ctx, in.Actor, domain.WriteRoles)
	if in.Service == "" {
		err = s.directory.Require(ctx, in.Actor, domain.RoleWrite)
	}
	if err != nil {
		return domain.Permission{}, err
	}
	now := s.System.Now()
	p, err := domain.NewPermission(cmp.Or(in.ID, domain.PermissionID(s.System.NewID())), "", in.Name, domain.Line(in.Description), now)
	if err != nil {
		return domain.Permission{}, err
	}
	if in.Service != "" {
		service, err := s.directory.LoadService(ctx, in.Actor, domain.WriteRoles, in.Service)
		if err != nil {
			return domain.Permission{}, err
		}
		if service.IsPlatform() {
			return domain.Permission{}, domain.ErrPlatformService.Saying("The permissions of the platform come with Signet")
		}
		p.ServiceID = service.ID
	}
	err = s.Store.WithinTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		service, _, err := s.begin(ctx, tx, in.Actor, domain.WriteRoles, p)
		if err != nil {
			return err
		}
		n, err := tx.Permissions.Count(ctx, p.ServiceID)
		if err != nil {
			return err
		}
		if n >= maxPermissions {
			return domain.ErrLimitReached.Saying(fmt.Sprintf("A service may have at most %d permissions, and there may be at most %d shared ones", maxPermissions, maxPermissions)).
				Noting(domain.FactLimit, maxPermissions)
		}
		if err := tx.Permissions.Insert(ctx, p); err != nil {
			return err
		}
		return s.commit(ctx, tx, service, permissionEvent(domain.EventPermissionCreated, in.Actor, in.From, p))
	})
	if err != nil {
		return domain.Permission{}, err
	}
	return p, nil
}
