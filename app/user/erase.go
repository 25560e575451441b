package user

import (
	"context"
	"errors"
	"time"

	"github.com/signet-auth/signet/app/auth"
	"github.com/signet-auth/signet/app/outbox"
	"github.com/signet-auth/signet/app/session"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
	"github.com/signet-auth/signet/ports/sys"
)

// erasePage is how much of a person one transaction removes: somebody who has been here for years has more than one can hold.
const erasePage = 200

// Eraser removes everything that is held about a person. What stays is an id that speaks of nobody: the principal, so that it is
// never given out again, and the events of the audit log, whose traces are gone.
//
//	traces, page by page ─► sessions, some at a time ─► one transaction: the newest traces, secrets, registrations, mail, the run of
//	                                                    failures, the user; the principal becomes a tombstone
//
// Each step leaves less than it found and may be interrupted: as long as the user is there, it is done again.
type Eraser struct {
	Store   store.Store
	System  sys.System
	Ender   session.Ender
	Guard   *auth.Guard
	Postbox outbox.Postbox
	// Scrub makes the database forget on disk what was deleted, as far as it is in its hands.
	Scrub func(ctx context.Context) error
}

// Due erases up to n users whose time has come, and says how many: the janitor's task.
func (e *Eraser) Due(ctx context.Context, now time.Time, n int) (erased int, err error) {
	due, err := e.Store.Read().Erasure.Due(ctx, now, n)
	if err != nil {
		return 0, err
	}
	var errs []error // one who can't be erased must not keep the others
	for _, id := range due {
		done, err := e.Erase(ctx, id, domain.System(), domain.Origin{})
		if errs = append(errs, err); done {
			erased++
		}
	}
	return erased, errors.Join(errs...)
}

// Erase erases a user who is due, and tells whether it did: not when they were let in again, or another replica was faster.
func (e *Eraser) Erase(ctx context.Context, id domain.UserID, by domain.Actor, from domain.Origin) (bool, error) {
	user, err := e.Store.Read().Users.ByID(ctx, id)
	if errors.Is(err, domain.ErrNotFound) || err == nil && !isDue(user, e.System.Now()) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if err := e.traces(ctx, user); err != nil {
		return false, err
	}
	if err := e.sessions(ctx, user); err != nil {
		return false, err
	}
	done, err := e.rest(ctx, user, by, from)
	if err != nil || !done {
		return false, err
	}
	return true, e.Scrub(ctx)
}

func isDue(u domain.User, now time.Time) bool { return u.IsClosed() && !now.Before(u.EraseAt) }

// traces walks the events from the newest to the oldest. Those about a session, whoever ended it, are found by its login, and those
// in which somebody typed an address that the user had before by the change of it.
func (e *Eraser) traces(ctx context.Context, user domain.User) error {
	var mark store.EventMark
	for {
		events, err := e.Store.Read().Audit.About(ctx, user.ID.Principal(), mark, erasePage)
		if err != nil {
			return err
		}
		for _, event := range events {
			if event.Type != domain.EventUserEmailChanged || event.Trace.Identifier == "" {
				continue
			}
			if err := e.former(ctx, user, domain.RestoreEmail(event.Trace.Identifier, event.Trace.Identifier)); err != nil {
				return err
			}
		}
		err = e.Store.WithinTx(ctx, func(ctx context.Context, tx *store.Tx) error { return forget(ctx, tx, user, events) })
		if err != nil {
			return err
		}
		if len(events) < erasePage {
			break
		}
		mark = store.MarkOf(events[len(events)-1])
	}
	return e.repeat(ctx, func(ctx context.Context, tx *store.Tx) (int, error) {
		return tx.Erasure.IdentifierTraces(ctx, user.Email, erasePage)
	})
}

// former removes what is left of an address that the user had before, unless it is that of another account by now.
func (e *Eraser) former(ctx context.Context, user domain.User, email domain.Email) error {
	return e.repeat(ctx, func(ctx context.Context, tx *store.Tx) (int, error) {
		owner, err := tx.Users.ByEmail(ctx, email)
		if err == nil && owner.ID != user.ID {
			return 0, nil
		}
		if err != nil && !errors.Is(err, domain.ErrNotFound) {
			return 0, err
		}
		if err := tx.Erasure.Messages(ctx, e.Postbox.Subjects(email)); err != nil {
			return 0, err
		}
		return tx.Erasure.IdentifierTraces(ctx, email, erasePage)
	})
}

// forget removes the traces of events. Sessions of others are not theirs: an administrator's own is in what they did to the user.
func forget(ctx context.Context, tx *store.Tx, user domain.User, events []domain.Event) error {
	ids := make([]domain.EventID, len(events))
	var sessions []domain.SessionID
	for i, event := range events {
		ids[i] = event.ID
		if event.ActorID == user.ID.Principal() && event.SessionID != "" {
			sessions = append(sessions, event.SessionID)
		}
	}
	return tx.Erasure.Traces(ctx, ids, sessions)
}

func (e *Eraser) sessions(ctx context.Context, user domain.User) error {
	return e.repeat(ctx, func(ctx context.Context, tx *store.Tx) (int, error) {
		if _, err := e.Ender.EndAll(ctx, tx, user.ID, domain.System(), domain.Origin{}, domain.EndedByDelete); err != nil {
			return 0, err
		}
		return tx.Erasure.Sessions(ctx, user.ID, erasePage)
	})
}

// repeat does a step until there is nothing left for it.
func (e *Eraser) repeat(ctx context.Context, step func(context.Context, *store.Tx) (int, error)) error {
	for {
		var n int
		err := e.Store.WithinTx(ctx, func(ctx context.Context, tx *store.Tx) (err error) {
			n, err = step(ctx, tx)
			return err
		})
		if err != nil || n < erasePage {
			return err
		}
	}
}

// rest takes the address first and the principal then, in the order of whoever decides about both.
func (e *Eraser) rest(ctx context.Context, seen domain.User, by domain.Actor, from domain.Origin) (done bool, err error) {
	now := e.System.Now()
	err = e.Store.WithinTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		done = false
		if err := tx.Registrations.LockAddress(ctx, seen.Email); err != nil {
			return err
		}
		user, err := lock(ctx, tx, seen.ID)
		if errors.Is(err, domain.ErrNotFound) || err == nil && (!isDue(user, now) || user.Email.Canonical() != seen.Email.Canonical()) {
			return nil // somebody else was faster
		}
		if err != nil {
			return err
		}
		newest, err := tx.Audit.About(ctx, user.ID.Principal(), store.EventMark{}, erasePage)
		if err != nil {
			return err
		}
		if err := forget(ctx, tx, user, newest); err != nil {
			return err
		}
		done = true
		return e.remove(ctx, tx, user, by, from, now)
	})
	return done && err == nil, err
}

// mail removes what waits for the person's mailbox, and for one that they asked to change to.
func (e *Eraser) mail(ctx context.Context, tx *store.Tx, user domain.User, now time.Time) error {
	subjects := e.Postbox.Subjects(user.Email)
	sent, err := tx.Flows.LiveBySubject(ctx, string(user.ID), now, erasePage)
	if err != nil {
		return err
	}
	for _, flow := range sent {
		subjects = append(subjects, e.Postbox.Subjects(domain.RestoreEmail(flow.Address, flow.Address))...)
	}
	return tx.Erasure.Messages(ctx, subjects)
}

func (e *Eraser) remove(ctx context.Context, tx *store.Tx, user domain.User, by domain.Actor, from domain.Origin, now time.Time) error {
	user.Bury(now)
	for _, step := range []func() error{
		func() error { return tx.Registrations.DeleteByEmail(ctx, user.Email) },
		func() error { return e.mail(ctx, tx, user, now) },
		func() error { return tx.Erasure.Secrets(ctx, user.ID, user.Email) },
		func() error { return tx.Lockouts.Clear(ctx, e.Guard.RunKey(user.Email)) },
		func() error { return tx.Erasure.User(ctx, user.ID) },
		func() error { return tx.Principals.Update(ctx, user.Principal) },
		func() error {
			return tx.Audit.Add(ctx, event(e.System, domain.EventUserDeleted, by, from, user.ID, now))
		},
	} {
		if err := step(); err != nil {
			return err
		}
	}
	tx.Changed(domain.ChangePrincipal, string(user.ID))
	return nil
}
