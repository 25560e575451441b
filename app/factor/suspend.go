package factor

import (
	"context"
	"errors"
	"time"

	"github.com/signet-auth/signet/app/outbox"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/mailer"
	"github.com/signet-auth/signet/ports/store"
)

// copiedError refuses a signature whose counter says that the key was copied, or that it was made before another one that came first.
type copiedError struct {
	factor domain.Factor
	begun  time.Time
}

func (copiedError) Error() string { return "the counter has not grown" }
func (copiedError) Unwrap() error { return errUsed }

// useKey accepts a signature by its counter.
func useKey(ctx context.Context, tx *store.Tx, f domain.Factor, begun, now time.Time) error {
	ok, err := tx.Factors.UseCredential(ctx, f, now)
	if err != nil || ok {
		return err
	}
	stored, err := tx.Factors.ByCredential(ctx, f.Credential.ID)
	switch {
	case errors.Is(err, domain.ErrNotFound):
		return errUnfit
	case err != nil:
		return err
	case stored.UserID != f.UserID || !stored.SuspendedAt.IsZero() || stored.Credential.Accepts(f.Credential.SignCount):
		return errUnfit
	}
	return copiedError{f, begun}
}

// suspend keeps a key that seems to be copied from proving anything, ends remembered devices, which the copy may have had remembered, and
// tells its owner. If the key was used after the state of the refused
// signature began, the two signatures only came in reverse order, as from two tabs.
func (s *Service) suspend(ctx context.Context, refusal error, user domain.User, from domain.Origin, now time.Time) error {
	var copied copiedError
	if !errors.As(refusal, &copied) {
		return nil
	}
	f := copied.factor
	return s.Store.WithinTx(context.WithoutCancel(ctx), func(ctx context.Context, tx *store.Tx) error {
		principal, err := tx.Principals.Lock(ctx, user.ID.Principal())
		if err != nil {
			return err
		}
		ok, err := tx.Factors.Suspend(ctx, user.ID, f.ID, copied.begun, now)
		if err != nil || !ok {
			return err
		}
		gone, err := forgetDevices(ctx, tx, principal, now, func(domain.TrustedDevice) bool { return true })
		if err != nil {
			return err
		}
		events := []domain.Event{
			domain.UserEvent(domain.EventFactorSuspended, domain.System(), from, user.ID).With("kind", string(f.Kind)).With("factor_id", string(f.ID)),
		}
		for _, d := range gone {
			events = append(events, domain.DeviceEvent(domain.EventDeviceRemoved, domain.System(), from, d).With("reason", "suspended"))
		}
		if err := s.Audit.Record(ctx, tx, now, events...); err != nil {
			return err
		}
		mail := outbox.MailTo(user, mailer.FactorSuspended, from, mailer.Data{AskedAt: now, Factor: f.Kind})
		return s.Mail.Notice(ctx, tx, mail, now)
	})
}

// Resume lets a suspended key prove again. Its owner has to have proved another factor, or a recovery code, since it was suspended.
//
// domain.ErrReauthRequired before that; domain.ErrNoFactor when there is nothing else to prove.
func (s *Service) Resume(ctx context.Context, actor domain.Actor, from domain.Origin, id domain.FactorID) (domain.Factor, error) {
	me, err := s.self(ctx, actor, from)
	if err != nil {
		return domain.Factor{}, err
	}
	have, err := s.Of(ctx, me.user.ID)
	if err != nil {
		return domain.Factor{}, err
	}
	f, ok := byID(have.Factors, id)
	if !ok || f.SuspendedAt.IsZero() {
		return domain.Factor{}, domain.ErrNotFound
	}
	if len(have.Ways) == 0 {
		return domain.Factor{}, domain.ErrNoFactor
	}
	if err := s.reauth.RequireRecentBy(ctx, me.user, actor, me.now); err != nil {
		return domain.Factor{}, err
	}
	// A copy may have begun this session before. The token's time has no fraction of a second, the session's has.
	if actor.AuthTime.Before(f.SuspendedAt.Truncate(time.Second)) || !me.session.AuthTime.After(f.SuspendedAt) {
		return domain.Factor{}, domain.ErrReauthRequired.Demanding(domain.Demand{Level: domain.AAL2, MaxAge: me.now.Sub(f.SuspendedAt), Ways: have.Ways})
	}
	err = s.Store.WithinTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		if _, err := me.lock(ctx, tx); err != nil {
			return err
		}
		if err := tx.Factors.Resume(ctx, me.user.ID, id); err != nil {
			return err
		}
		return s.Audit.Record(ctx, tx, me.now, me.event(domain.EventFactorResumed).With("kind", string(f.Kind)).With("factor_id", string(id)))
	})
	f.SuspendedAt, f.Credential.SignCount = time.Time{}, 0
	return f, err
}
