package restore

import (
	"context"
	"slices"
	"time"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

// margin is how far before the time of a backup the comparison begins, because clocks differ.
const margin = time.Hour

// maxUndone bounds what is read of either database.
const maxUndone = 100_000

// telling are the events whose loss may matter: they took a right away, gave one, or changed credentials. Those of sessions and remembered
// devices are not among them, since After ends all of both.
var telling = []domain.EventType{
	domain.EventUserDisabled, domain.EventUserEnabled, domain.EventUserDeleted, domain.EventUserEmailChanged, domain.EventPasswordChanged,
	domain.EventPasswordReset, domain.EventPasswordRemoved, domain.EventFactorAdded, domain.EventFactorRemoved, domain.EventFactorsReset,
	domain.EventFactorSuspended, domain.EventFactorResumed, domain.EventCodesCreated, domain.EventCodeUsed,
	domain.EventIdentityLinked, domain.EventIdentityUnlinked, domain.EventServiceUpdated, domain.EventServiceDeleted,
	domain.EventRoleUpdated, domain.EventRoleDeleted, domain.EventPermissionDeleted, domain.EventGrantAdded, domain.EventGrantUpdated,
	domain.EventGrantRemoved, domain.EventAppTokenCreated, domain.EventAppTokenUpdated, domain.EventAppTokenRotated, domain.EventAppTokenRevoked,
	domain.EventAppTokenDeleted, domain.EventKeyRevoked,
}

// UndoneInput is the former database, and the time of the backup.
type UndoneInput struct {
	Actor      domain.Actor
	Former     *store.Reader // the database from before the restore
	BackupTime time.Time
}

// UndoneOutput is what the restore undid.
type UndoneOutput struct {
	Events []domain.Event // oldest first
	Cut    bool           // there are more, older ones
}

// Undone compares audit logs: it lists the events since the backup that only the former database has, of the types that gave or took rights
// or changed credentials.
func (s *Service) Undone(ctx context.Context, in UndoneInput) (UndoneOutput, error) {
	if in.Actor.Kind != domain.ActorSystem {
		return UndoneOutput{}, domain.ErrForbidden
	}
	since := in.BackupTime.Add(-margin)
	kept, _, err := events(ctx, s.Store.Read().Audit, since)
	if err != nil {
		return UndoneOutput{}, err
	}
	known := make(map[domain.EventID]bool, len(kept))
	for _, e := range kept {
		known[e.ID] = true
	}
	former, cut, err := events(ctx, in.Former.Audit, since)
	if err != nil {
		return UndoneOutput{}, err
	}
	lost := slices.DeleteFunc(former, func(e domain.Event) bool { return known[e.ID] || e.Outcome != domain.Succeeded })
	slices.Reverse(lost)
	return UndoneOutput{Events: lost, Cut: cut}, nil
}

func events(ctx context.Context, log store.AuditReader, since time.Time) (all []domain.Event, cut bool, err error) {
	for filter := (store.AuditFilter{Types: telling, Since: since, Limit: page}); ; {
		some, err := log.List(ctx, filter)
		all = append(all, some...)
		if err != nil || len(some) < page || len(all) >= maxUndone {
			return all, len(some) == page, err
		}
		last := some[len(some)-1]
		filter.Before = domain.Cursor{At: last.At, ID: string(last.ID)}
	}
}
