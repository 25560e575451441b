package service

import (
	"context"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

// DeleteInput is a service to delete.
type DeleteInput struct {
	Actor   domain.Actor
	From    domain.Origin
	Service string // id or key
}

// Delete ends a service for good: it can no longer be found, its tokens and grants end, its name is free, and its key stays taken. The
// janitor purges what it owned. domain.ErrPlatformService for the platform.
func (s *Service) Delete(ctx context.Context, in DeleteInput) error {
	if err := s.directory.Require(ctx, in.Actor, domain.ServiceDelete); err != nil {
		return err
	}
	service, err := s.directory.LoadService(ctx, in.Actor, domain.DeleteServices, in.Service)
	if err != nil {
		return err
	}
	if service.IsPlatform() {
		return domain.ErrPlatformService.Saying("The platform itself can't be deleted")
	}
	now := s.System.Now()
	return s.Store.WithinTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		if err := tx.Services.LockNames(ctx); err != nil {
			return err
		}
		service, err := tx.Services.Lock(ctx, service.ID, store.Exclusive)
		if err != nil {
			return err
		}
		_, locked, err := s.directory.Enter(ctx, tx, in.Actor, domain.DeleteServices, service, now, service.ID.Principal())
		if err != nil {
			return err
		}
		account := locked[service.ID.Principal()]
		account.Delete(now)
		if err := tx.Principals.Update(ctx, account); err != nil {
			return err
		}
		if err := tx.Services.Update(ctx, service.Deleted(now)); err != nil {
			return err
		}
		tx.Changed(domain.ChangeService, string(service.ID), domain.TokensEnded)
		tx.Changed(domain.ChangePrincipal, string(service.ID), domain.TokensEnded)
		return s.Audit.Record(ctx, tx, now, s.event(domain.EventServiceDeleted, in.Actor, in.From, service))
	})
}
