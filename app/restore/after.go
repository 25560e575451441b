package restore

import (
	"context"
	"strconv"
	"time"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

const (
	// batch is how many rows one transaction changes, so that it fits the deadline of a statement.
	batch = 500
	// parked is the reason that the outbox gives for mails that were given up.
	parked = "a backup was restored"
)

// AfterInput says what was restored.
type AfterInput struct {
	Actor      domain.Actor
	BackupTime time.Time // the time to which the database was restored
}

// AfterOutput is what was ended.
type AfterOutput struct {
	Sessions int // with their refresh tokens
	Secrets  int // links and codes of mails, codes of logins through providers
	Devices  int // remembered ones
	Messages int // waiting mails: they were delivered after the backup, or can be requested again
}

// After ends every session, voids every one-time secret, forgets every remembered device and gives up every waiting mail, since all of them may have ended before the
// restore; then the change feed begins a new epoch. An interrupted run is finished by the next one. The audit log gets one event with the
// numbers and not one for each session: there may be millions, and nobody needs to know how a restored session ended.
func (s *Service) After(ctx context.Context, in AfterInput) (out AfterOutput, err error) {
	if in.Actor.Kind != domain.ActorSystem {
		return AfterOutput{}, domain.ErrForbidden
	}
	now := s.System.Now()
	if in.BackupTime.IsZero() || in.BackupTime.After(now) {
		return AfterOutput{}, domain.ErrInvalidFields(domain.FieldError{
			Field: "backup_time", Code: "invalid", Text: "the time of the backup must be given, and can't be in the future",
		})
	}
	if out.Sessions, err = s.endSessions(ctx, now); err != nil {
		return out, err
	}
	out.Secrets, err = s.inBatches(ctx, func(ctx context.Context, tx *store.Tx) (int, error) { return tx.Restoration.VoidFlows(ctx, now, batch) })
	if err != nil {
		return out, err
	}
	out.Devices, err = s.inBatches(ctx, func(ctx context.Context, tx *store.Tx) (int, error) { return tx.Restoration.ForgetDevices(ctx, batch) })
	if err != nil {
		return out, err
	}
	out.Messages, err = s.inBatches(ctx, func(ctx context.Context, tx *store.Tx) (int, error) {
		return tx.Restoration.ParkMessages(ctx, now, parked, batch)
	})
	if err != nil {
		return out, err
	}
	restored := domain.NewEvent(domain.EventBackupRestored, in.Actor, domain.Origin{}, "", "").
		With("backup_time", in.BackupTime.UTC().Format(time.RFC3339)).With("sessions", strconv.Itoa(out.Sessions)).
		With("secrets", strconv.Itoa(out.Secrets)).With("devices", strconv.Itoa(out.Devices)).With("messages", strconv.Itoa(out.Messages))
	return out, s.Store.WithinTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		if err := tx.Restoration.BeginEpoch(ctx, "", s.System.NewID(), now); err != nil {
			return err
		}
		return s.Audit.Record(ctx, tx, now, restored)
	})
}

// endSessions ends sessions until there are none: a server that runs meanwhile begins new ones. It writes nothing to the feed, because the
// new epoch at the end makes every replica flush its caches.
func (s *Service) endSessions(ctx context.Context, now time.Time) (total int, err error) {
	for {
		var after store.OpenSession
		n, err := s.inBatches(ctx, func(ctx context.Context, tx *store.Tx) (int, error) {
			open, err := tx.Restoration.OpenSessions(ctx, after, batch)
			if err != nil || len(open) == 0 {
				return 0, err
			}
			ids := make([]domain.SessionID, len(open))
			for i, session := range open {
				ids[i] = session.ID
			}
			after = open[len(open)-1] // if this is rolled back, the next round finds them
			_, err = tx.Sessions.End(ctx, ids, domain.EndedByRestore, now)
			return len(open), err
		})
		if total += n; err != nil || n == 0 {
			return total, err
		}
	}
}

// inBatches does a step until there is nothing left.
func (s *Service) inBatches(ctx context.Context, do func(context.Context, *store.Tx) (int, error)) (total int, err error) {
	for {
		var n int
		err := s.Persist(ctx, func() error {
			return s.Store.WithinTx(ctx, func(ctx context.Context, tx *store.Tx) (err error) {
				n, err = do(ctx, tx)
				return err
			})
		})
		if err != nil || n == 0 {
			return total, err
		}
		total += n
	}
}
