package service

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/signet-auth/signet/app/base"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

// UpdateInput is what to change of a service. Nil members stay.
type UpdateInput struct {
	Actor   domain.Actor
	From    domain.Origin
	Service string // id or key
	Change  domain.ServiceChange
	IfMatch []int64 // versions that may be changed; nil: any
}

// Update changes a service. A service that is switched off is unknown as an audience within a second everywhere, and its tokens and the
// grants at it have no effect. When it is switched on again, whatever was not revoked is valid again, except earlier access tokens, which
// stay refused.
//
// domain.ErrForbidden for switching it, or letting its roles count from a lower level on, without the platform's permission, domain.ErrPreconditionFailed, domain.ErrNameTaken,
// domain.ErrPlatformService.
func (s *Service) Update(ctx context.Context, in UpdateInput) (domain.Service, error) {
	if err := s.directory.RequireEver(ctx, in.Actor, domain.WriteService); err != nil {
		return domain.Service{}, err
	}
	in.Change = normalized(in.Change)
	if err := in.Change.Check(); err != nil {
		return domain.Service{}, err
	}
	service, err := s.directory.LoadService(ctx, in.Actor, domain.WriteService, in.Service)
	if err != nil {
		return domain.Service{}, err
	}
	if right := in.Change.Right(service); right.IsPlatformOnly() {
		if err := s.directory.Require(ctx, in.Actor, right.Platform); err != nil {
			return domain.Service{}, err
		}
	}
	now := s.System.Now()
	var changed domain.Service
	err = s.Store.WithinTx(ctx, func(ctx context.Context, tx *store.Tx) (err error) {
		changed, err = s.update(ctx, tx, service.ID, in, now)
		return err
	})
	if err != nil {
		return domain.Service{}, err
	}
	return changed, nil
}

func normalized(c domain.ServiceChange) domain.ServiceChange {
	for _, text := range []**string{&c.Name, &c.Description} {
		if *text != nil {
			line := domain.Line(**text)
			*text = &line
		}
	}
	return c
}

func (s *Service) update(ctx context.Context, tx *store.Tx, id domain.ServiceID, in UpdateInput, now time.Time) (domain.Service, error) {
	if in.Change.Name != nil {
		if err := tx.Services.LockNames(ctx); err != nil {
			return domain.Service{}, err
		}
	}
	service, err := tx.Services.Lock(ctx, id, store.Exclusive)
	if err != nil {
		return domain.Service{}, err
	}
	var targets []domain.PrincipalID
	if in.Change.Active != nil {
		targets = append(targets, id.Principal())
	}
	_, locked, err := s.directory.Enter(ctx, tx, in.Actor, in.Change.Right(service), service, now, targets...)
	if err != nil {
		return domain.Service{}, err
	}
	if err := base.CheckVersion(service.Version, in.IfMatch); err != nil {
		return domain.Service{}, err
	}
	changed, differs, err := service.With(in.Change, now)
	if err != nil || !differs {
		return service, err
	}
	if changed.Name != service.Name {
		if taken, err := tx.Services.Taken(ctx, changed); err != nil || taken == "name" {
			return domain.Service{}, cmp.Or(err, nameTaken(taken, false))
		}
	}
	if err := tx.Services.Update(ctx, changed); err != nil {
		return domain.Service{}, err
	}
	if changed.State != service.State {
		if err := s.toggleAccount(ctx, tx, locked[id.Principal()], changed.IsActive(), now); err != nil {
			return domain.Service{}, err
		}
	}
	tx.Changed(domain.ChangeService, string(id), service.TokensAfter(changed))
	return changed, s.Audit.Record(ctx, tx, now, updated(s.event(domain.EventServiceUpdated, in.Actor, in.From, changed), service, changed))
}

// toggleAccount keeps the service's account from acting while the service is off, or lets it act again.
func (s *Service) toggleAccount(ctx context.Context, tx *store.Tx, account domain.Principal, on bool, now time.Time) error {
	tokens := domain.TokensStale
	if on {
		account.Enable(now)
	} else {
		account.Disable("service off", time.Time{}, now)
		tokens = domain.TokensEnded
	}
	account.PV++
	tx.Changed(domain.ChangePrincipal, string(account.ID), tokens)
	return tx.Principals.Update(ctx, account)
}

// updated says in an event what changed.
func updated(e domain.Event, from, to domain.Service) domain.Event {
	var members []string
	for name, differs := range map[string]bool{
		"name": from.Name != to.Name, "description": from.Description != to.Description, "token_typ": from.TokenType != to.TokenType,
		"min_acr": from.MinLevel != to.MinLevel,
	} {
		if differs {
			members = append(members, name)
		}
	}
	slices.Sort(members)
	e = e.WithList("changed", members)
	if from.State != to.State {
		e = e.With("is_active", strconv.FormatBool(to.IsActive()))
	}
	return e
}
